"""What a reader of the numbers is told in words."""

from __future__ import annotations

from typing import Any

import pytest

from s3ft.report import words


def _found(items: dict[str, int], shares: dict[str, dict[str, float]]) -> dict[str, Any]:
    base = {"benchmarks": {n: {} for n in items if n != "target"}}
    recipes = {n: {"composition": c} for n, c in shares.items()}
    return {
        "model": "lab",
        "task": "lab",
        "missing": [],
        "split": "test",
        "items": items,
        "base": base,
        "recipes": recipes,
    }


SFT = {"gold": 1.0, "dropped": 0.0}
OWN = {"self": 0.2, "paraphrase": 0.1, "gold": 0.7, "dropped": 0.0}
NONE = {"self": 0.0, "paraphrase": 0.0, "gold": 0.9, "dropped": 0.1}


@pytest.mark.parametrize(
    ("items", "shares", "says"),
    [
        ({"target": 300, "mmlu": 500}, {"sft": SFT, "s3ft": OWN}, []),
        ({"target": 1, "mmlu": 500}, {"s3ft": OWN}, ["1 test row to measure on: a score is known to +-98 points"]),
        ({"target": 99, "mmlu": 100}, {"s3ft": OWN}, ["99 test rows to measure on: a score is known to +-10 points"]),
        ({"target": 300}, {"s3ft": OWN}, ["was not measured: no benchmarks"]),
        ({"target": 300, "mmlu": 6}, {"s3ft": OWN}, ["mmlu (6)"]),
        ({"target": 300, "mmlu": 500}, {"sft": SFT, "s3ft": NONE}, ["s3ft has no word of the model's own"]),
    ],
)
def test_what_cannot_be_told_is_said(
    items: dict[str, int], shares: dict[str, dict[str, float]], says: list[str]
) -> None:
    found = list(words.sentences(_found(items, shares)))
    assert len(found) == len(says)
    for sentence, text in zip(found, says, strict=True):
        assert text in sentence


@pytest.mark.parametrize(
    ("model", "task", "is_said"),
    [
        ("mistralai/Mistral-7B-Instruct-v0.2", "gsm8k", True),
        ("/models/Mistral-7B-Instruct-v0.2/", "nq", True),
        ("mistralai/Mistral-7B-Instruct-v0.3", "gsm8k", False),
        ("mistralai/Mistral-7B-Instruct-v0.2", "rows", False),
    ],
)
def test_the_paper_s_numbers_stand_beside_those_of_its_model_and_tasks(model: str, task: str, is_said: bool) -> None:
    found = {**_found({"target": 300, "mmlu": 500}, {"s3ft": OWN}), "model": model, "task": task}
    assert [s.startswith("The paper on this task") for s in words.sentences(found)] == [True] * is_said
