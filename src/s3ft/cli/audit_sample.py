"""Rows for a person to label, drawn by what judges said of them, and what the labels say of the training file."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from s3ft.data import jsonl
from s3ft.evaluate.statistics import Estimate
from s3ft.types import UserError

PER_STRATUM = 50
"""Rows drawn from each stratum, or all of a smaller one."""
DRAWS = 20_000

Stratum = tuple[bool, ...]
"""Whether each of the judges accepts; the first one is the judge that would select the targets."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sample that was written, or one that was read back."""

    path: Path
    drawn: int
    labelled: int
    wrong_targets: Estimate | None = None
    """Share of wrong completions among those that the first judge accepts; None until there are labels."""
    lost: Estimate | None = None
    """Share of right completions among those that it rejects."""
    by_stratum: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Per stratum: rows in the file, rows labelled, labelled right."""


class Reservoirs:
    """Draws rows uniformly from each stratum in one pass (Vitter 1985, algorithm R); the same rows every time."""

    def __init__(self, judges: Sequence[str], size: int = PER_STRATUM) -> None:
        self.judges, self.size = list(judges), size
        self.counts: dict[Stratum, int] = {}
        self._drawn: dict[Stratum, list[dict[str, Any]]] = {}
        self._random = random.Random(0)

    def offer(self, stratum: Stratum, row: dict[str, Any]) -> None:
        seen = self.counts[stratum] = self.counts.get(stratum, 0) + 1
        drawn = self._drawn.setdefault(stratum, [])
        if len(drawn) < self.size:
            drawn.append(row)
        elif (place := self._random.randrange(seen)) < self.size:
            drawn[place] = row

    def rows(self) -> list[dict[str, Any]]:
        """What was drawn, disagreements first, each with an empty label."""
        order = sorted(self._drawn, key=lambda s: (len(set(s)) == 1, not s[0]))
        return [
            {**row, "label": None, "stratum": self.name(s), "stratum_rows": self.counts[s]}
            for s in order
            for row in self._drawn[s]
        ]

    def name(self, stratum: Stratum) -> str:
        """Such as "qa accepts, exact rejects"; two judges of one name are told apart by their place."""
        places = [f"{n} ({i})" if self.judges.count(n) > 1 else n for i, n in enumerate(self.judges, 1)]
        said = zip(places, stratum, strict=True)
        return ", ".join(f"{judge} {'accepts' if accepts else 'rejects'}" for judge, accepts in said)


def write_or_read(path: Path, sample: Reservoirs) -> Outcome:
    """Writes the sample where `path` is new, else reads its labels.

    Raises UserError where a label is no boolean, or the file was drawn from other rows or by other judges."""
    if not path.exists():
        return Outcome(path, jsonl.write_whole(path, sample.rows()), 0)
    counts = {sample.name(s): n for s, n in sample.counts.items()}
    labels: dict[str, list[bool]] = {name: [] for name in counts}
    drawn = 0
    for line, row in jsonl.numbered(path, ("label", "stratum", "stratum_rows")):
        drawn += 1
        label, stratum = row["label"], str(row["stratum"])
        if counts.get(stratum) != row["stratum_rows"]:
            raise UserError(
                f"{path}:{line}: drawn where {stratum!r} held {row['stratum_rows']} rows, now {counts.get(stratum)}; "
                "give the rows and judges it was drawn with, or another --sample to draw anew"
            )
        if label is None or label == "":
            continue
        if not isinstance(label, bool):
            raise UserError(f"{path}:{line}: field 'label' is {label!r}, expected true, false or null")
        labels[stratum].append(label)
    by_stratum = {n: (counts[n], len(labels[n]), sum(labels[n])) for n in counts}
    accepted = [by_stratum[sample.name(s)] for s in sample.counts if s[0]]
    rejected = [by_stratum[sample.name(s)] for s in sample.counts if not s[0]]
    wrong = [(rows, n, n - right) for rows, n, right in accepted]
    done = sum(len(x) for x in labels.values())
    return Outcome(path, drawn, done, share(wrong), share(rejected), by_stratum)


def share(strata: Sequence[tuple[int, int, int]]) -> Estimate | None:
    """The share of hits in a population of strata (rows, labelled, hits), with its 95 % interval.

    Each stratum's unlabelled rows are drawn from its posterior under Jeffreys' prior, Beta(1/2, 1/2), which Brown,
    Cai and DasGupta (2001) recommend for shares near 0; a stratum that is labelled whole adds no doubt. None where
    no row is labelled."""
    total, labelled = sum(s[0] for s in strata), sum(s[1] for s in strata)
    if not total or not labelled:
        return None
    draws = np.random.default_rng(0)
    hits = np.zeros(DRAWS)
    mean = 0.0
    for rows, n, found in strata:
        rate = draws.beta(found + 0.5, n - found + 0.5, DRAWS)
        hits += found + draws.binomial(max(rows - n, 0), rate)
        mean += rows * (found / n if n else 0.5)
    low, high = np.percentile(hits / total, [2.5, 97.5])
    return Estimate(mean / total, float(low), float(high))
