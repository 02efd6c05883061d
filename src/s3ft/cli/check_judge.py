"""Does the judge reject what is wrong? It is given golds of other rows, before it selects any target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from s3ft.evaluate.statistics import difference_of_shares, wilson
from s3ft.protocols import Judge
from s3ft.types import Completion, Example, Verdict

ROWS = 32
"""Rows whose golds are exchanged."""
MOST_ACCEPTED = 0.2
"""A judge that accepts a larger share of them is at fault; some golds are right for two questions by chance."""
ENOUGH = 8
"""Rows from which on a judge that accepts right and wrong golds alike is at fault."""


@dataclass(frozen=True, slots=True)
class GoldCheck:
    """What a judge said of the golds of some rows, and of golds of other rows in their place."""

    right: Counter[bool | None] = field(default_factory=Counter)
    wrong: Counter[bool | None] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)
    """Each accepted wrong one, as "row: gold (reason)"."""
    why_undecided: str = ""
    """The judge's reason on the first wrong one on which it was undecided."""

    def described(self) -> str:
        if not self.wrong.total():
            return "not checked: no two rows have different golds and references"
        undecided = f", {self.wrong[None]} undecided, such as: {self.why_undecided}" if self.wrong[None] else ""
        return f"{self.wrong[True]} of {self.wrong.total()}{undecided}"

    def fault(self, judge: str) -> str:
        """The line that names a judge which accepts more than one and a fifth of the wrong golds, or no more
        of the right ones, as far as these rows tell; empty for any other."""
        rows, wrong = self.wrong.total(), self.wrong[True]
        advice = "choose another judge or other options (s3ft judge audits one on labelled rows)"
        if wrong > max(1, MOST_ACCEPTED * rows):
            some = "; ".join(self.accepted[:2])
            return (
                f"judge {judge}: accepts {wrong} of {rows} golds of other rows, such as {some}; "
                f"expected at most {MOST_ACCEPTED:.0%}, since wrong answers that it accepts become targets; {advice}"
            )
        told = difference_of_shares(wilson(self.right[True], rows), wilson(wrong, rows)) if rows else None
        if told is not None and rows >= ENOUGH and told.low <= 0:
            return (
                f"judge {judge}: accepts {self.right[True]} of {rows} golds and {wrong} of {rows} golds of other rows, "
                f"so that it does not tell right from wrong; {advice}, or correct the references"
            )
        return ""


def check(judge: Judge, examples: Sequence[Example], verdicts: Sequence[Verdict]) -> GoldCheck:
    """Judges, on each of the first rows, the gold of the next row that has another gold and another reference.

    `verdicts` are those on the rows' own golds."""
    rows = examples[:ROWS]
    pairs = [(place, other) for place in range(len(rows)) if (other := _other(rows, place))]
    if not pairs:
        return GoldCheck()
    said = judge([rows[place] for place, _ in pairs], [Completion(other.gold) for _, other in pairs])
    accepted = [
        f"{rows[place].id}: {_short(other.gold)!r} ({verdict.reason or 'equal'})"
        for (place, other), verdict in zip(pairs, said, strict=True)
        if verdict.correct is True
    ]
    right, wrong = (Counter(v.correct for v in given) for given in ((verdicts[place] for place, _ in pairs), said))
    return GoldCheck(right, wrong, accepted, next((v.reason for v in said if v.correct is None), ""))


def _other(rows: Sequence[Example], place: int) -> Example | None:
    own = rows[place]
    for step in range(1, len(rows)):
        other = rows[(place + step) % len(rows)]
        if _key(other.gold) != _key(own.gold) and not _answers(own.reference) & _answers(other.reference):
            return other
    return None


def _answers(reference: Any) -> set[str]:
    """What each of several accepted answers comes to; two rows that share one are not told apart."""
    return {_key(r) for r in reference} if isinstance(reference, list) else {_key(reference)}


def _key(value: Any) -> str:
    return " ".join(str(value).casefold().split())


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
