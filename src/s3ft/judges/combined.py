"""What the judges that ask other judges have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from s3ft import judges
from s3ft.protocols import OpenModel
from s3ft.types import Completion, Example, UserError, Verdict


class Combined:
    """Judges in a fixed order, each asked only for the rows that the ones before left open."""

    def __init__(self, name: str, of: Sequence[Any], open_model: OpenModel | None = None) -> None:
        if not isinstance(of, list | tuple) or not of:
            raise UserError(f"judge {name!r}: found {of!r}, expected a list of judges, such as {name}: [math, llm]")
        self._names = [s if isinstance(s, str) else str(s.get("name") or next(iter(s), "")) for s in of]
        self.parts = [judges.load(s, open_model) for s in of]

    def open(self) -> None:
        """Finds the models that are asked. Raises UserError."""
        for part in self.parts:
            judges.open_models(part)

    def asked(
        self, examples: Sequence[Example], completions: Sequence[Completion], decided: Sequence[bool | None]
    ) -> list[list[Verdict]]:
        """The verdicts on each row up to the first one that is among `decided`, named by their judge."""
        found: list[list[Verdict]] = [[] for _ in examples]
        still_open = list(range(len(examples)))
        for name, part in zip(self._names, self.parts, strict=True):
            verdicts = (
                part([examples[i] for i in still_open], [completions[i] for i in still_open]) if still_open else []
            )
            for i, v in zip(still_open, verdicts, strict=True):
                found[i].append(replace(v, reason=f"{name}: {v.reason}" if v.reason else name))
            still_open = [i for i in still_open if found[i][-1].correct not in decided]
        return found


def joined(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(v.reason for v in verdicts)
