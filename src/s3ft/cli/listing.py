"""What can be named in a config."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.table import Table

from s3ft import plugins
from s3ft.recipes import RECIPES


def show() -> None:
    """Prints judges, tasks, sources, backends (each with its file's first line) and recipes; imports none of them."""
    table = Table(box=None, pad_edge=False)
    for column in ("kind", "name", "what"):
        table.add_column(column)
    kinds: tuple[plugins.Kind, ...] = ("judge", "task", "source", "backend")
    for kind in kinds:
        for name in plugins.names(kind):
            table.add_row(kind, name, _first_line(f"s3ft.{kind}s.{name}"))
    for name, recipe in RECIPES.items():
        samples = f", {recipe.num_samples} samples" if recipe.num_samples > 1 else ""
        table.add_row("recipe", name, " > ".join(recipe.ladder) + samples)
    table.add_row(
        "benchmark", "any task of lm-evaluation-harness", "mmlu, truthfulqa_mc2, hellaswag, winogrande, ifeval"
    )
    Console().print(table)


def _first_line(module: str) -> str:
    spec = find_spec(module)
    source = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
