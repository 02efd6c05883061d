"""GSM8K: gold without annotations, prompts, ids and splits."""

import json
from pathlib import Path
from typing import Any

import pytest

from s3ft import tasks
from s3ft.sources import paraphrase
from s3ft.types import Task, UserError

ROW = {
    "question": "Natalia sold {48} clips in April, and half as many in May. How many in all?",
    "answer": "In May: 48/2 = <<48/2=24>>24 clips.\nIn all: 48+24 = <<48+24=72>>72 clips.\n#### 72",
}


def _task(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> Task:
    path = tmp_path / "gsm8k.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return tasks.load({"name": "gsm8k", "path": {s: str(path) for s in ("train", "validation", "test")}, **options})


def test_the_gold_has_no_calculator_annotations_and_the_reference_the_final_number(tmp_path: Path) -> None:
    (found,) = _task(tmp_path, [ROW]).rows("test")
    assert found.gold == "In May: 48/2 = 24 clips.\nIn all: 48+24 = 72 clips.\n#### 72"
    assert found.reference.endswith("#### 72")


def test_comparisons_are_no_annotations(tmp_path: Path) -> None:
    row = {"question": "q", "answer": "1 << 2, and 3 >> 1, <<1+1=2>>2 < 3 > 1\n#### 2"}
    (found,) = _task(tmp_path, [row]).rows("test")
    assert found.gold == "1 << 2, and 3 >> 1, 2 < 3 > 1\n#### 2"


def test_the_prompt_shows_the_question_as_it_is_and_not_the_gold(tmp_path: Path) -> None:
    (found,) = _task(tmp_path, [ROW]).rows("test")
    (turn,) = found.prompt
    assert turn["role"] == "user"
    assert turn["content"].endswith(ROW["question"])
    assert '"The answer is {answer}"' in turn["content"]
    assert "72" not in turn["content"]


def test_the_paraphrase_prompt_holds_prompt_and_gold_and_leaves_braces(tmp_path: Path) -> None:
    task = _task(tmp_path, [ROW])
    (found,) = task.rows("test")
    (turn,) = paraphrase.ask(found, task.paraphrase)
    assert found.prompt[0]["content"] in turn["content"]
    assert found.gold in turn["content"]
    assert turn["content"].count("{answer}") == 2, "the prompt's own; in the paraphrase prompt it would be a field"
    assert "{prompt}" not in turn["content"]
    assert "{gold}" not in turn["content"]


def test_ids_are_the_rows_own_content(tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "question": "Another?"}, {**ROW, "answer": "#### 1"}]
    first = [e.id for e in _task(tmp_path, rows).rows("test")]
    assert len(set(first)) == 3
    assert [e.id for e in _task(tmp_path, rows[::-1]).rows("test")] == first[::-1]


def test_one_file_is_split_and_each_row_is_in_one_split(tmp_path: Path) -> None:
    rows = [{"question": f"question {i}", "answer": f"#### {i}"} for i in range(400)]
    path = tmp_path / "one.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    task = tasks.load({"name": "gsm8k", "path": str(path)})
    found = [e.id for split in ("train", "validation", "test") for e in task.rows(split)]
    assert len(found) == len(set(found)) == 400


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"problem": "q", "answer": "#### 1"}, "row 2: no column 'question'; columns found: problem, answer"),
        ({"question": "q", "solution": "#### 1"}, "row 2: no column 'answer'; columns found: question, solution"),
    ],
)
def test_a_missing_column_names_the_columns_found(tmp_path: Path, row: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as found:
        list(_task(tmp_path, [ROW, row]).rows("train"))
    assert says in str(found.value)
