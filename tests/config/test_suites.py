"""Suites of benchmarks: named in place of their benchmarks, and never the one that is trained."""

import pytest

from s3ft import config
from s3ft.config import SUITES, reference

PAPER = list(SUITES["paper"])


def benchmarks(task, named, **evaluate):
    made = config.parse({"model": "lab", "task": task, "evaluate": {"benchmarks": named, **evaluate}}).evaluate
    return list(made.benchmarks), list(made.extra_benchmarks)


@pytest.mark.parametrize(
    ("task", "named", "expected"),
    [
        ("nq", "paper", (PAPER, [])),
        ("nq", "wide", ([*PAPER, "ifeval", "gsm8k", "humaneval"], [])),
        ("gsm8k", "wide", ([*PAPER, "ifeval", "humaneval"], ["gsm8k"])),
        ({"name": "gsm8k"}, ["paper"], (PAPER, ["gsm8k"])),
        ({"name": "mbpp"}, "wide", ([*PAPER, "ifeval", "gsm8k"], [])),
        ("gsm8k", ["mmlu", "own"], (["mmlu", "own"], [])),
        ("nq", ["paper", "own"], ([*PAPER, "own"], [])),
        ("nq", "mmlu", (["mmlu"], [])),
    ],
)
def test_a_suite_stands_for_its_benchmarks(task, named, expected):
    assert benchmarks(task, named) == expected


def test_the_harness_s_score_of_the_task_is_asked_for_once_and_not_of_files():
    assert benchmarks("gsm8k", "paper", extra_benchmarks=["gsm8k"]) == (PAPER, ["gsm8k"])
    assert benchmarks("gsm8k", "paper", data="rows") == (PAPER, [])


def test_a_suite_from_the_command_line_replaces_the_benchmarks_of_the_file(tmp_path):
    (tmp_path / "c.yaml").write_text("model: lab\ntask: nq\nevaluate: {benchmarks: [mmlu]}\n")
    assert list(config.load(tmp_path / "c.yaml", ("evaluate.benchmarks=paper",)).evaluate.benchmarks) == PAPER


def test_editors_accept_a_suite():
    field = reference.json_schema()["$defs"]["EvaluateConfig"]["properties"]["benchmarks"]
    assert {"type": "string"} in field["anyOf"]
