"""The splits of a task: read once and written; each row once, no prompt in two splits, a digest over all of it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3ft import tasks
from s3ft.data import splits
from s3ft.types import Example, Split, Task, UserError

Rows = dict[Split, list[Example]]
Read = Callable[..., tuple[list[str], splits.SplitCounts]]


def _example(prompt: str, gold: str = "g", id: str | None = None) -> Example:
    return Example(id or f"{prompt}/{gold}", [{"role": "user", "content": prompt}], gold)


def _task(rows: Rows, asked: list[Split] | None = None) -> Task:
    def stream(split: Split) -> Iterator[Example]:
        if asked is not None:
            asked.append(split)
        return iter(rows.get(split, []))

    return Task("t", stream, "exact", "")


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes all splits, then gives (ids, counts) of one as they are read back."""

    def reading(rows: Rows, split: Split, limit: int | None = None) -> tuple[list[str], splits.SplitCounts]:
        counts = splits.write(_task(rows), tmp_path, "k", limit)
        assert splits.counts(tmp_path) == counts
        return [e.id for e in splits.read(tmp_path, split)], counts[split]

    return reading


def test_a_row_that_comes_twice_is_kept_once_and_counted(read: Read) -> None:
    rows: Rows = {"train": [_example("a"), _example("b"), _example("a"), _example("a", "other"), _example("a")]}
    found, counts = read(rows, "train")
    assert found == ["a/g", "b/g", "a/other"]
    assert (counts.rows, counts.duplicates, counts.in_evaluation_split) == (3, 2, 0)


def test_the_same_row_under_two_ids_is_one_row(read: Read) -> None:
    found, counts = read({"train": [_example("a", id="1"), _example("a", id="2")]}, "train")
    assert (found, counts.duplicates) == (["1"], 1)


def test_a_prompt_in_evaluation_split_is_kept_where_it_is_measured(read: Read) -> None:
    rows: Rows = {
        "train": [_example(p) for p in "abcd"],
        "validation": [_example(p, "another gold") for p in "bce"],
        "test": [_example(p) for p in "cf"],
    }
    assert read(rows, "test")[0] == ["c/g", "f/g"]
    found, counts = read(rows, "validation")
    assert (found, counts.in_evaluation_split) == (["b/another gold", "e/another gold"], 1)
    found, counts = read(rows, "train")
    assert (found, counts.in_evaluation_split) == (["a/g", "d/g"], 2)


def test_the_same_words_with_other_tools_or_roles_are_another_prompt(read: Read) -> None:
    turns = [{"role": "user", "content": "a"}]
    tools = [{"name": "f"}]
    train = [Example("1", turns, "g"), Example("2", turns, "g", tools=tools), Example("3", [*turns, *turns], "g")]
    found, counts = read({"train": train, "test": [Example("4", turns, "g", tools=tools)]}, "train")
    assert (found, counts.duplicates, counts.in_evaluation_split) == (["1", "3"], 0, 1)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {
            s: st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy")), max_size=8)
            for s in ("train", "validation", "test")
        }
    )
)
def test_no_prompt_is_both_trained_on_and_measured_and_no_row_is_lost(
    tmp_path: Path, drawn: dict[Split, list[tuple[str, str]]]
) -> None:
    rows: Rows = {split: [_example(p, g) for p, g in pairs] for split, pairs in drawn.items()}
    written = splits.write(_task(rows), tmp_path, "k", None)
    found: dict[Split, set[str]] = {}
    for split, counts in written.items():
        ids = [e.id for e in splits.read(tmp_path, split)]
        assert len(ids) == len(set(ids)) == counts.rows
        assert counts.rows + counts.duplicates + counts.in_evaluation_split == len(drawn[split])
        found[split] = {i[0] for i in ids}
    assert not found["train"] & found["test"]
    assert not found["train"] & found["validation"]
    assert not found["validation"] & found["test"]
    assert set().union(*found.values()) == {p for pairs in drawn.values() for p, _ in pairs}


def test_the_limit_counts_rows_that_are_kept(read: Read) -> None:
    rows: Rows = {"train": [_example(p) for p in "aabcbd"], "test": [_example("b")]}
    found, counts = read(rows, "train", 2)
    assert (found, counts.rows) == (["a/g", "c/g"], 2)


def test_evaluation_splits_are_never_limited(read: Read) -> None:
    rows: Rows = {s: [_example(f"{s} {p}") for p in "abc"] for s in ("train", "validation", "test")}
    assert [read(rows, s, 1)[1].rows for s in splits.ORDER] == [3, 3, 1]


def test_one_id_on_two_rows_is_named(read: Read) -> None:
    with pytest.raises(UserError, match="duplicate id '7' on two different rows; make ids unique"):
        read({"train": [_example("a", id="7"), _example("b", id="7")]}, "train")


def test_two_splits_may_use_the_same_ids(read: Read) -> None:
    rows: Rows = {"train": [_example("a", id="1")], "test": [_example("b", id="1")]}
    assert [read(rows, s)[0] for s in ("train", "test")] == [["1"], ["1"]]


def test_every_split_is_read_once(tmp_path: Path) -> None:
    asked: list[Split] = []
    splits.write(_task({"train": [_example("a")], "test": [_example("b")]}, asked), tmp_path, "k", None)
    assert sorted(asked) == ["test", "train", "validation"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "splits.json",
        "test.jsonl",
        "train.jsonl",
        "validation.jsonl",
    ]


def test_what_is_read_back_is_what_was_written_at_most_so_many(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    rows = [
        Example(
            "1", [{"role": "user", "content": "a\u2028\ud800"}], "g\n", {"n": 1.5, "none": None}, tools, {"m": "x"}
        ),
        _example("b"),
        _example("c"),
    ]
    splits.write(_task({"train": rows}), tmp_path, "k", None)
    assert list(splits.read(tmp_path, "train")) == rows
    assert list(splits.read(tmp_path, "train", 2)) == rows[:2]


def test_splits_are_there_only_for_the_key_they_were_written_under(tmp_path: Path) -> None:
    assert splits.counts(tmp_path) is None
    written = splits.write(_task({"train": [_example("a")]}), tmp_path / "data", "k", None)
    assert splits.counts(tmp_path / "data", "k") == splits.counts(tmp_path / "data") == written
    assert splits.counts(tmp_path / "data", "other") is None


@pytest.mark.parametrize("split", splits.ORDER)
def test_an_empty_split_is_named(split: Split, read: Read) -> None:
    rows: Rows = {s: [_example(s)] for s in splits.ORDER if s != split}
    for s in splits.ORDER:
        counts = read(rows, s)[1]
        if s != split:
            splits.require_rows("t", s, counts)
            continue
        with pytest.raises(UserError, match=f"task t: no rows in its {split} split"):
            splits.require_rows("t", s, counts)


def test_too_few_rows_to_measure_on_are_said() -> None:
    assert splits.few_rows("test", 1).startswith("1 test row to measure on: a score is known to +-98 points")
    assert "20 validation rows to measure on: a score is known to +-22 points" in splits.few_rows("validation", 20)
    assert splits.few_rows("test", 100) == ""


def test_rows_of_one_set_come_once_each() -> None:
    rows = [_example("a"), _example("b"), _example("a"), _example("a", "other")]
    assert [e.id for e in splits.distinct("rows", rows)] == ["a/g", "b/g", "a/other"]
    with pytest.raises(UserError, match="task rows: duplicate id '7' on two different rows"):
        list(splits.distinct("rows", [_example("a", id="7"), _example("b", id="7")]))


@pytest.mark.parametrize(
    "change",
    [
        lambda e: Example(e.id, e.prompt, e.gold + " "),
        lambda e: Example(e.id + "x", e.prompt, e.gold),
        lambda e: Example(e.id, e.prompt, e.gold, reference=3),
        lambda e: Example(e.id, e.prompt, e.gold, meta={"a": 1}),
        lambda e: Example(e.id, [{"role": "system", "content": ""}, *e.prompt], e.gold),
        lambda e: Example(e.id, e.prompt, e.gold, tools=[{"name": "f"}]),
    ],
)
def test_the_digest_changes_with_every_part_of_a_row(change: Callable[[Example], Example], read: Read) -> None:
    rows = [_example("a"), _example("b")]
    _, before = read({"train": rows}, "train")
    assert before.digest == read({"train": list(rows)}, "train")[1].digest
    assert before.digest != read({"train": [rows[0], change(rows[1])]}, "train")[1].digest
    assert before.digest != read({"train": rows[::-1]}, "train")[1].digest
    assert before.digest != read({"train": rows}, "train", 1)[1].digest


def test_a_row_left_out_does_not_change_the_digest(read: Read) -> None:
    plain = read({"train": [_example("a")]}, "train")[1].digest
    rows: Rows = {"train": [_example("a"), _example("a"), _example("t")], "test": [_example("t")]}
    assert read(rows, "train")[1].digest == plain


def test_a_broken_line_is_named_and_nothing_counts_as_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a", "gold": "b"}\n\n{"prompt": "c", "gold": \n', encoding="utf-8")
    task = tasks.load({"name": "rows", "path": str(path)})
    for _ in range(2):
        with pytest.raises(UserError, match=r"rows\.jsonl:3: not JSON .*expected one JSON object a line"):
            splits.write(task, tmp_path / "data", "k", None)
    assert splits.counts(tmp_path / "data") is None


def test_an_empty_file_is_an_empty_data_set(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n\n")
    task = tasks.load({"name": "rows", "path": str(tmp_path / "rows.jsonl")})
    counts = splits.write(task, tmp_path / "data", "k", None)
    with pytest.raises(UserError, match="task rows: no rows in its train split; give it data"):
        splits.require_rows(task.name, "train", counts["train"])


def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "rows.jsonl"
    with path.open("w") as file:
        for i in range(1500):
            file.write(json.dumps({"prompt": f"{i} " + "long " * 2000, "gold": "g"}) + "\n")
    task = tasks.load({"name": "rows", "path": {s: str(path) for s in ("train", "validation", "test")}})
    tracemalloc.start()
    counts = splits.write(task, tmp_path / "data", "k", None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [counts[s].in_evaluation_split for s in splits.ORDER] == [0, 1500, 1500]
    assert path.stat().st_size > 15e6
    assert peak < 2e6
