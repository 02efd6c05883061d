"""The verdict of the first judge that is not undecided. first: [math, llm]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from s3ft.judges.combined import Combined, joined
from s3ft.protocols import OpenModel
from s3ft.types import Completion, Example, Verdict


class judge(Combined):
    """`of` are judges by name or {name: ..., option: value}."""

    def __init__(self, of: Sequence[Any], open_model: OpenModel | None = None) -> None:
        super().__init__("first", of, open_model)

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        found = self.asked(examples, completions, decided=(True, False))
        return [v[-1] if v[-1].correct is not None else replace(v[-1], reason=joined(v)) for v in found]
