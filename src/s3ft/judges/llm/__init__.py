"""Model as judge: a model is given question, answer and reference, and gives one of the offered labels."""

from s3ft.judges.llm.judge import judge

__all__ = ["judge"]
