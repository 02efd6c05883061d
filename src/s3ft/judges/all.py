"""Right if every judge accepts, wrong if one rejects, else None. all: [qa, llm]"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from s3ft.judges.combined import Combined, joined
from s3ft.protocols import OpenModel
from s3ft.types import Completion, Example, Verdict


class judge(Combined):
    """`of` are judges by name or {name: ..., option: value}."""

    def __init__(self, of: Sequence[Any], open_model: OpenModel | None = None) -> None:
        super().__init__("all", of, open_model)

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [self._one(v) for v in self.asked(examples, completions, decided=(False,))]

    @staticmethod
    def _one(verdicts: list[Verdict]) -> Verdict:
        if verdicts[-1].correct is False:
            return verdicts[-1]
        unsure = [v for v in verdicts if v.correct is None]
        return Verdict(None if unsure else True, verdicts[0].answer, joined(unsure or verdicts))
