"""The trade-off as a picture: what each recipe gained on the task against what it lost elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

from s3ft.data import atomic

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "s3ft"


def write(found: dict[str, Any], path: Path) -> None:
    """An SVG with 95 % intervals; the best corner is top left. A line follows an adapter's scale from 0 to 1
    if it was measured. Without benchmarks the losses are drawn as 0."""
    from matplotlib.figure import Figure

    nothing = {"mean": 0.0, "low": 0.0, "high": 0.0}
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.axhline(0, color="0.8", linewidth=1)
    axes.axvline(0, color="0.8", linewidth=1)
    axes.plot(0, 0, "k*", markersize=10)
    axes.annotate("base", (0, 0), xytext=(5, -12), textcoords="offset points")
    for name, result in found["recipes"].items():
        drop, gain = result.get("mean_drop", nothing), result["gain"]
        x, y = 100 * drop["mean"], 100 * gain["mean"]
        bars = [[[100 * (e["mean"] - e["low"])], [100 * (e["high"] - e["mean"])]] for e in (drop, gain)]
        points = [
            (100 * p.get("mean_drop", nothing)["mean"], 100 * p["gain"]["mean"]) for p in result.get("scales", [])
        ]
        (line,) = axes.plot(*zip((0, 0), *points, strict=True), "-", linewidth=1) if points else (None,)
        color = line.get_color() if line else None
        axes.errorbar(x, y, color=color, xerr=bars[0], yerr=bars[1], fmt="o", capsize=2, label=name)
        axes.annotate(name, (x, y), xytext=(5, 5), textcoords="offset points")
    axes.set_xlabel("mean loss on the benchmarks, points")
    axes.set_ylabel("gain on the task, points")
    axes.set_title(f"{found['task']} on {found['model']}")
    with atomic.whole(path) as file:
        figure.savefig(file, format="svg", metadata={"Date": None})
