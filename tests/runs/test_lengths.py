"""Prompts longer than the model's context: named before anything is generated."""

import json

import pytest

from s3ft.config import parse
from s3ft.runs import build, opening
from s3ft.types import UserError


@pytest.fixture
def opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def made(lengths):
        rows = [{"prompt": f"What is {i}?" + " So?" * n, "gold": f"The answer is {i}."} for i, n in enumerate(lengths)]
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        task = {"name": "rows", "path": "rows.jsonl", "judge": "exact"}
        backend = {"name": "scripted", "path": "never.jsonl"}
        (tmp_path / "never.jsonl").write_text("")
        config = {"model": "lab", "task": task, "recipes": ["sft"], "backend": backend, "cache": "cache"}
        return opening.opened(parse(config), "long")

    return made


def test_training_prompts_without_room_are_counted_and_named(opened, capsys):
    with opened([0, 700, *[1] * 198]) as (run, _):
        build.build(run)
        long = [
            e.id for split in ("train", "test", "validation") for e in run.examples(split) if len(str(e.prompt)) > 600
        ]
        said = (run.folder / "log.txt").read_text()
    assert f"1 of {run.counts('train').rows} train prompts have no room for an answer in 512 tokens" in said
    assert said.count("are not trained on: " + long[0]) == 1


def test_training_prompts_that_are_all_too_long_stop_the_build(opened):
    with (
        opened([700 + n for n in range(60)]) as (run, _),
        pytest.raises(UserError, match=r"all .* training prompts are"),
    ):
        build.build(run)
    assert not list(run.folder.glob("records/*"))
