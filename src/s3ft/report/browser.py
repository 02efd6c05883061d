"""Single rows for a reader of report.html: what turned, what was rejected, and a sample of the rest."""

from __future__ import annotations

import difflib
import hashlib
import heapq
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from s3ft.data import jsonl, records, splits
from s3ft.types import Candidate, Example, Record

ROWS = 2000
"""Rows that are shown, of all kinds together."""
LONGEST = 3000
"""Characters that are shown of a text."""

Row = dict[str, Any]


def rows(folder: Path, found: dict[str, Any]) -> list[Row]:
    """At most `ROWS` rows of a run, answers that were lost first: test rows that turned (of every recipe, its first
    seed), then training rows whose own answers were all rejected, then others. Which ones are left out of many depends
    on their ids alone."""
    flips = [row for recipe in found["recipes"] for row in _flips(folder, recipe, found["seeds"][0])]
    flips = _some(flips, ROWS // 2)
    left = ROWS - len(flips)
    rejected = list(_trained(folder, found, True, left // 2))
    sample = list(_trained(folder, found, False, left - len(rejected)))
    order = {"lost": 0, "won": 1, "rejected": 2, "sample": 3}
    return sorted([*flips, *rejected, *sample], key=lambda row: (order[row["kind"]], row["recipe"], row["id"]))


def _some(found: Iterable[Row], most: int) -> list[Row]:
    """At most so many rows; of more, those with the smallest place. One pass, bounded memory."""
    return heapq.nsmallest(most, found, key=lambda row: _place(row["recipe"], row["id"]))


def _place(recipe: str, id: str) -> str:
    return hashlib.sha256(f"{recipe}\0{id}".encode()).hexdigest()


def _flips(folder: Path, recipe: str, seed: int) -> Iterator[Row]:
    """Test rows that turned right or wrong."""
    files = [folder / "evals" / f"{arm}.samples.jsonl" for arm in ("base", f"{recipe}-seed-{seed}")]
    base, tuned = ({s["id"]: s for s in jsonl.read(f) if s["set"] == "target"} for f in files)
    turned = {i: tuned[i]["score"] - base[i]["score"] for i in base if tuned[i]["score"] != base[i]["score"]}
    for example in splits.read(folder / "data", "test"):
        if example.id in turned:
            answers = [_answer("base", base[example.id]), _answer(recipe, tuned[example.id])]
            kind = "won" if turned[example.id] > 0 else "lost"
            yield {"kind": kind, "recipe": recipe, "source": "test", **_shown(example), "answers": answers}


def _answer(name: str, sample: Row) -> Row:
    said = f"{sample.get('outcome') or ''}; read: {sample['answer']!r}" + (
        f" ({sample['reason']})" * bool(sample["reason"])
    )
    return {"name": name, "text": _cut(sample["completion"]), "verdict": _WORDS[sample["correct"]], "said": said}


def _trained(folder: Path, found: dict[str, Any], is_rejected: bool, most: int) -> Iterator[Row]:
    """At most so many training rows, rejected or others, under the recipe with most sources, which shows what the
    others saw too."""
    compositions = {recipe: result["composition"] for recipe, result in found["recipes"].items()}
    recipe = max(reversed(list(compositions)), key=lambda r: len(compositions[r]))
    every = records.read(folder / "records" / f"{recipe}.jsonl")
    wanted = (record for record in every if _is_rejected(record) == is_rejected)
    for record in heapq.nsmallest(most, wanted, key=lambda r: _place(recipe, r.example.id)):
        yield _record(recipe, record)


def _is_rejected(record: Record) -> bool:
    """Whether the model was asked, and nothing that it wrote was accepted."""
    asked = [c for c in record.candidates if c.is_generated]
    return bool(asked) and not any(c.accepted for c in asked)


def _record(recipe: str, record: Record) -> Row:
    taken = {record.candidates[k].source for k in record.targets}
    return {
        "kind": "rejected" if _is_rejected(record) else "sample",
        "recipe": recipe,
        "source": ", ".join(sorted(taken)) or "dropped",
        **_shown(record.example),
        "answers": [_candidate(c, record, k) for k, c in enumerate(record.candidates) if c.is_generated],
    }


def _candidate(candidate: Candidate, record: Record, place: int) -> Row:
    verdict = candidate.verdict
    said = candidate.filtered or ("" if verdict is None else f"read: {verdict.answer!r}" if verdict.answer else "")
    if verdict is not None and verdict.reason:
        said += f" ({verdict.reason})"
    if candidate.logprob is not None and candidate.num_scored:
        said += f"; {-candidate.logprob / candidate.num_scored:.2f} nats a token"
    text = _cut(candidate.completion.raw or candidate.completion.text)
    made = {
        "name": candidate.source + (" -> target" if place in record.targets else ""),
        "text": text,
        "verdict": "filtered" if candidate.filtered else _WORDS[verdict.correct if verdict else None],
        "said": said,
    }
    return {**made, "changes": changes(_cut(record.example.gold), text)} if not candidate.answers_prompt else made


_WORDS = {True: "right", False: "wrong", None: "undecided"}


def changes(gold: str, text: str) -> list[tuple[str, str]]:
    """A text by words as (kind, part): "=" stands in the gold too, "+" does not, "-" is of the gold alone."""
    old, new = (re.findall(r"\s+|\w+|[^\w\s]", t) for t in (gold, text))
    found: list[tuple[str, str]] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(("=", "".join(new[c:d])))
        else:
            found += [(mark, "".join(part)) for mark, part in (("-", old[a:b]), ("+", new[c:d])) if part]
    return found


def _shown(example: Example) -> Row:
    prompt = "\n\n".join(f"{m['role']}: {m['content']}" for m in example.prompt)
    return {
        "id": example.id,
        "prompt": _cut(prompt),
        "gold": _cut(example.gold),
        "reference": _cut(str(example.reference)),
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... ({len(text) - LONGEST:,} characters more)"
