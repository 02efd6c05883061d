"""`s3ft report`: of one run, or several beside each other, and the gate of a release."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from s3ft import report
from s3ft.processes import locked
from s3ft.progress import shown
from s3ft.report import details
from s3ft.report import gate as gates
from s3ft.runs import directory, train
from s3ft.runs.directory import Run
from s3ft.types import UserError


def one(run: Run, gate: str | None, margin: float) -> int:
    """Writes and prints the report of a run. Returns the exit code: that of the gate, if a recipe is named."""
    if gate is not None and gate not in run.recipes:
        raise UserError(f"--gate: found {gate!r}, expected a recipe of {run.folder}: {', '.join(run.recipes)}")
    found = report.write(run.folder, train.outdated(run), margin)
    report.show(found, run.folder, margin)
    return gated(found, run.folder, gate, margin)


def gated(found: dict[str, Any], folder: Path, gate: str | None, margin: float) -> int:
    """The exit code for a recipe, which is printed with its reason; 0 without one. Raises UserError for a recipe that
    the report does not have."""
    if gate is None:
        return 0
    if gate not in found["recipes"]:
        missing = "; it is not measured yet" if any(m.startswith(f"{gate}-seed-") for m in found["missing"]) else ""
        raise UserError(
            f"--gate: found {gate!r}, expected a recipe of {folder}: {', '.join(found['recipes'])}{missing}"
        )
    decision = gates.decide(found, gate, margin)
    Console(highlight=False, markup=False).print(f"gate: {decision.word}: {decision.sentence}", soft_wrap=True)
    return gates.EXIT[decision.word]


def folders(runs: list[Path], gate: str | None, margin: float) -> int:
    """The reports of finished runs, and of several a table of all their recipes."""
    for folder in runs:
        if not folder.is_dir():
            raise UserError(f"{folder}: not a folder; give folders under runs/, or a config")
    if len(runs) > 1 and gate is not None:
        raise UserError(f"--gate: found {len(runs)} runs, expected one")
    if len({folder.resolve() for folder in runs}) < len(runs):
        raise UserError(f"found {', '.join(map(str, runs))}, expected each folder once")
    opened = [directory.existing(folder) for folder in runs]
    if len(runs) == 1:
        with locked(runs[0]):
            return one(opened[0], gate, margin)
    found = {}
    for run in opened:
        with locked(run.folder):
            found[run.folder] = report.write(run.folder, train.outdated(run), margin)
    beside(found, margin)
    return 0


def beside(found: dict[Path, dict[str, Any]], margin: float) -> None:
    """Prints the recipes of several runs in one table; `found`: report.json by run folder."""
    console = Console(highlight=False, markup=False)
    table = Table(box=None, pad_edge=False, title="runs beside each other", title_justify="left")
    table.add_column("", overflow="fold")
    for heading in ("task", "gain", "mean drop", "verdict"):
        table.add_column(heading, justify="left" if heading == "verdict" else "right", no_wrap=True)
    names = Counter(folder.name for folder in found)
    for folder, content in found.items():
        name = folder.name if names[folder.name] == 1 else str(folder)
        table.add_row(shown(name), details.score(content["base"]["target"]))
        for recipe, result in content["recipes"].items():
            change = [details.signed(result[k]) for k in ("gain", "mean_drop")]
            word = gates.decide(content, recipe, margin).word
            table.add_row(f"  {recipe}", details.score(result["target"]), *change, word)
    console.print(table)
    console.print("The first line of a run is its base; percent and points, 95 % intervals.")
    if len({(c["model"], c["task"], c["items"].get("target")) for c in found.values()}) > 1:
        console.print("These runs differ in model, task or test rows: their scores are not paired by item.")
