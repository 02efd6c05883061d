"""What each rule, feature and step of the reading-comprehension judge decides on labelled rows.

    python bench/ablation_qa.py DATA_DIR        the folder with judges/*.jsonl

For each part: rows whose verdict changes without it, how many of them are then wrong, and how many then correct. A
feature is switched off by a weight of zero and not fitted again."""

from __future__ import annotations

import importlib
import re
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest import mock

from rich.console import Console
from rich.table import Table

from s3ft.data import jsonl
from s3ft.judges.qa import features, final, reading, rules, say, text
from s3ft.types import Completion, Example

qa = importlib.import_module("s3ft.judges.qa.judge")
NEVER = re.compile(r"(?!)()()()()")

Switch = AbstractContextManager[Any]


def _without_feature(name: str) -> Switch:
    table = tuple(0.0 if n == name else w for n, w in zip(features.NAMES, qa._TABLE, strict=True))
    return mock.patch.object(qa, "_TABLE", table)


def _without_rule(name: str) -> Switch:
    return mock.patch.dict(rules.RULES, {name: lambda *_: False})


def switches() -> dict[str, Switch]:
    """{part: what switches it off while it is entered}."""
    return {
        **{f"feature: {name}": _without_feature(name) for name in features.NAMES[1:]},
        **{f"rule: {name}": _without_rule(name) for name in rules.RULES},
        "final: thoughts": mock.patch.multiple(final, _THOUGHTS=NEVER, _THOUGHTS_END=NEVER),
        "final: next question": mock.patch.object(final, "_NEXT", NEVER),
        "final: answer tag": mock.patch.object(final, "_TAGGED", NEVER),
        "final: answer line": mock.patch.object(final, "_ANSWER", NEVER),
        "final: explanation": mock.patch.object(final, "_EXPLAINED", NEVER),
        "final: correction": mock.patch.object(final, "_CORRECTED", NEVER),
        "say: abstains": mock.patch.object(say, "_ABSTAINS", NEVER),
        "say: yes and no beyond the words": mock.patch.object(say, "_SAYS", say._POLARITY),
        "say: no doubt, no one": mock.patch.object(say, "_NO_DENIAL", NEVER),
        "reading: amounts": mock.patch.object(reading, "amounts", return_value=frozenset()),
        "reading: initials and full names": mock.patch.object(
            reading.Reading,
            "find_all",
            lambda self, a: [self.find(w, s) for w, s in zip(a.content, a.stems, strict=True)],
        ),
        "reading: same in another form": mock.patch.object(reading.Reading, "is_same", return_value=False),
        "reading: words that lost their spaces": mock.patch.object(reading, "_GLUED", NEVER),
        "reading: titles": mock.patch.object(reading, "_TITLES", frozenset()),
        "reading: or and /": mock.patch.object(reading, "_SPLIT", NEVER),
        "reading: parentheses": mock.patch.object(reading, "_PARENTHESES", NEVER),
        "text: mojibake": mock.patch.object(text, "_MOJIBAKE", NEVER),
        "text: initials": mock.patch.object(text, "_INITIALS", NEVER),
        "text: dates of numbers": mock.patch.object(text, "_DATE", NEVER),
        "text: signs of units": mock.patch.object(text, "_SIGN", NEVER),
        "text: decades": mock.patch.object(text, "_DECADE", NEVER),
        "text: 1st, 2nd": mock.patch.object(text, "_SUFFIXED", NEVER),
        "text: lost spaces before capitals": mock.patch.object(text, "_GLUED", NEVER),
        "text: scales": mock.patch.object(text, "_SCALES", {}),
        "text: number words": mock.patch.object(text, "_NUMBERS", {}),
        "text: Roman numerals": mock.patch.multiple(text, _ROMAN={}, _AFTER_NAME={}),
        "text: abbreviations": mock.patch.object(text, "_ABBREVIATED", {}),
        "text: stems": mock.patch.object(text, "stem", lambda word: word),
        "text: near words": mock.patch.object(text, "is_near", return_value=False),
        "text: spellings by consonants": mock.patch.object(text, "sounds_alike", return_value=False),
        "text: umlauts": mock.patch.object(text, "_TWINS", ()),
    }


def verdicts(rows: list[dict[str, Any]]) -> list[bool | None]:
    for cached in (
        reading.answers,
        reading.question_stems,
        *(getattr(text, n) for n in ("stem", "is_near", "skeleton")),
    ):
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()
    examples = [Example("", [{"role": "user", "content": r["prompt"]}], "", r["reference"]) for r in rows]
    found = qa.judge()(examples, [Completion(r["completion"]) for r in rows])
    return [v.correct for v in found]


def main(data: str) -> None:
    rows = list(jsonl.read(Path(data) / "judges" / "qa_evouna.jsonl", ("label",)))
    hard = [r for r in jsonl.read(Path(data) / "judges" / "hard_cases.jsonl", ("judge",)) if r["judge"] == "qa"]
    every = rows + [r for r in hard if r["label"] is not None]
    labels = [r["label"] for r in every]
    whole = verdicts(every)
    table = Table(box=None, pad_edge=False)
    for column in ("part", "rows changed", "correct -> wrong", "wrong -> correct", "of them hard cases"):
        table.add_column(column, no_wrap=True)
    for name, off in switches().items():
        with off:
            without = verdicts(every)
        changed = [i for i, (a, b) in enumerate(zip(whole, without, strict=True)) if a is not b]
        worse = sum(whole[i] is labels[i] for i in changed)
        better = sum(without[i] is labels[i] for i in changed)
        table.add_row(name, *map(str, (len(changed), worse, better, sum(i >= len(rows) for i in changed))))
    Console(width=120).print(table)


if __name__ == "__main__":
    main(sys.argv[1])
