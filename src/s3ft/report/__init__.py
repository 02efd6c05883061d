"""A run directory to report.json, report.md, report.html and pictures: reads files only."""

from __future__ import annotations

from pathlib import Path

from s3ft.data import atomic
from s3ft.report import collect, html, plot, table


def write(folder: Path) -> None:
    """Writes the reports and prints the table. Raises UserError if a stage before it has not run."""
    found = collect.report(folder)
    atomic.write_json(folder / "report.json", found)
    plot.write(found, folder)
    with atomic.whole(folder / "report.md") as file:
        file.write(table.markdown(found))
    html.write(found, folder)
    table.show(found, folder / "report.md")
