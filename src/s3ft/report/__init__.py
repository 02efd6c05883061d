"""A run directory to report.json, report.md, report.html, pictures and what model cards say: reads files only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from s3ft.data import atomic
from s3ft.report import cards, collect, gate, html, plot, table


def write(folder: Path, outdated: Sequence[str] = (), margin: float = gate.MARGIN) -> dict[str, Any]:
    """Writes the reports and returns the content of report.json.

    `outdated`: arms in evals/ that were trained on other targets than records/ now has; they count as not measured.
    `margin`: the mean drop that is put up with, as a fraction. Raises UserError if a stage before it has not run."""
    found = collect.report(folder, outdated)
    atomic.write_json(folder / "report.json", found)
    plot.write(found, folder)
    with atomic.whole(folder / "report.md") as file:
        file.write(table.markdown(found, margin))
    html.write(found, folder, margin)
    cards.write(found, folder, margin)
    return found


def show(found: dict[str, Any], folder: Path, margin: float = gate.MARGIN) -> None:
    """Prints what `write` returned."""
    table.show(found, folder, margin)
