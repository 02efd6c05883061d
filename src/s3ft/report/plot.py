"""Pictures: what each recipe gained on the task against what it lost elsewhere, and the sweep's front."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from s3ft.data import atomic

LOSSES = {
    "drop": ("mean loss on the benchmarks, points", 100.0),
    "drift": ("divergence from the base off the task, nats a token", 1.0),
}
"""What a gain is drawn against: the axis' name and scale."""


def loss_of(found: dict[str, Any]) -> str | None:
    """What the gain is drawn against: the mean drop, without benchmarks the drift off the task; None if neither was
    measured, and then nothing is drawn."""
    results = list(found["recipes"].values())
    if all(r["mean_drop"] for r in results):
        return "drop"
    return "drift" if all((r["drift"] or {}).get("general") for r in results) else None


def has_front(found: dict[str, Any]) -> bool:
    """Whether a sweep measured score and a divergence that a logarithmic axis can show."""
    return any(p["kl"] and p["kl"]["mean"] > 0 for tried in (found["sweep"] or {}).values() for p in tried["points"])


def write(found: dict[str, Any], folder: Path) -> None:
    """report.svg and, after a sweep, front.svg: with 95 % intervals; the best corner is top left. What was not measured
    is not drawn."""
    if (loss := loss_of(found)) is not None:
        save(_trade_off(found, loss), folder / "report.svg")
    if has_front(found):
        save(_front(found), folder / "front.svg")


def _trade_off(found: dict[str, Any], loss: str) -> Any:
    """A line follows an adapter's scale from 0 to 1 if it was measured."""
    figure, axes = canvas(f"{found['task']} on {found['model']}")
    label, scale = LOSSES[loss]
    axes.axvline(0, color="0.8", linewidth=1)
    axes.plot(0, 0, "k*", markersize=10)
    axes.annotate("base", (0, 0), xytext=(5, -12), textcoords="offset points")
    for name, result in found["recipes"].items():
        lost = result["mean_drop"] if loss == "drop" else result["drift"]["general"]["kl"]
        x, y = scale * lost["mean"], 100 * result["gain"]["mean"]
        scales = result.get("scales", []) if loss == "drop" else []
        points = [(100 * p["mean_drop"]["mean"], 100 * p["gain"]["mean"]) for p in scales]
        (line,) = axes.plot(*zip((0, 0), *points, strict=True), "-", linewidth=1) if points else (None,)
        color = line.get_color() if line else None
        bars = {"xerr": _bars(lost, scale), "yerr": _bars(result["gain"], 100)}
        axes.errorbar(x, y, color=color, fmt="o", capsize=2, label=name, **bars)
        axes.annotate(name, (x, y), xytext=(5, 5), textcoords="offset points")
    axes.set_xlabel(label)
    axes.set_ylabel("gain on the task, points")
    return figure


def _front(found: dict[str, Any]) -> Any:
    """Every recipe at every setting, in the order of the learning rate; what was taken is ringed."""
    figure, axes = canvas(f"{found['task']} on {found['model']}")
    for name, tried in found["sweep"].items():
        points = sorted((p for p in tried["points"] if p["kl"]), key=lambda p: (p["lora_rank"], p["learning_rate"]))
        x, y = [p["kl"]["mean"] for p in points], [100 * p["gain"]["mean"] for p in points]
        bars = [_bars(p["gain"], 100) or [[0], [0]] for p in points]
        bounds = [[low[0] for low, _ in bars], [high[0] for _, high in bars]]
        drawn = axes.errorbar(x, y, yerr=bounds, fmt="o-", markersize=3, linewidth=1, capsize=2, label=name)
        taken = [(a, b) for a, b, p in zip(x, y, points, strict=True) if p["chosen"]]
        axes.plot(*zip(*taken, strict=True), "o", markersize=10, fillstyle="none", color=drawn[0].get_color())
        for a, b, point in zip(x, y, points, strict=True):
            axes.annotate(f"{point['learning_rate']:g}", (a, b), xytext=(4, 4), textcoords="offset points", fontsize=7)
    axes.set_xscale("log")
    axes.set_xlabel("divergence from the base on its own answers, nats a token")
    axes.set_ylabel("gain on validation rows, points")
    axes.legend(frameon=False)
    return figure


def canvas(title: str) -> tuple[Any, Any]:
    """An empty picture: figure and axes, with a line where nothing was gained."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.axhline(0, color="0.8", linewidth=1)
    axes.set_title(title)
    return figure, axes


def _bars(estimate: dict[str, Any], scale: float) -> list[list[float]] | None:
    """What matplotlib draws as an interval; None if there is none."""
    if estimate["low"] is None:
        return None
    return [[scale * (estimate["mean"] - estimate["low"])], [scale * (estimate["high"] - estimate["mean"])]]


def save(figure: Any, path: Path) -> None:
    """Writes SVG, the same bytes for the same picture."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "s3ft"}), atomic.whole(path) as file:
        figure.savefig(file, format="svg", metadata={"Date": None})
