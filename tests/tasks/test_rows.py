"""Your own rows: columns, templates and the usual forms become examples; splits are stable; a bad row is named."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3ft import tasks
from s3ft.data import readers
from s3ft.types import Example, Split, UserError

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def _file(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return str(path)


def _many(number: int, **more: Any) -> list[dict[str, Any]]:
    return [{"prompt": f"question {i}", "gold": f"gold {i}", **more} for i in range(number)]


def _all(spec: dict[str, Any]) -> list[Example]:
    task = tasks.load({"name": "rows", **spec})
    return [e for split in SPLITS for e in task.rows(split)]


def _one(tmp_path: Path, row: dict[str, Any], **options: Any) -> Example:
    (found,) = _all({"path": _file(tmp_path / "rows.jsonl", [row]), **options})
    return found


def test_columns_become_an_example(tmp_path: Path) -> None:
    row = {"q": "2+2?", "a": "It is 4.", "final": 4, "level": 2, "more": {"x": 1}, "id": 17}
    found = _one(tmp_path, row, prompt="q", gold="a", reference="final", system="Be brief.")
    assert found.id == "17"
    assert found.prompt == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}]
    assert (found.gold, found.reference) == ("It is 4.", 4)
    assert found.meta == {"q": "2+2?", "a": "It is 4.", "final": 4, "level": 2, "id": 17}


def test_the_gold_is_the_reference_where_none_is_named_and_zero_is_a_reference(tmp_path: Path) -> None:
    assert _one(tmp_path, {"prompt": "p", "gold": "g"}).reference == "g"
    assert _one(tmp_path, {"prompt": "p", "gold": "g", "r": 0}, reference="r").reference == 0
    assert _one(tmp_path, {"prompt": "p", "gold": "g", "r": ["a", "b"]}, reference="r").reference == ["a", "b"]


@pytest.mark.parametrize(
    ("template", "content"),
    [
        ("Question: {q}\nAnswer:", "Question: what is {a} {b}?\nAnswer:"),
        ('{q} Answer as {"answer": 1} or { }.', 'what is {a} {b}? Answer as {"answer": 1} or { }.'),
        ("{q} {q}", "what is {a} {b}? what is {a} {b}?"),
    ],
)
def test_a_template_is_filled_once_and_braces_in_the_row_or_around_stay(
    tmp_path: Path, template: str, content: str
) -> None:
    row = {"q": "what is {a} {b}?", "gold": "g"}
    assert _one(tmp_path, row, prompt=template).prompt == [{"role": "user", "content": content}]


def test_a_column_can_tell_kinds_of_rows_apart(tmp_path: Path) -> None:
    spec = {"name": "rows", "path": _file(tmp_path / "rows.jsonl", _many(3, kind="hard")), "stratum": "kind"}
    task = tasks.load(spec)
    assert task.stratum == "kind"
    assert {e.meta[task.stratum] for split in SPLITS for e in task.rows(split)} == {"hard"}
    with pytest.raises(UserError, match="no column 'kin'; columns found: prompt, gold, kind"):
        list(tasks.load({**spec, "stratum": "kin"}).rows("train"))


def test_a_column_is_never_taken_for_a_template(tmp_path: Path) -> None:
    row = {"prompt": "repeat {gold} and {nothing}", "gold": "g"}
    assert _one(tmp_path, row).prompt[0]["content"] == "repeat {gold} and {nothing}"


def test_messages_are_taken_as_they_are(tmp_path: Path) -> None:
    turns = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": {}}}]},
        {"role": "tool", "content": "3", "name": "f"},
        {"role": "user", "content": "and now?"},
    ]
    tools = [{"type": "function", "function": {"name": "f"}}]
    found = _one(tmp_path, {"prompt": turns, "gold": "g", "tools": tools})
    assert found.prompt == turns
    assert found.tools == tools


@pytest.mark.parametrize(
    ("row", "prompt", "gold"),
    [
        ({"prompt": "q", "completion": "a"}, [("user", "q")], "a"),
        (
            {
                "prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}],
                "completion": [{"role": "assistant", "content": "a"}],
            },
            [("system", "s"), ("user", "q")],
            "a",
        ),
        (
            {"messages": [{"role": r, "content": c} for r, c in zip(("user", "assistant") * 2, "qarb", strict=True)]},
            [("user", "q"), ("assistant", "a"), ("user", "r")],
            "b",
        ),
        ({"instruction": "Sum.", "input": "1 2", "output": "3"}, [("user", "Sum.\n\n1 2")], "3"),
        (
            {"instruction": "Sum.", "input": "", "output": "3", "system": "s"},
            [("system", "s"), ("user", "Sum.")],
            "3",
        ),
        (
            {"conversations": [{"from": f, "value": v} for f, v in (("system", "s"), ("human", "q"), ("gpt", "a"))]},
            [("system", "s"), ("user", "q")],
            "a",
        ),
    ],
)
def test_the_usual_forms_are_told_by_their_columns(
    tmp_path: Path, row: dict[str, Any], prompt: list[tuple[str, str]], gold: str
) -> None:
    found = _one(tmp_path, row)
    assert [(m["role"], m["content"]) for m in found.prompt] == prompt
    assert (found.gold, found.reference) == (gold, gold)


@pytest.mark.parametrize(
    ("row", "options", "prompt", "gold", "reference", "mapping"),
    [
        ({"question": "q", "answer": "a"}, {}, "q", "a", "a", "prompt from question, gold from answer"),
        ({"question": "q", "answer": 4}, {}, "q", "4", "4", "prompt from question, gold from answer"),
        (
            {
                "id": "7",
                "title": "t",
                "context": "c",
                "question": "q",
                "answers": {"text": ["a", "b", "a"], "start": [1]},
            },
            {},
            *("c\n\nq", "a", ["a", "b"]),
            "prompt from context and question, gold from answers (a list: the first is the gold, any is right)",
        ),
        ({"question": "q", "answers": ["a"]}, {}, "q", "a", "a", "prompt from question, gold from answers"),
        (
            {"problem": "q", "solution": "so 4", "answer": 4},
            {},
            *("q", "so 4", 4),
            "prompt from problem, gold from solution, compared with answer",
        ),
        ({"instruction": "i", "context": "", "response": "r"}, {}, "i", "r", "r", "gold from response"),
        (
            {"q": {"text": "q"}, "a": {"text": ["x", "y"]}},
            {"prompt": "q.text", "gold": "a.text"},
            *("q", "x", ["x", "y"]),
            "prompt from q.text, gold from a.text (a list: the first is the gold, any is right)",
        ),
        (
            {"q": "q", "a": [{"text": "x"}, {"text": "y"}]},
            {"prompt": "{q}?", "gold": "a.text", "reference": "a.text"},
            *("q?", "x", ["x", "y"]),
            "prompt from the template over q, gold from a.text (a list: the first is the gold, any is right), compared "
            "with a.text",
        ),
        ({"a.b": "q", "gold": "g"}, {"prompt": "a.b"}, "q", "g", "g", "prompt from a.b, gold from gold"),
        (
            {"q": "q", "gold": "g", "final": {"text": ["x"]}},
            {"prompt": "{q}", "reference": "final"},
            *("q", "g", ["x"]),
            "compared with final",
        ),
    ],
)
def test_data_is_taken_as_it_is_and_what_was_understood_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    row: dict[str, Any],
    options: dict[str, Any],
    prompt: str,
    gold: str,
    reference: Any,
    mapping: str,
) -> None:
    found = _one(tmp_path, row, **options)
    assert (found.prompt[0]["content"], found.gold, found.reference) == (prompt, gold, reference)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("data: ")
    assert said[0].endswith(mapping)


def test_an_id_is_the_row_s_own_or_depends_on_its_content_alone(tmp_path: Path) -> None:
    rows = _many(30)
    first = {e.prompt[0]["content"]: e.id for e in _all({"path": _file(tmp_path / "a.jsonl", rows)})}
    turned = [dict(reversed(r.items())) | {"note": i} for i, r in enumerate(reversed(rows))]
    second = {e.prompt[0]["content"]: e.id for e in _all({"path": _file(tmp_path / "b.jsonl", turned)})}
    assert first == second
    assert len(set(first.values())) == 30


def test_rows_that_differ_in_their_tools_alone_have_ids_of_their_own(tmp_path: Path) -> None:
    rows = [{**_many(1)[0], "tools": [{"name": n}]} for n in "ab"] + [{**_many(1)[0], "tools": []}]
    found = _all({"path": _file(tmp_path / "a.jsonl", rows)})
    assert len({e.id for e in found}) == 3
    assert found[2].tools is None


def test_a_file_is_split_by_a_hash_of_the_prompt_into_90_5_5(tmp_path: Path) -> None:
    path = _file(tmp_path / "rows.jsonl", _many(4000))
    task = tasks.load({"name": "rows", "path": path})
    found = {split: [e.prompt[0]["content"] for e in task.rows(split)] for split in SPLITS}
    assert sorted(t for texts in found.values() for t in texts) == sorted(f"question {i}" for i in range(4000))
    # five standard deviations of a binomial with p = .05 are 69 rows
    assert abs(len(found["test"]) - 200) < 69
    assert abs(len(found["validation"]) - 200) < 69
    # SHA-256 of the prompt as a fraction: validation from .9 (0.e666... in hex), test from .95 (0.f333...)
    assert found["test"] == [t for t in map("question {}".format, range(4000)) if _hex(t) >= "f333"]
    assert found["validation"] == [t for t in map("question {}".format, range(4000)) if "e666" <= _hex(t) < "f333"]
    more = _file(tmp_path / "more.jsonl", [{"prompt": "new", "gold": "g"}, *reversed(_many(4000, note=1))])
    again = tasks.load({"name": "rows", "path": more})
    for split in SPLITS:
        assert {e.prompt[0]["content"] for e in again.rows(split)} - {"new"} == set(found[split])


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("train", "test"), {"train": (80, 90), "validation": (10, 20), "test": (7, 7)}),
        (("train", "validation"), {"train": (70, 80), "validation": (7, 7), "test": (20, 30)}),
        (("train", "validation", "test"), {"train": (100, 100), "validation": (7, 7), "test": (7, 7)}),
        (("train",), {"train": (50, 70), "validation": (10, 20), "test": (20, 30)}),
    ],
)
def test_only_splits_that_are_not_given_are_taken_from_the_training_rows(
    tmp_path: Path, given: tuple[str, ...], expected: dict[Split, tuple[int, int]]
) -> None:
    path = {s: _file(tmp_path / f"{s}.jsonl", _many(100 if s == "train" else 7)) for s in given}
    task = tasks.load({"name": "rows", "path": path})
    for split, (low, high) in expected.items():
        assert low <= len(list(task.rows(split))) <= high


@pytest.mark.parametrize(
    ("row", "options", "says"),
    [
        (
            {"question": "q", "topic": "g"},
            {},
            "columns found: question, topic; none of the known forms (messages; prompt",
        ),
        ({"prompt": "q", "gold": None}, {}, "none of the known forms"),
        ({"q": "q", "gold": "g"}, {"prompt": "prompt"}, "no column 'prompt'; columns found: q, gold; name yours in"),
        ({"prompt": "q", "gold": "g"}, {"gold": "answer"}, "no column 'answer'; columns found: prompt, gold"),
        ({"prompt": "q", "gold": "g"}, {"reference": "final"}, "no column 'final'; columns found: prompt, gold"),
        ({"prompt": "q", "gold": "g"}, {"prompt": "Q: {question}"}, "no column 'question'; columns found: prompt"),
        ({"prompt": " ", "gold": "g"}, {}, "column 'prompt' holds ' ', expected text or a list of messages"),
        ({"prompt": 7, "gold": "g"}, {}, "column 'prompt' holds 7"),
        ({"prompt": [], "gold": "g"}, {}, "column 'prompt' holds []"),
        ({"prompt": ["q"], "gold": "g"}, {}, "column 'prompt' holds ['q']"),
        ({"prompt": [{"role": "assistant", "content": "a"}], "gold": "g"}, {}, "ends with a turn of 'assistant'"),
        ({"prompt": [{"role": "user", "text": "a"}], "gold": "g"}, {}, "expected text or a list of messages"),
        (
            {"prompt": [{"role": "user", "content": [{"type": "image"}]}], "gold": "g"},
            {},
            "ends with [{'type': 'image'}]",
        ),
        ({"prompt": "q", "gold": "\n"}, {}, "column 'gold' holds '\\n', expected text"),
        ({"prompt": "q", "gold": True}, {}, "column 'gold' holds True, expected text"),
        ({"prompt": "q", "gold": {"text": []}}, {}, "column 'gold' holds {'text': []}, expected text"),
        ({"prompt": "q", "gold": "g", "tools": "none"}, {}, "column 'tools' holds 'none', which is not JSON"),
        (
            {"messages": [{"role": "user", "content": "q"}]},
            {},
            "column 'messages' has one message",
        ),
        ({"messages": [{"role": "assistant", "content": "a"}]}, {}, "column 'messages' has one message"),
        ({"conversations": [{"from": "robot", "value": "x"}]}, {}, "'conversations' holds {'from': 'robot'"),
        ({"instruction": "q", "output": ""}, {}, "column 'output' holds ''"),
    ],
)
def test_a_row_that_is_no_example_is_named(
    tmp_path: Path, row: dict[str, Any], options: dict[str, Any], says: str
) -> None:
    fine = {"prompt": "p", "gold": "g", "question": "q", "final": "f", "answer": "a"}
    path = {"train": _file(tmp_path / "rows.jsonl", [fine, row])}
    with pytest.raises(UserError) as found:
        _all({"path": path, **options})
    assert "rows.jsonl row 2" in str(found.value)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ({"test": "a.jsonl"}, "path: found test; expected train, and test and validation"),
        ({"train": "a.jsonl", "dev": "b.jsonl"}, "path: found train, dev; expected train"),
        ("none.jsonl", "none.jsonl: cannot be read (No such file or directory)"),
        ("none.csv", "none.csv: no such file; give a .jsonl"),
    ],
)
def test_a_path_that_leads_nowhere_is_named(path: Any, says: str) -> None:
    with pytest.raises(UserError) as found:
        _all({"path": path})
    assert says in str(found.value)


@pytest.mark.parametrize("answer", [None, float("nan"), ""])
def test_rows_that_lack_an_answer_are_counted(tmp_path: Path, answer: Any) -> None:
    rows = [{"question": f"{i}?", "answer": answer if i in (7, 9) else "a"} for i in range(24)]
    path = _file(tmp_path / "rows.jsonl", rows)
    for columns in ({}, {"prompt": "question", "gold": "answer"}):
        with pytest.raises(UserError, match=r"rows\.jsonl row 8: .*\(2 of 24 rows cannot be read\)"):
            _all({"name": "rows", "path": path, **columns})


def test_a_column_of_ids_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = _file(tmp_path / "rows.jsonl", [{"question": f"{i}?", "answer": "a", "nr": i} for i in range(24)])
    assert {e.id for e in _all({"name": "rows", "path": path, "id": "nr"})} <= {str(i) for i in range(24)}
    with pytest.raises(UserError, match="no column 'number'; columns found: question, answer, nr"):
        _all({"name": "rows", "path": path, "id": "number"})


def test_rows_are_streamed(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    _file(path, _many(450))
    with path.open("a") as file:
        file.write("not JSON\n")
    rows: Iterator[Example] = tasks.load({"name": "rows", "path": str(path)}).rows("train")
    assert next(rows).prompt[0]["content"] == "question 0"
    with pytest.raises(UserError, match=r"rows\.jsonl:451: not JSON"):
        list(rows)


def test_cells_of_a_table_stay_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('prompt,gold,level\n"a, ""b""",g,3\nnext,h,\n', encoding="utf-8")
    (tmp_path / "a.tsv").write_text("prompt\tgold\tlevel\na, b\tg\t3\n", encoding="utf-8")
    assert list(readers.file(str(tmp_path / "a.csv"))) == [
        {"prompt": 'a, "b"', "gold": "g", "level": "3"},
        {"prompt": "next", "gold": "h", "level": ""},
    ]
    assert list(readers.file(str(tmp_path / "a.tsv"))) == [{"prompt": "a, b", "gold": "g", "level": "3"}]
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 is not enough")
    with pytest.raises(UserError, match=r"bad\.parquet: cannot be read as parquet") as found:
        list(readers.file(str(tmp_path / "bad.parquet")))
    assert "\n" not in str(found.value)


def test_a_data_set_for_each_split_is_read_from_its_own_split_where_it_has_one(tmp_path: Path) -> None:
    for name, given in (("ours", ("train", "test")), ("theirs", ("train", "test")), ("single", ("train",))):
        (tmp_path / name).mkdir()
        for split in given:
            _file(tmp_path / name / f"{split}.jsonl", [{"prompt": f"{name} {split}?", "gold": "yes"}])

    def read(**where: str) -> list[str]:
        path = {split: str(tmp_path / name) for split, name in where.items()}
        return [e.prompt[0]["content"] for e in _all({"path": path})]

    assert read(train="ours", validation="single", test="theirs") == ["ours train?", "single train?", "theirs test?"]
