"""Natural Questions: the forms in which its rows come, unanswerable ones, and the judge that the task names."""

import json
from pathlib import Path
from typing import Any

import pytest

from s3ft import judges
from s3ft.tasks.nq import task
from s3ft.types import Completion, Example, UserError


def _file(tmp_path: Path, rows: list[Any]) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return str(path)


def _rows(path: str, **options: Any) -> list[Example]:
    made = task(path, **options)
    return [e for split in ("train", "validation", "test") for e in made.rows(split)]  # type: ignore[arg-type]


def _one(tmp_path: Path, row: dict[str, Any]) -> Example:
    return _rows(_file(tmp_path, [row]))[0]


def test_the_gold_passage_is_shown_with_the_question(tmp_path: Path) -> None:
    ctxs = [{"title": "Other", "text": "no"}, {"title": "Kaa", "text": "Kaa is a {rock} python.", "isgold": True}]
    row = {"question": "what is kaa", "answers": ["rock python", "a python", "rock python"], "ctxs": ctxs}
    found = _one(tmp_path, row)
    assert found.prompt[0]["content"].endswith("Passage: Kaa\nKaa is a {rock} python.\n\nQuestion: what is kaa?")
    assert found.gold == "rock python"
    assert found.reference == ["rock python", "a python"]
    assert found.meta["question"] == "what is kaa?"


@pytest.mark.parametrize(
    "row",
    [
        {"context": "<P> Ada wrote it . </P>", "answers": ["Ada"]},
        {"passage": "Ada wrote it .", "answers": {"text": ["Ada"], "answer_start": [0]}},
        {"document": " Ada  wrote it .", "answers": "Ada"},
    ],
)
def test_other_forms_of_the_same_row_give_the_same_example(tmp_path: Path, row: dict[str, Any]) -> None:
    found = _one(tmp_path, {"question": "who wrote it?", **row})
    assert found == _one(tmp_path, {"question": "who wrote it?", "passage": "Ada wrote it .", "answers": ["Ada"]})


@pytest.mark.parametrize("answers", [[], {"text": []}, [""]])
def test_a_row_without_answers_is_unanswerable(tmp_path: Path, answers: Any) -> None:
    path = _file(tmp_path, [{"question": "who", "passage": "Nothing.", "answers": answers}])
    found = _rows(path)[0]
    assert (found.gold, found.reference) == ("unanswerable", ["unanswerable"])
    assert _rows(path, answerable_only=True) == []


def test_the_judge_accepts_gold_and_rejects_another_answer(tmp_path: Path) -> None:
    rows = [
        {
            "question": "who wrote it",
            "passage": "Ada Lovelace wrote it, not Charles Babbage.",
            "answers": ["Ada Lovelace"],
        },
        {"question": "when", "passage": "Nobody knows.", "answers": []},
    ]
    path = _file(tmp_path, rows)
    judge = judges.load(task(path).judge)
    for example in _rows(path):
        assert judge([example], [Completion(example.gold)])[0].correct is True
        assert judge([example], [Completion("It was Charles Babbage.")])[0].correct is False


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"passage": "p", "answers": ["a"]}, "no column 'question'"),
        ({"question": " ", "passage": "p", "answers": ["a"]}, "column 'question' holds ' '"),
        ({"question": "q", "answers": ["a"]}, "no column of passage, context, document, ctxs"),
        ({"question": "q", "ctxs": [], "answers": ["a"]}, "column 'ctxs' holds"),
        ({"question": "q", "passage": "p"}, "column 'answers' holds None"),
        ({"question": "q", "passage": "p", "answers": [1]}, "column 'answers' holds"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, row: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says) as found:
        _rows(_file(tmp_path, [row]))
    assert "rows.jsonl row 1" in str(found.value)
