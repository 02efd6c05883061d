"""`s3ft explain` on a training row, a test row and an item of a benchmark of a run written by hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import tiny
from s3ft import config
from s3ft.cli import explain
from s3ft.data import made, records
from s3ft.runs import directory
from s3ft.types import Candidate, Completion, Example, Record, UserError, Verdict


def _lines(path: Path, rows: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))


def _sample(correct: bool | None, completion: str, **more: Any) -> dict[str, Any]:
    return {
        "set": "target",
        "id": "test-1",
        "score": float(correct is True),
        "finish_reason": "stop",
        "correct": correct,
        "answer": completion,
        "reason": "",
        "completion": completion,
        **more,
    }


@pytest.fixture
def run_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "200")
    model = tiny.model_folder(tmp_path / "model", tiny.tokenizer())
    decided = tmp_path / "decided.jsonl"
    _lines(decided, [{"id": "train-2", "drop": True}])
    parsed = config.parse(
        {"model": str(model), "task": "lab", "recipes": ["s3ft"], "seeds": [0, 1], "overrides": str(decided)}
    )
    folder = tmp_path / "run"
    folder.mkdir()
    directory.write_config(folder, parsed)
    prompt = [{"role": "user", "content": "What is 2 + 2?"}]
    own = Candidate("self", Completion("It is 5."), Verdict(False, "5", "not 4"), answers_prompt=True)
    gold = Candidate("gold", Completion("4"), Verdict(True, "4"), is_generated=False)
    rows = [
        Record(Example("train-1", prompt, "4", "4"), [own, gold], [1]),
        Record(Example("train-2", prompt, "4", "4"), [own], []),
        Record(Example("train-3", prompt, "4", "4"), [own], [0]),
    ]
    _lines(folder / "records" / "s3ft.jsonl", [records.to_json(r) for r in rows])
    made.write(folder / "adapters" / "s3ft" / "seed-0" / "s3ft.json", {"dropped": [["train-1", "900 tokens"]]}, [])
    _lines(folder / "data" / "test.jsonl", [asdict(Example("test-1", prompt, "the gold", "4"))])
    item = {"set": "mmlu", "id": "mmlu_law/3", "score": 1.0, "metric": "acc", "target": "B", "response": "[b]"}
    _lines(folder / "evals" / "base.samples.jsonl", [_sample(True, "four"), item])
    _lines(
        folder / "evals" / "s3ft-seed-0.samples.jsonl", [_sample(False, "five", reason="not 4"), {**item, "score": 0.0}]
    )
    _lines(folder / "evals" / "s3ft-seed-1.samples.jsonl", [_sample(None, "4 and", finish_reason="length"), item])
    return folder


def _shown(run_dir: Path, id: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    explain.show(run_dir, id)
    return capsys.readouterr().out.splitlines()


def test_a_test_row_shows_the_answers_before_and_after_and_the_flip(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = _shown(run_dir, "test", capsys)
    assert lines[:4] == ["test row test-1", "user What is 2 + 2?", "gold the gold", "reference '4'"]
    assert "base right, answer 'four'" in lines
    assert "s3ft-seed-0 wrong, answer 'five' (not 4); flip: the base was right" in lines
    assert "s3ft-seed-1 undecided, answer '4 and', cut at max_tokens; flip: the base was right" in lines
    assert "      five" in lines


def test_an_item_of_a_benchmark_is_shown_too(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = _shown(run_dir, "mmlu_law/3", capsys)
    assert lines[0] == "item mmlu_law/3 of benchmark mmlu"
    assert "s3ft-seed-0 acc 0; flip: the base was right" in lines
    assert "s3ft-seed-1 acc 1" in lines
    assert "expected B" in lines


@pytest.mark.parametrize(
    ("id", "says"),
    [
        ("train-1", "not trained on: 900 tokens"),
        ("train-2", "s3ft left out by overrides"),
        ("train-3", "-> self: wrong, answer '5' (not 4), chosen by overrides"),
    ],
)
def test_a_training_row_says_what_became_of_it(
    run_dir: Path, capsys: pytest.CaptureFixture[str], id: str, says: str
) -> None:
    lines = _shown(run_dir, id, capsys)
    assert lines[0] == f"training row {id}"
    assert says in lines
    assert any(line.startswith("tokens trained on") for line in lines) == (id == "train-3")


@pytest.mark.parametrize("name", ["records/s3ft.jsonl", "evals/base.samples.jsonl", "data/test.jsonl"])
@pytest.mark.parametrize("content", ['{"id": "tr', '{"id": "train-1"}', "[]"])
def test_a_damaged_file_is_named(run_dir: Path, name: str, content: str) -> None:
    (run_dir / name).write_text(content)
    with pytest.raises(UserError, match=f"{name}: damaged .*; s3ft run with the run's config makes it again"):
        explain.show(run_dir, "train-1")


def test_an_id_must_be_one_row_s(run_dir: Path) -> None:
    with pytest.raises(UserError, match="3 rows have an id that begins with 'tr': train-1, train-2, train-3"):
        explain.show(run_dir, "tr")
    with pytest.raises(UserError, match="no row with an id that begins with 'no'"):
        explain.show(run_dir, "no")
