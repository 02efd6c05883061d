"""Fits the weights of the reading-comprehension judge to verdicts of people, and measures it on rows held out.

    python bench/fit_qa.py LABELLED.jsonl             cross-validated by question, by source and by data set
    python bench/fit_qa.py LABELLED.jsonl --write     fits on all rows and writes src/s3ft/judges/qa/weights.py

Rows {"id", "prompt", "completion", "reference": [...], "label", "source"}. A logistic regression with an L2 penalty
by Newton's method; of a row's accepted answers the one counts that the weights of the round before score highest. An
answer that a rule rejects is left out of the bar and of the measures. Intervals: bootstrap over questions."""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3ft.data import jsonl
from s3ft.judges.qa.features import NAMES, table
from s3ft.judges.qa.final import stated
from s3ft.judges.qa.judge import LOWEST, rejects
from s3ft.judges.qa.reading import Reading

ACCEPTED_WRONG = 0.045
"""The bar is the lowest at which, on rows held out, no data set has a larger share of its wrong answers accepted."""
FOLDS = 10
ROUNDS = 4
PENALTY = 1.0
RESAMPLES = 1000
BAND = 0.1
"""Share of the rows that an undecided band holds when its share of the errors is printed."""
TARGET = Path(__file__).parent.parent / "src/s3ft/judges/qa/weights.py"

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """All answers of all rows, one line each: `own` is a line's row, `broken` whether a rule rejects it."""

    values: Floats
    own: NDArray[np.int64]
    broken: Bools
    right: Bools

    def scores(self, weights: Floats) -> Floats:
        """The highest score of each row's answers that no rule rejects; LOWEST if there is none."""
        scores = np.full(len(self.right), LOWEST)
        kept = ~self.broken
        np.maximum.at(scores, self.own[kept], self.values[kept] @ weights)
        return scores


def read(rows: list[dict[str, Any]]) -> Rows:
    values, own, broken = [], [], []
    for i, row in enumerate(rows):
        reading = Reading(stated(row["completion"]), row["prompt"])
        for answer, numbers, _ in table(row["reference"], reading):
            values.append(numbers)
            own.append(i)
            broken.append(bool(rejects(reading, answer, row["reference"])))
    return Rows(np.array(values), np.array(own), np.array(broken), np.array([r["label"] for r in rows], dtype=bool))


def fit(rows: Rows, used: Bools) -> Floats:
    """Weights, shape (features,), of a logistic regression on the rows that are `used`."""
    weights = np.zeros(len(NAMES))
    weights[NAMES.index("recall")] = weights[NAMES.index("phrase")] = 1
    for _ in range(ROUNDS):
        order = np.lexsort((rows.values @ weights, rows.own))
        own = rows.own[order]
        best = order[np.append(own[1:] != own[:-1], True) & used[own]]
        weights = _newton(rows.values[best], rows.right[rows.own[best]].astype(float))
    return weights


def _newton(inputs: Floats, labels: Floats) -> Floats:
    weights, penalty = np.zeros(inputs.shape[1]), np.full(inputs.shape[1], PENALTY)
    penalty[0] = 1e-3
    for _ in range(15):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (chance - labels) + penalty * weights
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + np.diag(penalty)
        weights -= np.linalg.solve(curve, slope)
    return weights


def held_out(rows: Rows, parts: NDArray[Any]) -> Floats:
    """Scores of each part by weights that were fitted on the others."""
    scores = np.zeros(len(rows.right))
    for part in np.unique(parts):
        inside = parts == part
        scores[inside] = rows.scores(fit(rows, ~inside))[inside]
    return scores


def bar(scores: Floats, right: Bools, sets: NDArray[Any]) -> float:
    """The lowest score at which no data set accepts more than ACCEPTED_WRONG of its wrong answers."""
    bars = []
    for kind in np.unique(sets):
        wrong = np.sort(scores[(sets == kind) & ~right])[::-1]
        bars.append(wrong[int(ACCEPTED_WRONG * len(wrong))])
    return float(max(bars)) + 1e-6


def interval(values: Floats, counted: Bools, groups: NDArray[Any]) -> str:
    """The mean of the values that are counted, with a 95 % interval by bootstrap over groups."""
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, np.where(counted, values, 0.0))
    sizes = np.bincount(group, counted.astype(float))
    draws = np.random.default_rng(0).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), RESAMPLES)
    low, high = np.quantile((draws @ sums) / (draws @ sizes), (0.025, 0.975))
    return f"{sums.sum() / sizes.sum():.4f} [{low:.4f}, {high:.4f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    given = list(jsonl.read(arguments.rows, required=("id", "prompt", "completion", "reference", "label", "source")))
    rows = read(given)
    questions = np.array([r["prompt"] for r in given])
    folds = np.array([int(hashlib.sha256(q.encode()).hexdigest(), 16) % FOLDS for q in questions])
    sources, sets = np.array([r["source"] for r in given]), np.array([r["id"].rsplit("-", 2)[0] for r in given])
    by_question = held_out(rows, folds)
    threshold = bar(by_question, rows.right, sets)
    if arguments.write:
        weights = fit(rows, np.ones(len(given), dtype=bool))
        weights[0] -= threshold
        written = {name: round(float(w), 2) for name, w in zip(NAMES, weights, strict=True)}
        lines = "".join(f'    "{name}": {weight},\n' for name, weight in written.items())
        said = '"""Weights of the reading-comprehension score; written by bench/fit_qa.py."""'
        TARGET.write_text(f"{said}\n\nWEIGHTS = {{\n{lines}}}\n", encoding="utf-8")
        print(TARGET.read_text(encoding="utf-8"))
        return
    for name, scores in (
        (f"{FOLDS} folds by question", by_question),
        ("each source by the others", held_out(rows, sources)),
        ("by the other set", held_out(rows, sets)),
    ):
        accepted = scores >= threshold
        for kind in np.unique(sets):
            here = sets == kind
            agrees = interval((accepted == rows.right).astype(float), here, questions)
            wrong = interval(accepted.astype(float), here & ~rows.right, questions)
            missed = interval((~accepted).astype(float), here & rows.right, questions)
            print(f"{name:26} {kind:10} agreement {agrees}  false positives {wrong}  false negatives {missed}")
    print_curve(by_question, rows.right, sets, threshold)
    print_band(by_question - threshold, rows.right, sets)


def print_curve(scores: Floats, right: Bools, sets: NDArray[Any], threshold: float) -> None:
    for shift in (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0):
        accepted = scores >= threshold + shift
        said = [
            f"{kind} {(accepted == right)[sets == kind].mean():.3f} / {accepted[(sets == kind) & ~right].mean():.3f}"
            for kind in np.unique(sets)
        ]
        print(f"bar {shift:+5.2f}  agreement / false positives  {'  '.join(said)}")


def print_band(margins: Floats, right: Bools, sets: NDArray[Any]) -> None:
    """The scores just below and above the bar that hold BAND of the rows, and the share of the errors among them."""
    errors = (margins >= 0) != right
    best = (0.0, 0.0, 0.0)
    for low in np.arange(-3, 0.01, 0.1):
        for high in np.arange(0, 3.01, 0.1):
            inside = (margins >= low) & (margins < high)
            if inside.mean() <= BAND:
                best = max(best, (float(errors[inside].sum() / errors.sum()), float(low), float(high)))
    share, low, high = best
    inside = (margins >= low) & (margins < high)
    print(f"undecided [{low:.1f}, {high:.1f}]: {inside.mean():.3f} of the rows, {share:.3f} of the errors")
    for kind in np.unique(sets):
        here = (sets == kind) & ~inside
        wrong = (margins >= 0)[here & ~right].mean()
        print(f"  decided rows of {kind}: agreement {1 - errors[here].mean():.3f}, false positives {wrong:.3f}")


if __name__ == "__main__":
    main()
