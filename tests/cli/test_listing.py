import subprocess
import sys

from s3ft import plugins
from s3ft.recipes import RECIPES

SCRIPT = """
import sys
from s3ft import listing
listing.show()
print("imported", *[m for m in sys.modules if m.split(".")[0] in ("torch", "transformers", "datasets", "math_verify")])
"""


def test_everything_that_can_be_named_is_listed_with_its_first_line_and_nothing_heavy_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env={"COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    *lines, imported = done.stdout.rstrip("\n").split("\n")
    assert imported == "imported"
    listed = {tuple(line.split()[:2]): line for line in lines}
    for kind in ("judge", "task", "source", "backend"):
        for name in plugins.names(kind):  # type: ignore[arg-type]
            assert len(listed[kind, name].split()) > 4, f"{kind} {name} says nothing of itself"
    for name, recipe in RECIPES.items():
        assert " > ".join(recipe.ladder) in listed["recipe", name]
    assert "8 samples" in listed["recipe", "rft"]
