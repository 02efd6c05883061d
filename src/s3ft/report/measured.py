"""What evaluate measured, read back: one arm's scores by set of items, in one order for all arms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from s3ft.data import jsonl, made
from s3ft.types import UserError

Order = dict[str, list[str]]
"""The ids of every set of items, sorted."""


@dataclass(frozen=True)
class Scores:
    """One set of items as one arm answered it."""

    values: np.ndarray
    """Scores between 0 and 1, shape (items,)."""
    strata: np.ndarray | None
    """The items' strata, shape (items,); None where they are of one kind."""
    outcomes: list[str] | None
    """What became of every answer (evaluate.target.OUTCOMES); None of a benchmark."""


Arm = dict[str, Scores]
Item = tuple[float, str, str | None]
"""Score, stratum and outcome."""


def base(folder: Path) -> tuple[Arm, Order]:
    """The base's scores, and the order that every other arm is read in. Raises UserError if it was not measured."""
    found = _samples(folder, "base")
    order = {name: sorted(items) for name, items in found.items()}
    return _in_order(found, order), order


def is_there(folder: Path, name: str) -> bool:
    """Whether evaluate has written an arm's facts, in whatever state they are."""
    return (folder / "evals" / f"{name}.json").is_file()


def arm(folder: Path, name: str, order: Order) -> Arm:
    """An arm's scores, paired with the base's by id. Raises UserError for other items than the base's."""
    found = _samples(folder, name)
    if {n: sorted(items) for n, items in found.items()} != order:
        raise UserError(
            f"{folder}: {name} was measured on other items than the base; delete evals/ and run s3ft evaluate again"
        )
    return _in_order(found, order)


def stack(arms: list[Arm], name: str) -> np.ndarray:
    """Scores of a set, shape (arms, items)."""
    return np.stack([arm[name].values for arm in arms])


def _in_order(found: dict[str, dict[str, Item]], order: Order) -> Arm:
    return {name: _scores([found[name][i] for i in ids]) for name, ids in order.items()}


def _scores(items: list[Item]) -> Scores:
    values, strata, outcomes = zip(*items, strict=True)
    labels = np.array(strata) if len(set(strata)) > 1 else None
    known = [o for o in outcomes if o is not None]
    return Scores(np.array(values, float), labels, known if len(known) == len(outcomes) else None)


def _samples(folder: Path, arm: str) -> dict[str, dict[str, Item]]:
    """(score, stratum, outcome) of every item, by set and id."""
    path = folder / "evals" / f"{arm}.json"
    if made.read(path) is None:
        raise UserError(
            f"{folder}: {arm} has not been measured, or its files are damaged; run s3ft evaluate first, or s3ft "
            "run for all"
        )
    found: dict[str, dict[str, Item]] = {}
    for sample in jsonl.read(path.with_suffix(".samples.jsonl")):
        # The harness's groups are sets of tasks: an item is drawn within its task, with which its id begins.
        stratum = sample.get("stratum", "") if sample["set"] == "target" else sample["id"].rpartition("/")[0]
        kept = sample["score"], stratum, sample.get("outcome")
        found.setdefault(sample["set"], {})[sample["id"]] = kept
    return found
