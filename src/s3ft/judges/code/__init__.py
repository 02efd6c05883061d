"""Unit tests: the program in a completion is run in a sandbox, and what it gives is compared outside of it."""

from s3ft.judges.code.judge import judge

__all__ = ["judge"]
