"""How often the report's 95 % intervals hold the truth: python bench/coverage.py [--write bench/coverage.json]

Simulated experiments of 300 items in six kinds, answered by a base and by adapters of several seeds. A seed moves the
task's score by a normal amount of its own (its standard deviation is given in points), and of the items that change,
seven in ten change alike in every seed. With one seed, the truth is that of the adapter at hand: seeds are not in the
interval. Beside the report's method stands the two-level percentile bootstrap, which draws seeds and items with
replacement."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np

from s3ft.evaluate import statistics

EXPERIMENTS, ITEMS, KINDS = 1000, 300, 6
ALIKE = 0.7
"""Share of items that change alike in every seed."""
WON, LOST = 0.3, 0.15
"""Shares of wrong items that turn right, and of right ones that turn wrong, for a seed in the middle."""
RIGHT = np.linspace(0.2, 0.8, KINDS)
"""Share of each kind that the base answers right."""

Experiment = tuple[np.ndarray, np.ndarray, float]
"""Base of shape (items,), adapters (seeds, items), and the true difference."""


def experiment(draws: np.random.Generator, seeds: int, points: float, kinds: np.ndarray) -> Experiment:
    """One experiment with items of these kinds; `points` is the standard deviation over seeds of the true score."""
    base = (draws.random(ITEMS) < RIGHT[kinds]).astype(float)
    # No seed leaves the probabilities between 0 and 1.
    moved = np.clip(draws.normal(0, points / 100, seeds), -LOST, LOST)[:, None]
    alike = draws.random(ITEMS) < ALIKE
    chance = np.where(alike, draws.random(ITEMS), draws.random((seeds, ITEMS)))
    tuned = np.where(base == 0, chance < WON + moved, chance >= LOST - moved).astype(float)
    truth = float(((1 - RIGHT) * WON - RIGHT * LOST).mean()) + (float(moved[0, 0]) if seeds == 1 else 0.0)
    return base, tuned, truth


def plain(base: np.ndarray, tuned: np.ndarray, kinds: np.ndarray) -> statistics.Estimate:
    return statistics.difference(tuned, base)


def stratified(base: np.ndarray, tuned: np.ndarray, kinds: np.ndarray) -> statistics.Estimate:
    return statistics.difference(tuned, base, kinds)


def percentile_bootstrap(base: np.ndarray, tuned: np.ndarray, kinds: np.ndarray) -> statistics.Estimate:
    draws, change = np.random.default_rng(0), tuned - base
    seeds, items = change.shape
    by_item = change[:, draws.integers(items, size=(400, items))].mean(-1)
    by_seed = by_item[draws.integers(seeds, size=(400, seeds)), np.arange(400)[:, None]].mean(-1)
    low, high = np.percentile(by_seed, [2.5, 97.5])
    return statistics.Estimate(float(change.mean()), float(low), float(high))


METHODS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], statistics.Estimate]] = {
    "plain": plain,
    "stratified": stratified,
    "percentile bootstrap": percentile_bootstrap,
}


def coverage(method: str, seeds: int, points: float, experiments: int = EXPERIMENTS) -> dict[str, float]:
    """The share of intervals that hold the truth, and their mean width in points."""
    draws, held, width = np.random.default_rng(seeds), 0, 0.0
    for _ in range(experiments):
        # Items are drawn within their kinds where the method takes them so.
        kinds = np.arange(ITEMS) % KINDS if method == "stratified" else draws.integers(KINDS, size=ITEMS)
        base, tuned, truth = experiment(draws, seeds, points, kinds)
        found = METHODS[method](base, tuned, kinds)
        held += found.low <= truth <= found.high
        width += 100 * (found.high - found.low) / experiments
    return {"covered": round(held / experiments, 4), "width": round(width, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="write the table as JSON")
    written = parser.parse_args().write
    rows = []
    for method, seeds, points in product(METHODS, (1, 2, 3, 5), (0.0, 2.0, 4.0, 8.0)):
        rows.append({"method": method, "seeds": seeds, "points": points, **coverage(method, seeds, points)})
        print("  ".join(f"{k} {v}" for k, v in rows[-1].items()), flush=True)
    if written:
        head = {"experiments": EXPERIMENTS, "items": ITEMS, "numpy": np.__version__}
        lines = ",\n".join("    " + json.dumps(row) for row in rows)
        written.write_text(json.dumps(head)[:-1] + ',\n  "intervals": [\n' + lines + "\n  ]\n}\n")


if __name__ == "__main__":
    main()
