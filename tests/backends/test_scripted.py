"""Completions from a file: samples in order, failures, identity, and bad rows by line."""

import json
from pathlib import Path
from typing import Any

import pytest

from s3ft import backends
from s3ft.config import parse
from s3ft.digest import digest
from s3ft.types import Completion, ModelFiles, Request, Sampling, UserError

ROWS = [
    {"prompt": "a", "completion": "one two"},
    {"prompt": "b", "completion": "three"},
    {"prompt": "a", "completion": "four"},
]


def _backend(path: Path, rows: list[Any]) -> Any:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    config = parse({"model": "m", "task": "gsm8k", "backend": {"name": "scripted", "path": str(path)}})
    no_chat: Any = None
    return backends.load(config.backend, ModelFiles(Path("m"), "f"), no_chat)


def _request(text: str) -> Request:
    return Request([{"role": "user", "content": "before"}, {"role": "user", "content": text}])


def _drawn(backend: Any, text: str, **sampling: Any) -> list[str]:
    ((index, found),) = backend.generate([_request(text)], Sampling(**sampling))
    assert index == 0
    return [c.text for c in found]


def test_the_completions_of_a_prompt_are_its_samples_in_order(tmp_path: Path) -> None:
    backend = _backend(tmp_path / "s.jsonl", ROWS)
    assert _drawn(backend, "a") == ["one two"]
    assert _drawn(backend, "a", num_samples=3) == ["one two", "four", "one two"]
    assert _drawn(backend, "a", seed=1) == ["four"]
    ((_, (found,)),) = backend.generate([_request("a")], Sampling())
    assert found == Completion("one two", raw="one two", num_tokens=2)


def test_a_prompt_that_is_not_there_fails(tmp_path: Path) -> None:
    found = dict(_backend(tmp_path / "s.jsonl", ROWS).generate([_request("b"), _request("c")], Sampling()))
    assert [found[i][0].finish_reason for i in range(2)] == ["stop", "error"]


def test_it_declares_that_it_can_generate_and_nothing_else(tmp_path: Path) -> None:
    assert _backend(tmp_path / "s.jsonl", ROWS).capabilities == frozenset()


def test_its_identity_is_what_it_says(tmp_path: Path) -> None:
    first = _backend(tmp_path / "s.jsonl", ROWS)
    assert digest(dict(first.identity)) == digest(dict(_backend(tmp_path / "t.jsonl", ROWS).identity))
    for number, rows in enumerate((ROWS[:2], ROWS[::-1], [*ROWS[:2], {"prompt": "a", "completion": "five"}])):
        assert digest(dict(first.identity)) != digest(dict(_backend(tmp_path / f"{number}.jsonl", rows).identity))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"prompt": "a"}, "s.jsonl:1: no field 'completion'; fields found: prompt"),
        ({"prompt": [{"role": "user"}], "completion": "a"}, "s.jsonl:1: prompt and completion must be text"),
        ({"prompt": "a", "completion": None}, "s.jsonl:1: prompt and completion must be text"),
    ],
)
def test_a_row_that_says_nothing_is_named(tmp_path: Path, row: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as found:
        _backend(tmp_path / "s.jsonl", [row])
    assert says in str(found.value)


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("scripted", "field 'backend.path' is missing; add it"),
        ({"name": "scripted", "paht": "s.jsonl"}, "unknown field 'backend.paht': did you mean 'backend.path'?"),
        ({"name": "scripted", "path": 3}, "field 'backend.path': found 3"),
    ],
)
def test_its_section_of_the_config_is_its_own(section: Any, says: str) -> None:
    with pytest.raises(UserError) as found:
        parse({"model": "m", "task": "gsm8k", "backend": section})
    assert says in str(found.value)
    assert "\n" not in str(found.value)
