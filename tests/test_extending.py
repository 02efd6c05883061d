"""What docs/extending.md says is run as it stands: each example is one file, and nothing else is touched."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = {name: text for text, name in re.findall(r"```\w+\n(# (\S+)\n.*?)```", PAGE, re.DOTALL)}
COMMANDS = re.findall(r"^    (s3ft .*)$", PAGE, re.MULTILINE)


def s3ft(folder, *words):
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "s3ft", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("extending")
    for name, text in FILES.items():
        (made / name).write_text(text)
    rows = [("1", "It is 4"), ("2", "It is 7"), ("3", "none")]
    lines = [{"id": i, "prompt": "?", "completion": text, "reference": "an even number"} for i, text in rows]
    (made / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return made


@pytest.fixture(scope="module")
def done(folder):
    """Every command of the page, in its order."""
    found = {}
    for command in COMMANDS:
        words = shlex.split(command)[1:]
        extra = ["--out", "verdicts.jsonl"] if words[0] == "judge" else []
        found[command] = s3ft(folder, *words, *extra)
    return found


def records(folder, run, recipe):
    return [
        json.loads(line) for line in (folder / "runs" / run / "records" / f"{recipe}.jsonl").read_text().splitlines()
    ]


def test_the_page_has_a_file_for_each_kind_and_a_recipe():
    assert set(FILES) == {"even.py", "near.py", "sums.py", "hint.py", "mine.yaml", "plain.py"}
    assert len(COMMANDS) == 3


def test_every_command_runs(done):
    for command, result in done.items():
        assert result.returncode == 0, f"{command}\n{result.stderr}"


def test_the_judge_judges(done, folder):
    verdicts = [json.loads(line)["correct"] for line in (folder / "verdicts.jsonl").read_text().splitlines()]
    assert verdicts == [True, False, None]


def test_the_recipe_asks_its_rungs_and_the_table_shows_the_source(done, folder):
    rows = records(folder, "mine", "mine")
    assert len(rows) == 12
    sources = [[c["source"] for c in row["candidates"]] for row in rows]
    assert all(s[0] == "self" for s in sources)
    assert any(s.count("paraphrase") == 4 for s in sources)
    summary = json.loads((folder / "runs" / "mine" / "records" / "mine.json").read_text())
    assert list(summary["composition"]) == ["self", "paraphrase", "hint.py", "gold", "dropped"]
    for row in rows:
        for place in row["targets"]:
            chosen = row["candidates"][place]
            if chosen["source"] != "paraphrase":
                continue
            right = [
                c
                for c in row["candidates"]
                if c["source"] == "paraphrase" and c["verdict"] and c["verdict"]["correct"] and not c["filtered"]
            ]
            assert chosen["logprob"] / chosen["num_scored"] == max(c["logprob"] / c["num_scored"] for c in right)


def test_another_ladder_under_the_same_name_is_another_config(done, folder):
    result = s3ft(folder, "build", "mine.yaml", "recipes=[s3ft, {mine: [self, gold]}]")
    assert result.returncode == 2
    assert "was begun with another config: recipes.mine was " in result.stderr


def test_the_backend_answers_as_the_default_one_does(done, folder):
    ours, default = (records(folder, run, "s3ft") for run in ("plain", "mine"))
    for one, other in zip(ours, default, strict=True):
        assert [c["completion"]["text"] for c in one["candidates"]] == [
            c["completion"]["text"] for c in other["candidates"]
        ]
        assert all(c["logprob"] is None for c in one["candidates"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["backend.threds=2"], "unknown field 'backend.threds': did you mean 'backend.threads'"),
        (["backend.threads=many"], "field 'backend.threads'"),
        ([], "recipe 'mine' keeps the likeliest completion, which needs log probabilities"),
    ],
)
def test_a_typo_and_a_missing_capability_are_one_line(done, folder, words, says):
    result = s3ft(folder, "build", "mine.yaml", "backend.name=plain.py", *words, "--name", "wrong")
    assert result.returncode == 2, result.stderr
    assert says in result.stderr
    assert len([line for line in result.stderr.strip().splitlines() if not line.endswith("so far")]) == 1
    assert not (folder / "runs" / "wrong").exists()
