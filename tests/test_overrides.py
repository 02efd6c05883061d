"""A person's word on a row: its target is another one, or none, nothing is generated for it, and it is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import tiny
from s3ft import overrides
from s3ft.chat import Chat, open_chat
from s3ft.config import ChatConfig
from s3ft.pipeline import Build, BuildOptions, build_records
from s3ft.recipes import RECIPES
from s3ft.types import Capability, Completion, Example, Record, Request, Sampling, UserError, Verdict

EXAMPLES = [
    Example(f"row-{i}", [{"role": "user", "content": f"What is {i}?"}], f"It is {i}.", str(i)) for i in range(6)
]


class Backend:
    """Answers "own" to the prompt and "other words" to the paraphrase; row 5 is cut."""

    capabilities: frozenset[Capability] = frozenset()
    identity: Mapping[str, Any] = {}

    def __init__(self) -> None:
        self.asked = 0

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        self.asked += len(requests)
        for index, request in enumerate(requests):
            prompt = request.prompt[-1]["content"]
            text = "other words" if "It is" in prompt else "own"
            ended = "length" if "What is 5?" in prompt else "stop"
            yield index, [Completion(text, raw=text, finish_reason=ended, num_tokens=2)]


def _judge(examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
    """The own answers of even rows are right; of the paraphrases none."""
    return [
        Verdict(c.text == e.gold or (c.text == "own" and int(e.reference) % 2 == 0))
        for e, c in zip(examples, completions, strict=True)
    ]


@pytest.fixture(scope="module")
def chat() -> Chat:
    return open_chat(tiny.tokenizer(), ChatConfig())


def _built(chat: Chat, decisions: dict[str, str], recipe: str = "s3ft") -> tuple[Build, dict[str, Record], int]:
    backend = Backend()
    options = BuildOptions(paraphrase="{prompt} {gold}", overrides=decisions)
    build = build_records(EXAMPLES, {recipe: RECIPES[recipe]}, backend, _judge, chat, options)
    found = {r.example.id: r for _, rows in build for r in rows}
    return build, found, backend.asked


def _targets(found: dict[str, Record]) -> dict[str, str]:
    return {id: r.candidates[r.targets[0]].source if r.targets else "" for id, r in found.items()}


def test_rows_have_the_targets_that_were_decided_and_nothing_is_generated_for_it(chat: Chat) -> None:
    _, plain, asked = _built(chat, {})
    usual = {f"row-{i}": "self" if i % 2 == 0 else "gold" for i in range(6)}
    assert _targets(plain) == usual
    decisions = {
        "row-0": "gold",
        "row-1": "self",
        "row-2": "drop",
        "row-3": "paraphrase",
        "row-5": "self",
        "no": "drop",
    }
    build, found, again = _built(chat, decisions)
    assert again == asked
    # row 5's own answer was cut, and a cut answer is never trained on
    assert _targets(found) == usual | {"row-0": "gold", "row-1": "self", "row-2": "", "row-3": "paraphrase"}
    counts = build.counts.recipes["s3ft"].as_dict()
    assert counts["overridden"] == {"gold": 1, "self": 1, "drop": 1, "paraphrase": 1, "not applied": 1}
    assert counts["composition"] == pytest.approx({"self": 2 / 6, "paraphrase": 1 / 6, "gold": 2 / 6, "dropped": 1 / 6})


def test_a_source_that_a_recipe_does_not_have_changes_nothing_there(chat: Chat) -> None:
    build, found, _ = _built(chat, {"row-0": "self", "row-1": "drop"}, "sft")
    assert _targets(found) == {"row-0": "gold", "row-1": ""} | {f"row-{i}": "gold" for i in range(2, 6)}
    assert build.counts.recipes["sft"].as_dict()["overridden"] == {"drop": 1}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"source": "self"}, "no field 'id'"),
        ({"id": "a"}, 'expected {"id", "source"}'),
        ({"id": "a", "drop": False}, 'expected {"id", "source"}'),
        ({"id": "a", "drop": True, "source": "self"}, 'expected {"id", "source"}'),
        ({"id": "a", "source": 3}, 'expected {"id", "source"}'),
        ({"id": "first", "source": "self"}, "id 'first' is there twice"),
    ],
)
def test_a_line_that_decides_nothing_is_named(tmp_path: Path, row: dict[str, Any], says: str) -> None:
    path = tmp_path / "o.jsonl"
    path.write_text(json.dumps({"id": "first", "drop": True}) + "\n" + json.dumps(row) + "\n")
    with pytest.raises(UserError) as found:
        overrides.read(str(path))
    assert f"{path}:2: " in str(found.value)
    assert says in str(found.value)
