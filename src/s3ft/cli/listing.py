"""What can be named in a config."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from s3ft import plugins
from s3ft.config import SUITES
from s3ft.recipes import RECIPES, described

KINDS: tuple[plugins.Kind, ...] = ("judge", "task", "source", "backend")
BENCHMARKS = "any task of lm-evaluation-harness: mmlu, truthfulqa_mc2, hellaswag, winogrande, ifeval, ...; or a suite:"


def show() -> None:
    """Prints judges, tasks, sources, backends (each with its file's first line) and recipes; imports none of them."""
    found = {f"{kind}s": {n: plugins.first_line(kind, n) for n in plugins.names(kind)} for kind in KINDS}
    found["recipes"] = {name: described(recipe) for name, recipe in RECIPES.items()}
    table = Table.grid(padding=(0, 2))
    for kind, lines in found.items():
        table.add_row(Text(kind, style="bold"))
        for name, line in lines.items():
            table.add_row(Text(f"  {name}"), Text(line))
    table.add_row(Text("benchmarks", style="bold"), Text(BENCHMARKS))
    for name, names in SUITES.items():
        table.add_row(Text(f"  {name}"), Text(", ".join(names)))
    Console().print(table)
