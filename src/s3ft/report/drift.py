"""How far each recipe moved from the base, by what it says of the base's own answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from s3ft.data import jsonl, made
from s3ft.evaluate import statistics

MEASURES = ("kl", "nll", "nll_base", "same")
Items = dict[str, dict[str, dict[str, float]]]
"""Numbers of every answer, by set ("task", "general") and id."""


def of(folder: Path, arms: list[str]) -> dict[str, Any] | None:
    """Means over seeds and answers by set, with intervals; nats a token, `same` a share. None where it was not
    measured."""
    found = _read(folder, arms)
    if found is None:
        return None
    result: dict[str, Any] = {}
    for name, ids in _sets(found).items():
        values = {m: _stack(found, name, ids, m) for m in MEASURES}
        result[name] = {
            "items": len(ids),
            "kl": statistics.mean_of_numbers(values["kl"]).as_dict(),
            "nll": statistics.mean_of_numbers(values["nll"]).as_dict(),
            "nll_base": float(values["nll_base"].mean()),
            "same": statistics.mean_over_items(values["same"]).as_dict(),
        }
    return result


def difference(folder: Path, ours: list[str], theirs: list[str]) -> dict[str, Any] | None:
    """The divergence of ours minus that of theirs by set, paired by answer and seed."""
    one, other = _read(folder, ours), _read(folder, theirs)
    if one is None or other is None:
        return None
    pairs = {n: [_stack(found, n, ids, "kl") for found in (one, other)] for n, ids in _sets(one + other).items()}
    return {n: statistics.difference(*pair).as_dict() for n, pair in pairs.items()}


def _sets(found: list[Items]) -> dict[str, list[str]]:
    """The answers that all arms have read, by set."""
    names = [n for n in found[0] if all(items.get(n) for items in found)]
    shared = {n: set.intersection(*(set(items[n]) for items in found)) for n in names}
    return {n: sorted(ids) for n, ids in shared.items() if ids}


def _stack(found: list[Items], name: str, ids: list[str], measure: str) -> np.ndarray:
    return np.array([[items[name][i][measure] for i in ids] for items in found], float)


def _read(folder: Path, arms: list[str]) -> list[Items] | None:
    read: list[Items] = []
    for arm in arms:
        path = folder / "evals" / "drift" / f"{arm}.json"
        if made.read(path) is None:
            return None
        items: Items = {}
        for sample in jsonl.read(path.with_suffix(".jsonl")):
            items.setdefault(sample["set"], {})[sample["id"]] = {m: float(sample[m]) for m in MEASURES}
        read.append(items)
    return read
