"""Runs the experiment of CRITERIA.md with s3ft's own commands, and writes results.json after every step.

python -m experiments.effect        goes on where it stopped; s3ft keeps what is finished in runs/effect-*"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from experiments.effect import results, rows
from s3ft.runs.opening import RUNS

HERE = Path(__file__).parent
DATA, OWN = RUNS / "effect-data", "effect-own"
RATES = (0.008, 0.004)
SELECTION = (1000, 1001)
REPORTED: tuple[tuple[tuple[str, ...], int], ...] = (
    (("sft", "s3ft"), 3),
    (("sft", "sdft", "s3ft", "s3ft+"), 3),
    (("sft", "sdft", "s3ft", "s3ft+"), 5),
)
"""Step by step: the arms, and how many seeds from 0 on."""


def _run(name: str, *fields: str) -> Path:
    config = str(HERE / "effect.yaml")
    subprocess.run([sys.executable, "-m", "s3ft", "run", config, *fields, "--name", name], check=True)
    return RUNS / name


def main() -> None:
    if not DATA.exists():
        rows.write(DATA)
    tried: dict[float, Path] = {}
    before = RUNS / OWN if (RUNS / OWN / "report.json").exists() else None
    for rate in RATES:
        fields = (f"train.learning_rate={rate}", f"seeds={list(SELECTION)}", "evaluate.split=validation")
        tried[rate] = _run(f"effect-rate-{rate:g}", *fields)
        results.write(HERE / "results.json", tried, before)
    chosen = results.chosen_rates(tried)
    for arms, number in REPORTED:
        fields = (f"train.learning_rate={json.dumps(chosen)}", f"recipes={json.dumps(arms)}")
        own = _run(OWN, *fields, f"seeds={list(range(number))}")
        results.write(HERE / "results.json", tried, own)


if __name__ == "__main__":
    main()
