"""Fits the weights of the reading-comprehension judge to verdicts of people, and says how well they carry over.

    python bench/fit_qa.py LABELLED.jsonl             cross-validated by question, by source and by data set
    python bench/fit_qa.py LABELLED.jsonl --write     fits on all rows and writes src/s3ft/judges/qa/weights.py

Rows {"id", "prompt", "completion", "reference": [...], "label", "source"}. A logistic regression with an L2 penalty
by Newton's method; of a row's accepted answers the one counts that the weights of the round before score highest."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np

from s3ft.data import jsonl
from s3ft.judges.qa import say
from s3ft.judges.qa.features import NAMES, Reading, answers, features

ACCEPTED_WRONG = 0.035
"""The bar lies where this share of the wrong answers passes."""
ROUNDS = 5
PENALTY = 1.0
TARGET = Path(__file__).parent.parent / "src/s3ft/judges/qa/weights.py"


def table(row: dict) -> np.ndarray:
    """Features of one row, shape (accepted answers of which anything is there, features)."""
    reading, references = Reading(say.stated(row["completion"]), row["prompt"]), row["reference"]
    uncased = all(r == r.lower() for r in references)
    read = [a for r in references for a in answers(r) if reading.touches(a)]
    return np.array([features(a, reading, uncased)[0] for a in read]).reshape(-1, len(NAMES))


def fit(tables: list[np.ndarray], right: np.ndarray) -> np.ndarray:
    """Weights, shape (features,); the constant is such that ACCEPTED_WRONG of the wrong rows score 0 or more."""
    known = [(t, r) for t, r in zip(tables, right, strict=True) if len(t)]
    labels = np.array([r for _, r in known], dtype=float)
    weights = np.zeros(len(NAMES))
    weights[NAMES.index("recall")] = weights[NAMES.index("phrase")] = 1
    for _ in range(ROUNDS):
        weights = _newton(np.stack([t[np.argmax(t @ weights)] for t, _ in known]), labels)
    wrong = np.sort(score(tables, weights)[~right])[::-1]
    weights[0] -= wrong[int(ACCEPTED_WRONG * len(wrong))] + 1e-6
    return weights


def score(tables: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    return np.array([(t @ weights).max() if len(t) else -20.0 for t in tables])


def _newton(inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    weights, penalty = np.zeros(inputs.shape[1]), np.full(inputs.shape[1], PENALTY)
    penalty[0] = 1e-3
    for _ in range(30):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (chance - labels) + penalty * weights
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + np.diag(penalty)
        weights -= np.linalg.solve(curve, slope)
    return weights


def held_out(tables: list[np.ndarray], right: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Scores of each part by weights that were fitted on the others."""
    scores = np.zeros(len(right))
    for part in np.unique(parts):
        inside = parts == part
        weights = fit([t for t, i in zip(tables, inside, strict=True) if not i], right[~inside])
        scores[inside] = score([t for t, i in zip(tables, inside, strict=True) if i], weights)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rows = list(jsonl.read(arguments.rows, required=("id", "prompt", "completion", "reference", "label", "source")))
    tables, right = [table(r) for r in rows], np.array([r["label"] for r in rows])
    if arguments.write:
        weights = dict(zip(NAMES, (round(float(w), 2) for w in fit(tables, right)), strict=True))
        lines = "".join(f'    "{name}": {weight},\n' for name, weight in weights.items())
        said = '"""Weights of the reading-comprehension rule; written by bench/fit_qa.py."""'
        TARGET.write_text(f"{said}\n\nWEIGHTS = {{\n{lines}}}\n", encoding="utf-8")
        print(TARGET.read_text(encoding="utf-8"))
        return
    folds = np.array([hashlib.sha256(r["prompt"].encode()).digest()[0] % 5 for r in rows])
    sources, sets = np.array([r["source"] for r in rows]), np.array([r["id"].rsplit("-", 2)[0] for r in rows])
    for name, parts in (
        ("5 folds by question", folds),
        ("each source by the others", sources),
        ("by the other set", sets),
    ):
        accepted = held_out(tables, right, parts) >= 0
        for kind in np.unique(sets):
            here = sets == kind
            agreement, wrong = (accepted == right)[here].mean(), accepted[here & ~right].mean()
            by = " ".join(f"{s} {(accepted == right)[here & (sources == s)].mean():.3f}" for s in np.unique(sources))
            print(f"{name:26} {kind:10} agreement {agreement:.4f}  false positives {wrong:.4f}  | {by}")


if __name__ == "__main__":
    main()
