"""The miniature's task."""

import pytest

from s3ft import judges, plugins
from s3ft.prompts import names
from s3ft.types import Completion, UserError


def _task(**options):
    return plugins.load("task", "lab")(**options)


def test_splits():
    task = _task()
    counts = {split: sum(1 for _ in task.rows(split)) for split in ("train", "validation", "test")}
    assert counts == {"train": 300, "validation": 300, "test": 600}


def test_rows_are_a_user_turn_and_come_in_the_same_order():
    task = _task(limit=5)
    rows = list(task.rows("train"))
    assert [row.id for row in rows] == [f"train-{i}" for i in range(5)]
    assert rows == list(task.rows("train"))
    assert [m["role"] for m in rows[0].prompt] == ["user"]


def test_the_paraphrase_asks_with_prompt_and_gold():
    assert sorted(set(names(_task().paraphrase))) == ["gold", "prompt"]


@pytest.mark.parametrize("style", ["gold", "own"])
def test_the_judge_accepts_every_answer_and_rejects_its_neighbours(style):
    rows = list(_task(style=style).rows("train"))
    judge = judges.load(_task().judge)
    assert all(v.correct for v in judge(rows, [Completion(row.gold) for row in rows]))
    shifted = [*rows[1:], rows[0]]
    others = judge(rows, [Completion(row.gold) for row in shifted])
    for row, other, verdict in zip(rows, shifted, others, strict=True):
        assert verdict.correct == (row.reference == other.reference)


def test_an_unknown_style_is_named():
    with pytest.raises(UserError, match="style: found 'mine', expected 'gold' or 'own'"):
        _task(style="mine")
