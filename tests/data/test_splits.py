import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3ft.data import splits
from s3ft.types import Example, Split, Task, UserError

Rows = dict[Split, list[Example]]


def _example(prompt: str, gold: str = "g", id: str | None = None) -> Example:
    return Example(id or f"{prompt}/{gold}", [{"role": "user", "content": prompt}], gold)


def _task(rows: Rows) -> Task:
    def stream(split: Split) -> Iterator[Example]:
        return iter(rows.get(split, []))

    return Task("t", stream, "exact", "")


def _read(rows: Rows, split: Split, limit: int | None = None) -> tuple[list[str], splits.Counts]:
    counts = splits.Counts()
    found = [e.id for e in splits.examples(_task(rows), split, limit, counts)]
    return found, counts


def test_a_row_that_comes_twice_is_kept_once_and_counted() -> None:
    rows: Rows = {"train": [_example("a"), _example("b"), _example("a"), _example("a", "other"), _example("a")]}
    found, counts = _read(rows, "train")
    assert found == ["a/g", "b/g", "a/other"]
    assert (counts.rows, counts.duplicates, counts.in_two_splits) == (3, 2, 0)


def test_the_same_row_under_two_ids_is_one_row() -> None:
    found, counts = _read({"train": [_example("a", id="1"), _example("a", id="2")]}, "train")
    assert (found, counts.duplicates) == (["1"], 1)


def test_a_prompt_in_two_splits_is_kept_where_it_is_measured() -> None:
    rows: Rows = {
        "train": [_example(p) for p in "abcd"],
        "validation": [_example(p, "another gold") for p in "bce"],
        "test": [_example(p) for p in "cf"],
    }
    assert _read(rows, "test")[0] == ["c/g", "f/g"]
    found, counts = _read(rows, "validation")
    assert (found, counts.in_two_splits) == (["b/another gold", "e/another gold"], 1)
    found, counts = _read(rows, "train")
    assert (found, counts.in_two_splits) == (["a/g", "d/g"], 2)


def test_the_same_words_with_other_tools_or_roles_are_another_prompt() -> None:
    turns = [{"role": "user", "content": "a"}]
    tools = [{"name": "f"}]
    train = [Example("1", turns, "g"), Example("2", turns, "g", tools=tools), Example("3", [*turns, *turns], "g")]
    found, counts = _read({"train": train, "test": [Example("4", turns, "g", tools=tools)]}, "train")
    assert (found, counts.duplicates, counts.in_two_splits) == (["1", "3"], 0, 1)


@given(
    st.fixed_dictionaries(
        {
            s: st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy")), max_size=8)
            for s in ("train", "test")
        }
    )
)
def test_no_prompt_is_both_trained_on_and_measured_and_no_row_is_lost(
    drawn: dict[Split, list[tuple[str, str]]],
) -> None:
    rows: Rows = {split: [_example(p, g) for p, g in pairs] for split, pairs in drawn.items()}
    read: dict[Split, list[str]] = {}
    for split, pairs in drawn.items():
        if not pairs or (split == "train" and {p for p, _ in pairs} <= {p for p, _ in drawn["test"]}):
            with pytest.raises(UserError, match=f"no rows in its {split} split"):
                _read(rows, split)
            read[split] = []
            continue
        read[split], counts = _read(rows, split)
        assert counts.rows + counts.duplicates + counts.in_two_splits == len(pairs)
    trained, measured = ({i[0] for i in read[s]} for s in ("train", "test"))
    assert not trained & measured
    assert trained | measured == {p for pairs in drawn.values() for p, _ in pairs}


def test_the_limit_counts_rows_that_are_kept() -> None:
    rows: Rows = {"train": [_example(p) for p in "aabcbd"], "test": [_example("b")]}
    found, counts = _read(rows, "train", 2)
    assert (found, counts.rows) == (["a/g", "c/g"], 2)


def test_one_id_on_two_rows_is_refused_with_the_id() -> None:
    with pytest.raises(UserError, match="the id '7' stands on two different rows; make ids unique"):
        _read({"train": [_example("a", id="7"), _example("b", id="7")]}, "train")


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_an_empty_split_is_refused(split: Split) -> None:
    rows: Rows = {s: [_example("a")] for s in ("train", "validation", "test") if s != split}  # type: ignore[misc]
    with pytest.raises(UserError, match=f"task t: no rows in its {split} split"):
        _read(rows, split)


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
def test_the_digest_changes_with_every_part_of_a_row(change: Callable[[Example], Example]) -> None:
    rows = [_example("a"), _example("b")]
    _, before = _read({"train": rows}, "train")
    assert before.digest == _read({"train": list(rows)}, "train")[1].digest
    assert before.digest != _read({"train": [rows[0], change(rows[1])]}, "train")[1].digest
    assert before.digest != _read({"train": rows[::-1]}, "train")[1].digest
    assert before.digest != _read({"train": rows}, "train", 1)[1].digest


def test_a_row_left_out_does_not_change_the_digest() -> None:
    plain = _read({"train": [_example("a")]}, "train")[1].digest
    rows: Rows = {"train": [_example("a"), _example("a"), _example("t")], "test": [_example("t")]}
    assert _read(rows, "train")[1].digest == plain


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"name": "row"}, "unknown task 'row': did you mean 'rows'?"),
        ({"name": "rows"}, "task 'rows' needs the option 'path'; add task.path=..."),
        ({"name": "rows", "path": "a.jsonl", "promt": "q"}, "option of task rows 'promt': did you mean 'prompt'?"),
        ({"name": "rows", "path": "a.jsonl", "prompt": {"question": None}}, "option 'prompt' is {'question': None}; "),
        ({"name": "rows", "path": 3}, "option 'path' is 3; "),
        ({"name": "gsm8k", "path": ["a"]}, "option 'path' is ['a']; "),
    ],
)
def test_a_task_or_an_option_that_does_not_exist_is_one_line(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as found:
        splits.open_task(spec)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


def test_a_task_may_be_a_file_of_the_user_s(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from __future__ import annotations\n"
        "from s3ft.types import Example, Task\n"
        "def task(number: int, word='w') -> Task:\n"
        "    rows = lambda split: (Example(str(i), [], f'{word} {split}') for i in range(number))\n"
        "    return Task('mine', rows, 'exact', '')\n"
    )
    task = splits.open_task({"name": str(tmp_path / "mine.py"), "number": 2})
    assert [e.gold for e in task.rows("test")] == ["w test", "w test"]
    with pytest.raises(UserError, match="option 'number' is 'many'"):
        splits.open_task({"name": str(tmp_path / "mine.py"), "number": "many"})


def test_a_broken_line_is_named_whatever_the_split(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a", "gold": "b"}\n\n{"prompt": "c", "gold": \n', encoding="utf-8")
    task = splits.open_task({"name": "rows", "path": str(path)})
    for split in ("train", "validation", "test"):
        with pytest.raises(UserError, match=r"rows\.jsonl:3: not JSON .*expected one JSON object a line"):
            list(splits.examples(task, split))


def test_an_empty_file_is_an_empty_data_set(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n\n")
    task = splits.open_task({"name": "rows", "path": str(tmp_path / "rows.jsonl")})
    with pytest.raises(UserError, match="task rows: no rows in its train split; give it data"):
        list(splits.examples(task, "train"))


def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "rows.jsonl"
    with path.open("w") as file:
        for i in range(1500):
            file.write(json.dumps({"prompt": f"{i} " + "long " * 2000, "gold": "g"}) + "\n")
    task = splits.open_task({"name": "rows", "path": {"train": str(path), "validation": str(path), "test": str(path)}})
    tracemalloc.start()
    with pytest.raises(UserError, match="no rows in its train split"):
        list(splits.examples(task, "train"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 15e6
    assert peak < 2e6
