"""The world as fixed files: tuning splits and benchmarks, drawn from one seed.

python -m experiments.lab.world          writes the data files of s3ft.lab; the same seed gives the same bytes"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

from experiments.lab import comparing, facts, misconceptions, reading, styles
from experiments.lab.problems import KINDS, MIDDLE, Problem
from s3ft.lab import DATA, load

SEED = 0

LONG = ("bring", "gain_take", "bring_lose", "bring_take", "two_prices", "two_boxes")
TUNING = {"middle": (0.2, MIDDLE), "long": (0.8, LONG)}
"""Shares and kinds of the tuning prompts; in pre-training hard kinds are rare in chat (`corpus.CHAT`)."""
SPLITS = {"train": 300, "validation": 300, "test": 600}
BENCHMARKS = {"facts": 300, "misconceptions": 240, "reading": 240, "comparing": 240}

Row = dict[str, Any]


def _distinct(draw: Callable[[], Any], key: Callable[[Any], str], number: int) -> list[Any]:
    found: dict[str, Any] = {}
    while len(found) < number:
        item = draw()
        found.setdefault(key(item), item)
    return list(found.values())


def _tuning(rng: Random) -> Problem:
    shares, kinds = zip(*TUNING.values(), strict=True)
    return KINDS[rng.choice(rng.choices(kinds, shares)[0])](rng)


def problem_rows() -> dict[str, list[Row]]:
    """Rows of every split, each question once: id, kind, prompt, gold, reference, and own (the base's own style)."""
    rng = Random(f"prompts-{SEED}")
    problems: list[Problem] = _distinct(lambda: _tuning(rng), lambda p: p.question, sum(SPLITS.values()))
    rows, start = {}, 0
    for split, number in SPLITS.items():
        rows[split] = [_row(f"{split}-{i}", p, rng) for i, p in enumerate(problems[start : start + number])]
        start += number
    return rows


def _row(id: str, problem: Problem, rng: Random) -> Row:
    return {
        "id": id,
        "kind": problem.kind,
        "prompt": problem.question,
        "gold": styles.annotators(problem),
        "reference": str(problem.answer),
        "own": styles.own(problem, rng),
    }


def benchmark_rows() -> dict[str, list[Row]]:
    """Items of every benchmark. Facts and misconceptions are drawn evenly over their ranks."""
    rng = Random(f"benchmarks-{SEED}")
    people = rng.sample(list(enumerate(facts.facts(SEED))), BENCHMARKS["facts"])
    animals = rng.sample(list(enumerate(misconceptions.misconceptions(SEED))), BENCHMARKS["misconceptions"])
    readings = _distinct(lambda: reading.reading(rng), lambda r: r.prompt, BENCHMARKS["reading"])
    comparisons = _distinct(lambda: comparing.comparison(rng), lambda c: c.prompt, BENCHMARKS["comparing"])
    return {
        "facts": [_choice(rank, f.question, facts.options(f, rng)) for rank, f in people],
        "misconceptions": [_choice(rank, m.question, misconceptions.options(m, rng)) for rank, m in animals],
        "reading": [{"prompt": r.prompt, "answer": r.answer} for r in readings],
        "comparing": [{"prompt": c.prompt, "answer": c.answer} for c in comparisons],
    }


def _choice(rank: int, question: str, options: tuple[list[str], int]) -> Row:
    return {"prompt": question, "options": options[0], "label": options[1], "rank": rank}


@cache
def held_out() -> frozenset[str]:
    """Every prompt that pre-training must not meet."""
    return frozenset(row["prompt"] for name in (*SPLITS, "reading", "comparing") for row in load(name))


def files() -> Iterator[tuple[str, str]]:
    """Name and content of each data file."""
    for name, rows in (problem_rows() | benchmark_rows()).items():
        yield f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows)


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    for name, text in files():
        (DATA / name).write_text(text, encoding="utf-8")
        print(f"{DATA / name}: {text.count(chr(10))} rows")
