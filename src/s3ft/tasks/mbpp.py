"""MBPP, mostly basic Python programming (Austin et al. 2021, arXiv 2108.07732)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from s3ft.data import readers
from s3ft.prompts import fill
from s3ft.types import Example, Message, Split, Task, UserError

PROMPT = """You are an expert Python programmer, and here is your task: {task} Your code should pass these tests:

{tests}

Write the code between [[BEGIN]] and [[DONE]], and nothing else: no explanation."""

PARAPHRASE = """{prompt}

For guidance, this is a program that passes the tests:
{gold}

Now write your own program for the task, in the way you would write it yourself. Put it between [[BEGIN]] and \
[[DONE]], and write nothing else: no explanation."""

HUB = "google-research-datasets/mbpp:full"
SPLITS: dict[Split, range] = {"train": range(601, 975), "validation": range(511, 601), "test": range(11, 511)}
"""The standard splits, by task_id; 1 to 10 are for few-shot prompts."""


def task(path: readers.Where = HUB, judge: str | dict[str, Any] = "code") -> Task:
    """From the Hub, or `path`: a file with the columns of the data set, split by task_id, or {train: ..., test: ...}.

    The tests are the reference, and the gold has the form that the prompt asks for: [[BEGIN]], code, [[DONE]]. The
    sanitized data set (google-research-datasets/mbpp:sanitized) is read as well."""

    def rows(split: Split) -> Iterator[Example]:
        if isinstance(path, str) and readers.is_file(path):
            for number, row in enumerate(readers.file(path), 1):
                place = f"{path} row {number}"
                if _number(row, place) in SPLITS[split]:
                    yield example(row, place)
        else:
            for row, place in readers.rows(path, split, _messages):
                yield example(row, place)

    return Task("mbpp", rows, judge, PARAPHRASE)


def example(row: dict[str, Any], place: str) -> Example:
    """One row. Raises UserError naming `place`."""
    tests = _tests(row, place)
    code = str(readers.column(row, "code", place)).replace("\r\n", "\n").strip()
    setup = (
        "\n".join([*(row.get("test_imports") or []), row.get("test_setup_code") or ""]).replace("\r\n", "\n").strip()
    )
    reference = {"tests": tests, "entry_point": _entry(code, tests), "setup": setup}
    meta = {"task": _text(row, place), "tests": "\n".join(tests)}
    gold = f"[[BEGIN]]\n{code}\n[[DONE]]"
    return Example(f"mbpp-{_number(row, place)}", _messages(row, place), gold, reference, meta=meta)


def _messages(row: dict[str, Any], place: str) -> list[Message]:
    fields = {"task": _text(row, place), "tests": "\n".join(_tests(row, place))}
    return [{"role": "user", "content": fill(PROMPT, fields)}]


def _text(row: dict[str, Any], place: str) -> str:
    return str(readers.column(row, "prompt" if "text" not in row else "text", place)).strip()


def _number(row: dict[str, Any], place: str) -> int:
    number = readers.column(row, "task_id", place)
    if not isinstance(number, int):
        raise UserError(f"{place}: task_id is {number!r}, expected a whole number: it decides the split")
    return number


def _tests(row: dict[str, Any], place: str) -> list[str]:
    tests = readers.column(row, "test_list", place)
    if not isinstance(tests, list) or not tests or not all(isinstance(t, str) and t.strip() for t in tests):
        raise UserError(f"{place} (task_id {row.get('task_id')}): no tests in test_list, found {tests!r}; drop the row")
    return [test.strip() for test in tests]


def _entry(code: str, tests: list[str]) -> str:
    """The function that the gold defines and the tests call; empty where there is none by that name."""
    functions = set(re.findall(r"^def[ \t]+(\w+)", code, re.M))
    called = [name for test in tests for name in re.findall(r"\b(\w+)[ \t]*\(", test)]
    return next((name for name in called if name in functions), "")
