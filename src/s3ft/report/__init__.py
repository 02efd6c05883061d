"""A run directory to report.json, report.md and a picture: reads files only."""

from __future__ import annotations

from pathlib import Path

from s3ft.data import atomic
from s3ft.report import collect, table


def write(folder: Path) -> None:
    """Writes the reports and prints the table. Raises UserError if a stage before it has not run."""
    found = collect.report(folder)
    atomic.write_json(folder / "report.json", found)
    from s3ft.report import plot

    plot.write(found, folder / "report.svg")
    with atomic.whole(folder / "report.md") as file:
        file.write(table.markdown(found))
    table.show(found, folder / "report.md")
