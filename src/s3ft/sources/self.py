"""The base model's own answer: y' = M(x)."""

from __future__ import annotations

from s3ft.types import Example, Message, Source


def ask(example: Example, paraphrase: str) -> list[Message]:
    return example.prompt


source = Source(ask, answers_prompt=True)
