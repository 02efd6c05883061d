"""The commands and the example judge of the README and of docs/ run as they stand, and what they say of commands and
fields is so."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from s3ft import config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = "\n".join([README, *(p.read_text(encoding="utf-8") for p in sorted((ROOT / "docs").glob("*.md")))])


def blocks(language):
    """The blocks of README and docs/, each once."""
    return list(dict.fromkeys(re.findall(rf"```{language}\n(.*?)```", PAGES, re.DOTALL)))


def shell(command, folder):
    """Runs a command line of a page; `s3ft` is this installation's."""
    words = shlex.split(command)
    assert words[0] == "s3ft"
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "s3ft", *words[1:]], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The examples, the quickstart with fewer rows and one seed; test_the_whole_quickstart runs it as it stands."""
    made = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", made / "examples")
    path = made / "examples" / "quickstart.yaml"
    fields = yaml.safe_load(path.read_text())
    fields |= {"limit": 24, "seeds": [0], "sampling": {"max_tokens": 48}}
    fields["train"] |= {"epochs": 1, "batch_size": 8}
    fields["evaluate"] |= {"rows": 16, "limit": 6}
    path.write_text(yaml.safe_dump(fields))
    return made


def run_quickstart(folder):
    """As `make quickstart` does, from nothing."""
    (command,) = re.findall(r"\$\(BIN\)/(s3ft run .*)", (ROOT / "Makefile").read_text())
    assert "make quickstart" in README
    assert command in README
    return shell(command, folder)


@pytest.fixture(scope="module")
def quickstart(folder, all_cores):
    return run_quickstart(folder)


@pytest.mark.whole
def test_the_whole_quickstart(tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    _is_a_report(run_quickstart(tmp_path), tmp_path)


def test_the_quickstart_leaves_a_report(quickstart, folder):
    _is_a_report(quickstart, folder)


def _is_a_report(quickstart, folder):
    assert quickstart.returncode == 0, quickstart.stderr
    assert "runs/quickstart/report.md" in quickstart.stdout
    report = json.loads((folder / "runs" / "quickstart" / "report.json").read_text())
    assert set(report["recipes"]) == {"sft", "sdft", "ssr", "s3ft"}
    for result in report["recipes"].values():
        assert len(result["target"]["per_seed"]) == len(report["seeds"])
        assert result["mean_drop"]["low"] <= result["mean_drop"]["mean"] <= result["mean_drop"]["high"]


def test_a_finished_run_ends_in_seconds(quickstart, folder):
    before = sum(os.times()[2:4])
    assert shell("s3ft run examples/quickstart.yaml", folder).returncode == 0
    assert sum(os.times()[2:4]) - before < 20  # CPU seconds of the command: nothing was generated or trained


@pytest.mark.parametrize("command", dict.fromkeys(line for block in blocks("console") for line in block.splitlines()))
def test_commands_run(command, quickstart, folder):
    done = shell(command, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout or done.stderr


def test_the_example_judge_judges(folder):
    (source,) = [b for b in blocks("python") if "def judge(" in b and "the last word" in b]
    (folder / "even.py").write_text(source)
    rows = [("4", True), ("It is 7", False), ("no number", False), ("12", False)]
    with (folder / "rows.jsonl").open("w") as file:
        for number, (text, label) in enumerate(rows):
            row = {"id": str(number), "prompt": "?", "completion": text, "reference": "an even number", "label": label}
            file.write(json.dumps(row) + "\n")
    (command,) = set(re.findall(r"^    (s3ft judge even\.py.*)$", PAGES, re.MULTILINE))
    done = shell(f"{command} --out verdicts.jsonl", folder)
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line)["correct"] for line in (folder / "verdicts.jsonl").read_text().splitlines()]
    assert verdicts == [True, False, None, True]
    assert "agreement" in done.stdout


@pytest.mark.parametrize("block", [b for b in blocks("yaml") if b.startswith("model:")])
def test_configs_are_valid(block, tmp_path):
    (tmp_path / "c.yaml").write_text(block)
    config.load(tmp_path / "c.yaml")


@pytest.mark.parametrize("example", sorted((ROOT / "examples").rglob("*.yaml")), ids=lambda p: p.name)
def test_examples_are_valid(example):
    config.load(example)


def test_links_lead_to_files():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).is_file(), f"{page.name}: {link}"


def test_every_command_is_in_the_docs():
    found = subprocess.run([sys.executable, "-m", "s3ft", "--help"], capture_output=True, text=True).stdout
    commands = re.findall(r"^│ (\w+)  ", found, re.MULTILINE)
    assert len(commands) >= 9
    assert [c for c in commands if not re.search(rf"`(s3ft )?{c}\b", PAGES)] == []
