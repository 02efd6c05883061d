"""The base model's own answer: y' = M(x)."""

from __future__ import annotations

from s3ft.types import Example, Message, Source, Task


def ask(example: Example, task: Task) -> list[Message]:
    return example.prompt


source = Source(ask)
