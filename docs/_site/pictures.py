"""Draws the pictures of README and docs/recipes.md: python docs/_site/pictures.py [report.json]

ladder.svg shows S3FT; recipes.svg every recipe that ships with s3ft, from the recipes themselves; targets.svg, of a
report.json, where the targets of each recipe came from and what they cost the base in nats a token."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from s3ft.recipes import RECIPES

OUT = Path(__file__).parents[1]
COLOURS = {"self": "#2da44e", "paraphrase": "#bf8700", "gold": "#8250df", "dropped": "#8c959f"}
SAID = {
    "self": "self: the model answers the prompt",
    "paraphrase": "paraphrase: the model puts the gold in its own words",
    "gold": "gold: the data set's own answer",
}
FEW = {"first": "", "distinct": ", every distinct one", "likeliest": ", the likeliest"}


def _axes(width: float, height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    return figure, axes


def _box(axes: Any, place: tuple[float, float], size: tuple[float, float], text: str, colour: str) -> None:
    x, y = place
    style = "round,pad=0.02,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch((x, y), *size, boxstyle=style, facecolor=colour, edgecolor="none", alpha=0.16))
    axes.add_patch(FancyBboxPatch((x, y), *size, boxstyle=style, facecolor="none", edgecolor=colour, linewidth=1.4))
    axes.text(x + size[0] / 2, y + size[1] / 2, text, ha="center", va="center", fontsize=10)


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float], text: str = "") -> None:
    style = {"arrowstyle": "-|>", "color": "#57606a", "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=style)
    axes.text((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 0.1, text, fontsize=9, color="#57606a", ha="center")


def ladder() -> Figure:
    """S3FT, one rung below the other: what the judge accepts is the target."""
    figure, axes = _axes(8.2, 3.5)
    for number, source in enumerate(rung.source for rung in RECIPES["s3ft"]):
        y = 2.7 - 1.15 * number
        _box(axes, (0.15, y), (4.0, 0.6), SAID[source], COLOURS[source])
        if source == "gold":
            _arrow(axes, (4.2, y + 0.3), (6.75, y + 0.3))
        else:
            _box(axes, (4.75, y), (0.9, 0.6), "judge", "#57606a")
            _arrow(axes, (4.2, y + 0.3), (4.7, y + 0.3))
            _arrow(axes, (5.7, y + 0.3), (6.75, y + 0.3), "right")
            _arrow(axes, (5.2, y - 0.05), (2.2, y - 0.5))
            axes.text(4.45, y - 0.35, "wrong or undecided", fontsize=9, color="#57606a")
    _box(axes, (6.85, 0.4), (1.2, 2.9), "the target\nto train on", "#0969da")
    return figure


def recipes() -> Figure:
    """Every recipe as its rungs, from the model's own distribution outwards."""
    figure, axes = _axes(8.2, 0.75 * len(RECIPES) + 0.5)
    for number, (name, rungs) in enumerate(RECIPES.items()):
        y = 0.75 * (len(RECIPES) - number) - 0.45
        axes.text(0.15, y + 0.25, name, fontsize=11, fontweight="bold", va="center")
        x = 1.4
        for place, rung in enumerate(rungs):
            text = rung.source + (f"\n{rung.num_samples} samples{FEW[rung.keep]}" if rung.num_samples > 1 else "")
            width = 2.3 if rung.num_samples > 1 else 1.5
            _box(axes, (x, y), (width, 0.5), text, COLOURS[rung.source])
            x += width
            if place < len(rungs) - 1:
                _arrow(axes, (x + 0.06, y + 0.25), (x + 0.44, y + 0.25))
                x += 0.5
        if rungs[-1].source != "gold":
            axes.text(x + 0.15, y + 0.25, "else the row is left out", fontsize=9, color="#57606a", va="center")
    return figure


def targets(found: dict[str, Any]) -> Figure:
    """Where the targets came from, a bar a recipe, and the negative log likelihood of a target's token."""
    figure = Figure(figsize=(8.2, 0.5 * len(found["recipes"]) + 1.3), layout="constrained")
    axes = figure.add_subplot()
    names = list(found["recipes"])[::-1]
    left = [0.0] * len(names)
    for source, colour in COLOURS.items():
        shares = [100 * found["recipes"][n]["composition"].get(source, 0.0) for n in names]
        if any(shares):
            axes.barh(names, shares, left=left, color=colour, label=source, alpha=0.75)
            left = [a + b for a, b in zip(left, shares, strict=True)]
    for place, name in enumerate(names):
        axes.text(
            101, place, f"{found['recipes'][name]['nll_per_token_all']:.2f} nats a token", va="center", fontsize=9
        )
    axes.set_xlim(0, 122)
    axes.set_xticks(range(0, 101, 25))
    axes.set_xlabel("percent of the rows")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=4, loc="upper left", bbox_to_anchor=(0, 1.22), fontsize=9)
    return figure


def main() -> None:
    made = {"ladder": ladder(), "recipes": recipes()}
    if len(sys.argv) > 1:
        made["targets"] = targets(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    with rc_context({"svg.hashsalt": "s3ft"}):
        for name, figure in made.items():
            figure.savefig(OUT / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
