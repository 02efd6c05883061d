"""The pilot on the terminal: shares with intervals, what the whole run takes, and what that means, in words."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from s3ft.backends import cache
from s3ft.build_statistics import RecipeCounts
from s3ft.cli import check_pilot
from s3ft.cli.check_pilot import Answered, Cost
from s3ft.config import RunConfig
from s3ft.evaluate.statistics import wilson
from s3ft.progress import duration, shown
from s3ft.runs import opening
from s3ft.runs.directory import Run
from s3ft.types import Example

MOSTLY_GOLD = 0.8
"""Share of gold from which S3FT is nearly SFT."""
SOLVED = 0.9
"""Share of right own answers from which there is little to learn."""
CUT = 0.1
"""Share of answers cut at max_tokens from which that is said."""


def show(config: RunConfig, examples: list[Example], rows: int, test_rows: int) -> None:
    """Runs the pilot and prints it; `rows` and `test_rows` are those of the whole run."""
    # The run's own day: a template that prints the date is part of what is asked.
    with tempfile.TemporaryDirectory(prefix="s3ft-pilot-") as folder:
        run = Run(opening.with_date(config), Path(folder) / "run")
        answered = check_pilot.answers(run, examples, test_rows)
        console = Console(highlight=False)
        console.print()
        number = f"{len(examples)} of {rows} training rows"
        console.print(f"Pilot on {number}: targets by source, percent [95 % interval]", markup=False)
        console.print(_shares(answered))
        found = check_pilot.cost(run, answered, rows)
        seeds = f"{len(config.seeds)} seed{'s' * (len(config.seeds) > 1)}"
        console.print(f"\nThe whole run, about: {rows} training rows, {len(run.recipes)} recipes, {seeds}")
        console.print(_cost(run, answered, found, (rows, test_rows)))
        if undecided := answered.undecided:
            console.print(f"\nwarning: the judge is {shown(undecided)}", markup=False)
        for sentence in verdicts(answered.counts):
            console.print(f"\n{shown(sentence)}", markup=False)


def _shares(answered: Answered) -> Table:
    longest_first = sorted(answered.counts.values(), key=lambda c: -len(c.sources))
    sources = list(dict.fromkeys(s for c in longest_first for s in [*c.sources, *c.by_source]))
    table = Table(box=None, pad_edge=False)
    table.add_column("recipe")
    for source in sources:
        table.add_column(source)
    for name, counts in answered.counts.items():
        cells = []
        for source in sources:
            share = wilson(counts.by_source[source], counts.rows)
            is_asked = source in counts.sources or counts.by_source[source]
            cells.append(f"{100 * share.mean:.0f} [{100 * share.low:.0f}, {100 * share.high:.0f}]" if is_asked else "")
        table.add_row(name, *cells)
    return table


def _cost(run: Run, answered: Answered, found: Cost, sizes: tuple[int, int]) -> Table:
    rows, test_rows = sizes
    arms = len(run.arms())
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    answers = arms * test_rows * answered.answer_tokens
    table.add_row("generated tokens", f"{answered.tokens * rows:,.0f} for the targets, {answers:,.0f} on the test rows")
    side = f", {found.parts} adapters side by side" if found.parts > 1 else ""
    known = [s for s in found.seconds.values() if s is not None]
    each = ", ".join(f"{stage} {'not known' if s is None else duration(s)}" for stage, s in found.seconds.items())
    table.add_row("time", f"{duration(sum(known))} ({each}{side})")
    each = f" in each of {found.parts} processes" if found.parts > 1 else ""
    table.add_row("memory", f"{_bytes(found.memory)}{each} of {_bytes(found.has)}, on the pilot's rows")
    free = shutil.disk_usage(_existing(opening.RUNS)).free
    kept = f"; generations in {cache.folder(run.config.cache)}"
    table.add_row("disk", f"{_bytes(found.disk)} of {_bytes(free)} free{kept}")
    table.add_row("too long to train on", f"{found.dropped} of the pilot's targets")
    if answered.items:
        table.add_row("benchmarks", f"{answered.items} items for each of {arms} models")
    return table


def verdicts(counts: dict[str, RecipeCounts]) -> Iterator[str]:
    """What the shares mean for the run, in words."""
    for name, found in counts.items():
        if len(found.sources) < 2:
            continue
        gold, own = found.by_source["gold"] / found.rows, found.by_source["self"] / found.rows
        if found.by_source["gold"] == found.rows:
            yield f"{name} took no word of the model's own for {found.rows} rows: it would be SFT, trained twice."
        elif gold >= MOSTLY_GOLD:
            yield (
                f"{name} will hardly differ from SFT: {gold:.0%} of its targets are the gold. A stronger model, a "
                "judge that accepts other forms of a right answer, or several samples of a rung may change that."
            )
        if own >= SOLVED:
            yield f"The model already solves the task: {own:.0%} of its own answers are right. There is little to gain."
        if found.by_source["dropped"] == found.rows:
            yield f"{name} has no target at all on these rows."
        for source in found.sources:
            cut = found.filtered[f"{source}: reached max_tokens"] / found.rows
            if cut >= CUT:
                yield (
                    f"{name}: {cut:.0%} of the rows had a {source} answer cut at sampling.max_tokens, which is never "
                    "accepted; raise it."
                )


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    return next(p for p in [folder, *folder.parents] if p.exists())


def _bytes(number: float) -> str:
    for unit in ("kB", "MB"):
        number /= 1000
        if number < 1000:
            return f"{number:.0f} {unit}"
    return f"{number / 1000:.1f} GB"
