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
DATA = RUNS / "effect-data"
RATES = (0.008, 0.004)
SELECTION = (1000, 1001)
REPORTED = (0, 1, 2, 3, 4)


def _run(name: str, *fields: str) -> Path:
    config = str(HERE / "effect.yaml")
    subprocess.run([sys.executable, "-m", "s3ft", "run", config, *fields, "--name", name], check=True)
    return RUNS / name


def main() -> None:
    if not DATA.exists():
        rows.write(DATA)
    tried: dict[float, Path] = {}
    for rate in RATES:
        fields = (f"train.learning_rate={rate}", f"seeds={list(SELECTION)}", "evaluate.split=validation")
        tried[rate] = _run(f"effect-rate-{rate:g}", *fields)
        results.write(HERE / "results.json", tried, None)
    chosen = results.chosen_rates(tried)
    for number in range(1, len(REPORTED) + 1):
        own = _run("effect-own", f"train.learning_rate={json.dumps(chosen)}", f"seeds={list(REPORTED[:number])}")
        results.write(HERE / "results.json", tried, own)


if __name__ == "__main__":
    main()
