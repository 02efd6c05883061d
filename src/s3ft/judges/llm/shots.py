"""Graded answers that are shown to the judge's model before the one that it grades."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from s3ft.data import jsonl
from s3ft.judges.llm.prompt import Grading, last_user, question
from s3ft.types import Example, Message, UserError

MOST_READ = 10_000
"""Rows of the file that are looked at."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A labelled row."""

    question: str
    reference: Any
    answer: str
    label: bool


def read(path: str, number: int) -> list[Shot]:
    """Up to `number` right and `number` wrong rows {"prompt", "completion", "reference", "label"} of a file, each on a
    question of its own: twice what is shown, since those on the question that is graded are left out.

    Drawn with a fixed seed. Raises UserError if the file has not `number` / 2 of each label."""
    rows = list(islice(_rows(path), MOST_READ))
    random.Random(0).shuffle(rows)
    drawn: dict[bool, list[Shot]] = {True: [], False: []}
    seen: set[str] = set()
    for shot in rows:
        if len(drawn[shot.label]) < number and _key(shot.question) not in seen:
            drawn[shot.label].append(shot)
            seen.add(_key(shot.question))
    if min(map(len, drawn.values())) < number // 2:
        raise UserError(
            f"{path}: found {len(drawn[True])} rows labelled true and {len(drawn[False])} labelled false on questions "
            f"of their own, expected {number // 2} of each; add rows, or lower num_examples"
        )
    return drawn[True] + drawn[False]


def chosen(shots: Sequence[Shot], number: int, example: Example | None) -> list[Shot]:
    """At most `number` of the shots, as many right as wrong, in turn; none on the question of `example`."""
    own = set() if example is None else {_key(question(example)), _key(last_user(example.prompt))}
    fit = [s for s in shots if _key(s.question) not in own]
    right, wrong = [s for s in fit if s.label], [s for s in fit if not s.label]
    return [s for pair in zip(right[: number // 2], wrong, strict=False) for s in pair]


def messages(shots: Sequence[Shot], grading: Grading, labels: Mapping[str, bool]) -> Iterator[Message]:
    """Each shot as a user turn that asks and an assistant turn that gives its label."""
    for shot in shots:
        yield grading.ask(shot.question, shot.reference, shot.answer)
        yield {"role": "assistant", "content": next(x for x, correct in labels.items() if correct is shot.label)}


def _rows(path: str) -> Iterator[Shot]:
    for line, row in jsonl.numbered(Path(path).expanduser(), ("prompt", "completion", "reference", "label")):
        prompt, completion, label = row["prompt"], row["completion"], row["label"]
        if not isinstance(label, bool) or not isinstance(completion, str):
            name = "completion" if isinstance(label, bool) else "label"
            expected = "text" if isinstance(label, bool) else "true or false"
            raise UserError(f"{path}:{line}: field {name!r} is {str(row[name])[:60]!r}, expected {expected}; fix it")
        if not isinstance(prompt, str) and not (isinstance(prompt, list) and all(isinstance(m, dict) for m in prompt)):
            raise UserError(f"{path}:{line}: field 'prompt' is {str(prompt)[:60]!r}, expected text or messages; fix it")
        turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        own = {k: v for k, v in row.items() if k == "question"}
        yield Shot(question(Example("", turns, "", meta=own)), row["reference"], completion, label)


def _key(text: str) -> str:
    """Equal for questions that differ only in case, spaces and punctuation."""
    return " ".join(re.findall(r"\w+", text.casefold()))
