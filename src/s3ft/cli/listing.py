"""What can be named in a config."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from s3ft import plugins
from s3ft.recipes import RECIPES, described


def show() -> None:
    """Prints judges, tasks, sources, backends (each with its file's first line) and recipes; imports none of them."""
    table = Table(box=None, pad_edge=False)
    for column in ("kind", "name", "what"):
        table.add_column(column)
    kinds: tuple[plugins.Kind, ...] = ("judge", "task", "source", "backend")
    for kind in kinds:
        for name in plugins.names(kind):
            table.add_row(kind, name, escape(plugins.first_line(kind, name)))
    for name, recipe in RECIPES.items():
        table.add_row("recipe", name, described(recipe))
    table.add_row(
        "benchmark", "any task of lm-evaluation-harness", "mmlu, truthfulqa_mc2, hellaswag, winogrande, ifeval"
    )
    Console().print(table)
