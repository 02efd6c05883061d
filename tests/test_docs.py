"""Every Python example of the README and of docs/ runs exactly as it is printed, on a CPU and without a network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(language, text, id=f"{page.name}-{number}")
    for page in PAGES
    for number, (language, text) in enumerate(re.findall(r"```(\w*)\n(.*?)```", page.read_text("utf-8"), re.DOTALL))
]
FILE = re.compile(r"# \S+\.(py|yaml)\n")
"""How a block begins that is a file: test_readme.py and test_extending.py write it and run what the page says of it."""
SCRIPTS = [b for b in BLOCKS if b.values[0] == "python" and not FILE.match(b.values[1])]


def test_every_block_is_of_a_kind_that_is_tested():
    assert {b.values[0] for b in BLOCKS} == {"python", "yaml", "console", "text"}
    assert len(SCRIPTS) >= 4


@pytest.mark.parametrize(("language", "script"), SCRIPTS)
def test_python_runs_as_printed(language, script, tmp_path):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
