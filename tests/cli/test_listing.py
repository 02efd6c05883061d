"""`s3ft list`: everything that can be named, readable in a terminal of any width, and nothing imported for it."""

import subprocess
import sys

import pytest

from s3ft import plugins
from s3ft.recipes import RECIPES, described

SCRIPT = """
import sys
from s3ft.cli import listing
listing.show()
print("imported", *[m for m in sys.modules if m.split(".")[0] in ("torch", "transformers", "datasets", "math_verify")])
"""


def listed(columns: int) -> tuple[dict[str, dict[str, str]], str]:
    """What each heading lists, by name, and what was imported for it."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env={"COLUMNS": str(columns)}, check=True
    )
    *lines, imported = done.stdout.rstrip("\n").split("\n")
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        if not line.startswith(" "):
            heading, name = line.split()[0], ""
            found[heading] = {}
            continue
        name = line[2:].split(" ")[0] or name
        text = line[2:].removeprefix(name).strip()
        found[heading][name] = " ".join([found[heading].get(name, ""), text]).strip()
    return found, imported


@pytest.mark.parametrize("columns", [200, 80])
def test_everything_that_can_be_named_is_listed_with_its_whole_first_line(columns: int) -> None:
    found, imported = listed(columns)
    assert imported == "imported"
    kinds: list[plugins.Kind] = ["judge", "task", "source", "backend"]
    for kind in kinds:
        assert found[f"{kind}s"] == {n: plugins.first_line(kind, n) for n in plugins.names(kind)}
        assert all(len(line.split()) > 3 for line in found[f"{kind}s"].values())
    assert found["recipes"] == {name: described(recipe) for name, recipe in RECIPES.items()}
    assert found["recipes"]["rft"] == "self (8 samples, distinct)"
