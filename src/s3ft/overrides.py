"""A person's word on single rows: another target than the ladder's, or none. Nothing is generated for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

from s3ft.data import jsonl
from s3ft.types import Candidate, Completion, Example, Record, UserError, Verdict

DROP = "drop"
"""The decision that leaves a row out."""
NOT_APPLIED = "not applied"
NAMED = 5
"""Decisions that are named in a message."""
Decisions = Mapping[str, str]
"""Row id -> the source of its target, or DROP."""


def read(path: str | None) -> dict[str, str]:
    """The decisions of a file of JSON lines {"id", "source"} or {"id", "drop": true}; none without a file. Raises
    UserError naming file and line."""
    found: dict[str, str] = {}
    for number, row in jsonl.numbered(Path(path), required=("id",)) if path else ():
        place, source = f"{path}:{number}", row.get("source")
        if not (row.get("drop") is True and source is None) and not (isinstance(source, str) and not row.get("drop")):
            raise UserError(f'{place}: found {row}, expected {{"id", "source"}} or {{"id", "drop": true}}')
        if str(row["id"]) in found:
            raise UserError(f"{place}: id {row['id']!r} is there twice; keep one of them")
        found[str(row["id"])] = source or DROP
    return found


def unmatched(decisions: Decisions, found: Collection[str]) -> str:
    """The decisions whose rows were not found, in words: how many, and the first; empty if there are none."""
    left = [id for id in decisions if id not in found]
    names = ", ".join(left[:NAMED]) + (" ..." if len(left) > NAMED else "")
    return f"{len(left)} of {len(decisions)} overrides match no training row: {names}" if left else ""


def decided(
    record: Record,
    decision: str,
    sources: tuple[str, ...],
    gold: Verdict,
    check: Callable[[Example, Candidate], Candidate],
) -> tuple[Record, str]:
    """The record after a decision, and what it is counted as: a source, DROP or NOT_APPLIED; empty for a recipe that
    does not have the source.

    `check` filters a candidate that cannot be trained on. What the judge or a source's filter rejected may
    be chosen; what was cut, or cannot be trained on, may not."""
    if decision == DROP:
        return replace(record, targets=[]), DROP
    if decision not in sources:
        return record, ""
    offered = list(record.candidates)
    if decision == "gold" and not any(c.source == "gold" for c in offered):
        offered.append(Candidate("gold", Completion(record.example.gold), gold, is_generated=False))
    places = [k for k, c in enumerate(offered) if c.source == decision and _is_whole(record.example, c, check)]
    if not places:
        return record, NOT_APPLIED
    best = min(places, key=lambda k: not offered[k].accepted)
    return replace(record, candidates=offered, targets=[best]), decision


def _is_whole(example: Example, candidate: Candidate, check: Callable[[Example, Candidate], Candidate]) -> bool:
    is_finished = candidate.completion.finish_reason == "stop" and bool(candidate.completion.text.strip())
    return is_finished and not check(example, replace(candidate, filtered="")).filtered
