"""What the sweep measured: every recipe at several settings, and recipes compared at equal setting and equal score."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from s3ft.data import jsonl, made
from s3ft.evaluate import statistics
from s3ft.types import UserError

Point = tuple[float | None, int | None]
"""(learning rate, rank); (None, None): the base."""
BASE: Point = (None, None)


def sweep(folder: Path, recipes: list[str]) -> dict[str, Any]:
    """Every recipe's points in the order they were tried: score and gain on validation rows and divergence from the
    base on its own answers to them, means over the sweep's seeds, each with its interval over rows; `chosen` and
    `within_one_se` as the sweep took them."""
    found: dict[str, Any] = {}
    for recipe in recipes:
        facts, rows = _read(folder, recipe)
        points = []
        for tried in facts["tried"]:
            own = rows[(tried["learning_rate"], tried["lora_rank"])]
            score, base = _paired(own, rows[BASE], "score")
            strata = _strata(own)
            points.append(
                {
                    **tried,
                    "score": statistics.mean_over_items(score, strata).as_dict(),
                    "gain": statistics.difference(score, base, strata).as_dict(),
                    "kl": None if tried["kl"] is None else statistics.mean_of_numbers(_values(own, "kl")).as_dict(),
                }
            )
        found[recipe] = {"rows": facts["rows"], "base": facts["base"], "chosen": facts["chosen"], "points": points}
    return found


def compared(folder: Path, recipes: list[str]) -> dict[str, Any]:
    """Recipes in pairs: at every setting that both were trained with, the differences of score and divergence, paired
    by row; and at equal score, the divergence that each pays for it."""
    rows = {recipe: _read(folder, recipe)[1] for recipe in recipes}
    equal_setting, equal_score = [], []
    for theirs, ours in combinations(recipes, 2):
        for point in (p for p in rows[ours] if p in rows[theirs] and p != BASE):
            one, other = rows[ours][point], rows[theirs][point]
            scores, moved = _paired(one, other, "score"), _paired(one, other, "kl")
            equal_setting.append(
                {
                    "ours": ours,
                    "theirs": theirs,
                    "learning_rate": point[0],
                    "lora_rank": point[1],
                    "score": statistics.difference(*scores, _strata(one)).as_dict(),
                    "kl": statistics.difference(*moved).as_dict() if len(moved[0]) else None,
                }
            )
        if (found := _at_equal_score(rows[ours], rows[theirs])) is not None:
            equal_score.append({"ours": ours, "theirs": theirs, **found})
    return {"equal_setting": equal_setting, "equal_score": equal_score}


def _at_equal_score(ours: dict[Point, Any], theirs: dict[Point, Any]) -> dict[str, float | None] | None:
    """The divergence that each recipe pays for the best score that both reach, between points on a straight line; no
    interval: the points were chosen by the same rows. None where divergence was not measured, or where one is nowhere
    better than the base."""
    curves = [_curve(rows) for rows in (ours, theirs)]
    if not all(curves):
        return None
    score = min(max(s for _, s in curve) for curve in curves)
    if not score > curves[0][0][1]:
        return None
    paid = [_price(curve, score) for curve in curves]
    return {"score": score, "ours_kl": paid[0], "theirs_kl": paid[1]}


def _curve(rows: dict[Point, Any]) -> list[tuple[float, float]]:
    """(divergence, score) from the base on, in the order of divergence, the best score so far only."""
    tried = [(_values(own, "kl"), _values(own, "score")) for point, own in rows.items() if point != BASE]
    measured = sorted((float(kl.mean()), float(score.mean())) for kl, score in tried if len(kl))
    best = [(0.0, float(_values(rows[BASE], "score").mean()))] if measured else []
    for kl, score in measured:
        if score > best[-1][1]:
            best.append((kl, score))
    return best


def _price(curve: list[tuple[float, float]], score: float) -> float:
    return float(np.interp(score, [s for _, s in curve], [kl for kl, _ in curve]))


def _read(folder: Path, recipe: str) -> tuple[dict[str, Any], dict[Point, dict[str, Any]]]:
    """What the sweep wrote of a recipe, and its rows by point and id."""
    path = folder / "sweep" / f"{recipe}.json"
    facts = made.read(path)
    if facts is None:
        raise UserError(f"{folder}: no sweep of {recipe!r} yet; run s3ft sweep first, or s3ft run for all")
    rows: dict[Point, dict[str, Any]] = {}
    for row in jsonl.read(path.with_suffix(".samples.jsonl")):
        rows.setdefault((row["learning_rate"], row["lora_rank"]), {})[row["id"]] = row
    return facts, rows


def _values(rows: dict[str, Any], name: str) -> np.ndarray:
    return np.array([r[name] for r in rows.values() if name in r], float)


def _paired(one: dict[str, Any], other: dict[str, Any], name: str) -> tuple[np.ndarray, np.ndarray]:
    """A measure of the rows that both have, in one order."""
    ids = [i for i in one if i in other and name in one[i] and name in other[i]]
    return np.array([one[i][name] for i in ids], float), np.array([other[i][name] for i in ids], float)


def _strata(rows: dict[str, Any]) -> np.ndarray | None:
    labels = [r.get("stratum", "") for r in rows.values()]
    return np.array(labels) if len(set(labels)) > 1 else None
