"""Writes the learning rates that a sweep chose, and the sweep itself, into a config.

python -m experiments.lab.rates runs/NAME examples/quickstart.yaml"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from s3ft.data import atomic
from s3ft.types import UserError

_BEGIN, _END = "  # sweep: validation score by learning rate\n", "  # end of sweep\n"


def write(run: Path, config: Path) -> None:
    """Replaces what stands between the two comment lines in `config` by the scores and the chosen rates."""
    found = {p.stem: atomic.read_json(p) for p in sorted((run / "sweep").glob("*.json"))}
    text = config.read_text(encoding="utf-8")
    place = re.compile(re.escape(_BEGIN) + r".*?" + re.escape(_END), re.DOTALL)
    if not found or not place.search(text):
        raise UserError(f"found no sweep in {run}, or no lines {_BEGIN.strip()!r} and {_END.strip()!r} in {config}")
    rates = sorted({p["learning_rate"] for sweep in found.values() for p in sweep["tried"]})
    lines = [_BEGIN, "  # " + " ".join(["rate".ljust(6), *(f"{r:>7g}" for r in rates)]) + "\n"]
    for recipe, sweep in found.items():
        scores = {p["learning_rate"]: p["score"] for p in sweep["tried"]}
        cells = [f"{scores[r]:7.3f}" if r in scores else " " * 7 for r in rates]
        lines.append("  # " + " ".join([recipe.ljust(6), *cells]) + "\n")
    chosen = ", ".join(f"{recipe}: {sweep['chosen']['learning_rate']:g}" for recipe, sweep in found.items())
    lines += [f"  learning_rate: {{{chosen}}}\n", _END]
    with atomic.whole(config) as file:
        file.write(place.sub(lambda _: "".join(lines), text))


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
