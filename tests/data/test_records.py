"""Records survive their JSON line, and training rows are TRL's prompt-completion form."""

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3ft.data import jsonl, records
from s3ft.types import Candidate, Completion, Example, Record, Verdict

texts = st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
messages = st.lists(st.fixed_dictionaries({"role": texts, "content": texts}), max_size=2)
examples = st.builds(
    Example, texts, messages, texts, json_values, st.none() | st.just([{"name": "f"}]), st.dictionaries(texts, texts)
)
completions = st.builds(
    Completion,
    texts,
    texts,
    st.none() | st.lists(st.integers(0, 9), max_size=3).map(tuple),
    st.sampled_from(["stop", "length", "error"]),
    st.integers(0, 9),
)
verdicts = st.none() | st.builds(Verdict, st.none() | st.booleans(), st.none() | texts, texts)
numbers = st.none() | st.floats(-99, 0)
candidates = st.builds(
    Candidate, texts, completions, verdicts, texts, st.booleans(), st.booleans(), numbers, st.none() | st.integers(0, 9)
)
any_record = st.builds(Record, examples, st.lists(candidates, max_size=3), st.lists(st.integers(0, 2), max_size=2))


@given(any_record)
def test_a_record_survives_its_line(record: Record) -> None:
    row = records.to_json(record)
    assert row["id"] == record.example.id
    assert records.from_json(json.loads(json.dumps(row))) == record


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(any_record, max_size=3))
def test_records_survive_their_file(tmp_path: Path, found: list[Record]) -> None:
    assert jsonl.write_whole(tmp_path / "r.jsonl", map(records.to_json, found)) == len(found)
    assert list(records.read(tmp_path / "r.jsonl")) == found


def _rows(record: Record, keep_reasoning: bool) -> list[dict[str, Any]]:
    return list(records.training_rows(record, keep_reasoning))


def test_training_rows_are_the_targets_in_trl_s_form() -> None:
    prompt = [{"role": "user", "content": "q"}]
    offered = [
        Candidate("self", Completion("no", "no"), answers_prompt=True),
        Candidate("self", Completion("yes", "<think>hm</think>yes"), answers_prompt=True),
        Candidate("gold", Completion("gold"), is_generated=False),
    ]
    record = Record(Example("7", prompt, "gold"), offered, [1, 2])
    kept, plain = _rows(record, True), _rows(record, False)
    assert [r["source"] for r in kept] == ["self", "gold"]
    assert kept[0] == {
        "id": "7",
        "prompt": prompt,
        "completion": [{"role": "assistant", "content": "<think>hm</think>yes"}],
        "source": "self",
    }
    assert [r["completion"][0]["content"] for r in kept] == ["<think>hm</think>yes", "gold"]
    assert [r["completion"][0]["content"] for r in plain] == ["yes", "gold"]
    assert _rows(Record(record.example, offered, []), True) == []


def test_thoughts_after_another_prompt_are_never_trained_on() -> None:
    told = Candidate("paraphrase", Completion("yes", "<think>It says yes.</think>yes", (1, 2, 3), num_tokens=4))
    assert told.trained == Completion("yes")
    (row,) = _rows(Record(Example("7", [], "gold"), [told], [0]), True)
    assert row["completion"][0]["content"] == "yes"
    own = Candidate("mine.py", told.completion, answers_prompt=True)
    assert own.trained == told.completion
