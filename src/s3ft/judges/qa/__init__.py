"""Reading comprehension: is an accepted answer what the completion says? Long, chatty answers are normal."""

from s3ft.judges.qa.judge import judge

__all__ = ["judge"]
