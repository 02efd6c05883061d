"""Model as judge: given question, answer and reference, a model gives one of the labels."""

from s3ft.judges.llm.judge import judge

__all__ = ["judge"]
