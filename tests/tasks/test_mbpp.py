"""MBPP: the standard splits, the form that is asked for, and what the judge gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from s3ft.prompts import fill
from s3ft.tasks import mbpp
from s3ft.types import Example, Task, UserError


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "task_id": number,
        "text": f"Write a function to add {number} to {{x}}.",
        "code": f"def helper(x):\r\n\treturn x\r\ndef add{number}(x):\r\n\treturn helper(x) + {number}\r\n",
        "test_list": [f"assert add{number}({x}) == {number + x}" for x in range(3)],
        "test_setup_code": "",
        **changes,
    }


def task(tmp_path: Path, rows: list[dict[str, Any]]) -> Task:
    path = tmp_path / "mbpp.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return mbpp.task(str(path))


def one(tmp_path: Path, **changes: Any) -> Example:
    (found,) = task(tmp_path, [row(601, **changes)]).rows("train")
    return found


def test_the_standard_splits_go_by_task_id(tmp_path: Path) -> None:
    found = task(tmp_path, [row(n) for n in (1, 10, 11, 510, 511, 600, 601, 974)])
    ids = {split: [e.id for e in found.rows(split)] for split in ("train", "validation", "test")}
    assert ids == {
        "train": ["mbpp-601", "mbpp-974"],
        "validation": ["mbpp-511", "mbpp-600"],
        "test": ["mbpp-11", "mbpp-510"],
    }


def test_files_for_the_splits_are_taken_as_they_are(tmp_path: Path) -> None:
    for split, number in (("train", 11), ("validation", 601), ("test", 3)):
        (tmp_path / f"{split}.jsonl").write_text(json.dumps(row(number)) + "\n")
    found = mbpp.task({s: str(tmp_path / f"{s}.jsonl") for s in ("train", "validation", "test")})
    assert [e.id for e in found.rows("train")] == ["mbpp-11"]
    assert [e.id for e in found.rows("test")] == ["mbpp-3"]


def test_the_prompt_shows_task_and_tests_and_not_the_gold(tmp_path: Path) -> None:
    content = one(tmp_path).prompt[0]["content"]
    assert "expert Python programmer" in content
    assert "add 601 to {x}" in content
    assert content.count("assert add601(") == 3
    assert "[[BEGIN]]" in content
    assert "[[DONE]]" in content
    assert "helper" not in content


def test_the_gold_has_the_form_that_is_asked_for(tmp_path: Path) -> None:
    gold = one(tmp_path).gold
    assert gold == "[[BEGIN]]\ndef helper(x):\n\treturn x\ndef add601(x):\n\treturn helper(x) + 601\n[[DONE]]"


def test_the_reference_is_what_the_judge_takes(tmp_path: Path) -> None:
    found = one(tmp_path, test_setup_code="root = 1", test_imports=["import math"])
    assert found.reference["entry_point"] == "add601"
    assert found.reference["setup"] == "import math\nroot = 1"
    assert len(found.reference["tests"]) == 3
    assert json.loads(json.dumps(found.reference)) == found.reference


def test_the_paraphrase_prompt_shows_the_gold_as_a_guide(tmp_path: Path) -> None:
    found = task(tmp_path, [row(601)])
    (example,) = found.rows("train")
    asked = fill(found.paraphrase, {"prompt": example.prompt[0]["content"], "gold": example.gold, **example.meta})
    assert example.gold in asked
    assert "{prompt}" not in asked


def test_the_sanitized_columns_are_read_too(tmp_path: Path) -> None:
    changed = row(601, prompt="Add.")
    del changed["text"]
    (found,) = task(tmp_path, [changed]).rows("train")
    assert "Add." in found.prompt[0]["content"]


@pytest.mark.parametrize("tests", [[], None, "assert add601(1) == 2", [""], [1]])
def test_a_row_without_tests_is_named(tmp_path: Path, tests: Any) -> None:
    with pytest.raises(UserError, match=r"row 1.*test_list"):
        one(tmp_path, test_list=tests)


def test_a_task_id_that_is_no_number_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="row 1: task_id is 'x'"):
        list(task(tmp_path, [row(601, task_id="x")]).rows("train"))
