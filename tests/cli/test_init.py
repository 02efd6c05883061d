"""`s3ft init` writes a config that fits the user's rows, and that a run takes as it is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from s3ft import config, tasks
from s3ft.cli import init
from s3ft.types import UserError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("what", "example"), [("lab", "quickstart"), ("gsm8k",) * 2, ("mbpp",) * 2, ("nq",) * 2])
def test_the_starts_are_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, example: str) -> None:
    monkeypatch.chdir(tmp_path)
    init.write(what, (), None)
    assert config.load(Path(f"{what}.yaml")) == config.load(ROOT / "examples" / f"{example}.yaml")


SQUAD = {"context": "It is red.", "question": "What?", "answers": {"text": ["red"], "answer_start": [6]}}


@pytest.mark.parametrize(
    ("rows", "columns", "judge", "says"),
    [
        (
            [{"question": "2+2?", "answer": "so #### 4"}],
            {"prompt": "question", "gold": "answer"},
            "math",
            "gold from a",
        ),
        (
            [{"problem": "2+2?", "solution": "2 and 2", "answer": "4"}],
            {"prompt": "problem", "gold": "solution", "reference": "answer"},
            "math",
            "compared with answer",
        ),
        ([SQUAD], {}, "qa", "prompt from context and question, gold from answers"),
        ([{"prompt": "p", "completion": "a text of more than six words, really"}], {}, "llm", "prompt and completion"),
    ],
)
def test_the_columns_of_the_rows_are_recognised_and_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rows: list[dict[str, Any]],
    columns: dict[str, str],
    judge: str,
    says: str,
) -> None:
    data = tmp_path / "mine.jsonl.gz"
    text = "".join(json.dumps({**rows[0], "id": str(i)}) + "\n" for i in range(9))
    data.write_bytes(gzip.compress(text.encode()))
    init.write(str(data), ("model=lab",), None)
    found = config.load(tmp_path / "mine.yaml")
    assert found.task == {"name": "rows", "path": str(data), **columns}
    assert (found.model, found.judge) == ("lab", judge)
    assert next(iter(tasks.load(found.task).rows("train"))).gold
    shown = capsys.readouterr().out
    assert says in shown
    assert "--rows 100" in shown
    assert says in " ".join((tmp_path / "mine.yaml").read_text().replace("#", "").split())


def test_columns_of_other_names_are_named_on_the_command_line(tmp_path: Path) -> None:
    data = tmp_path / "mine.jsonl"
    data.write_text('{"frage": "2+2?", "antwort": {"text": "4"}}\n')
    with pytest.raises(UserError, match="columns found: frage, antwort; none of the known forms"):
        init.write(str(data), (), None)
    assert not (tmp_path / "mine.yaml").exists()
    init.write(str(data), ("task.prompt=frage", "task.gold=antwort.text", "seeds=[0,1]"), tmp_path / "b.yaml")
    found = config.load(tmp_path / "b.yaml")
    assert found.task == {"name": "rows", "path": str(data), "prompt": "frage", "gold": "antwort.text"}
    assert found.seeds == (0, 1)


def test_a_config_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("mine")
    with pytest.raises(UserError, match="is there already; name another with --out"):
        init.write("lab", (), tmp_path / "a.yaml")
    assert (tmp_path / "a.yaml").read_text() == "mine"
