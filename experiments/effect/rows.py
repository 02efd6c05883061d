"""The rows of the experiment, drawn afresh from the miniature's world: every kind has its share of each split exactly.

No prompt is in two splits, and none is one of the miniature's own, which earlier trials have looked at."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from experiments.lab.problems import KINDS, MIDDLE
from experiments.lab.styles import annotators, own
from experiments.lab.world import LONG, held_out
from s3ft.data import atomic

SEED = 14
SPLITS = {"test": 600, "validation": 300, "train": 1000}
MIDDLE_SHARE = 0.2
"""Of each split, as in the miniature's own rows; the others are of the hard kinds, equally."""


def shares(number: int) -> dict[str, int]:
    """How many rows of each kind a split of `number` rows has."""
    middle = round(number * MIDDLE_SHARE)
    found = {}
    for kinds, total in ((MIDDLE, middle), (LONG, number - middle)):
        found |= {kind: total // len(kinds) + (place < total % len(kinds)) for place, kind in enumerate(kinds)}
    return found


def rows() -> dict[str, list[dict[str, str]]]:
    """Rows of every split: id, kind, prompt, gold, reference, and own (the same steps in the base's own style)."""
    rng, seen = Random(f"effect-{SEED}"), set(held_out())
    found: dict[str, list[dict[str, str]]] = {}
    for split, number in SPLITS.items():
        made = []
        for kind, wanted in shares(number).items():
            while wanted:
                problem = KINDS[kind](rng)
                if problem.question not in seen:
                    seen.add(problem.question)
                    wanted -= 1
                    made.append(
                        {
                            "kind": kind,
                            "prompt": problem.question,
                            "gold": annotators(problem),
                            "reference": str(problem.answer),
                            "own": own(problem, rng),
                        }
                    )
        rng.shuffle(made)
        found[split] = [{"id": f"{split}-{n}", **row} for n, row in enumerate(made)]
    return found


def write(folder: Path) -> None:
    """SPLIT.jsonl for every split."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, found in rows().items():
        with atomic.whole(folder / f"{split}.jsonl") as file:
            file.writelines(json.dumps(row) + "\n" for row in found)
