"""Files, folders and small sets: what is read, and what a name that leads nowhere says."""

import gzip
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from s3ft.data import readers
from s3ft.types import Message, Split, UserError

SPLITS = get_args(Split)
ROWS = [{"prompt": "p", "gold": "g"}, {"prompt": "q", "gold": "h"}]


def _prompt(row: dict[str, Any], place: str) -> list[Message]:
    return [{"role": "user", "content": row["prompt"]}]


def _split(path: Any) -> dict[Split, list[str]]:
    return {s: [row["prompt"] for row, _ in readers.rows(path, s, _prompt)] for s in SPLITS}


def _jsonl(path: Path, number: int) -> str:
    path.write_text("".join(json.dumps({"prompt": f"question {i}"}) + "\n" for i in range(number)))
    return str(path)


@pytest.mark.parametrize("number", [1, 2, 3, 5, 24, 60, 199, 399])
def test_a_small_set_has_rows_in_every_split(tmp_path: Path, number: int) -> None:
    found = _split(_jsonl(tmp_path / "a.jsonl", number))
    assert sorted(t for texts in found.values() for t in texts) == sorted(f"question {i}" for i in range(number))
    assert len(found["train"]) >= 1
    assert len(found["test"]) >= (min(20, -(-number // 5)) if number >= 2 else 0)
    assert len(found["validation"]) >= (min(20, -(-number // 10)) if number >= 3 else 0)
    assert len(found["train"]) >= number // 2
    assert found == _split(str(tmp_path / "a.jsonl"))


def test_a_growing_file_takes_no_row_from_test_that_a_larger_file_would_have_there(tmp_path: Path) -> None:
    """Only rows that filled a small split up leave it, one after another, and none ever goes from train to test."""
    sizes = (24, 25, 60, 200, 399, 400, 1000)
    found = [_split(_jsonl(tmp_path / f"{n}.jsonl", n)) for n in sizes]
    final = {s: set(texts) for s, texts in found[-1].items()}
    for number, part in zip(sizes, found, strict=True):
        rows = {f"question {i}" for i in range(number)}
        assert final["test"] & rows <= set(part["test"])
        assert final["validation"] & rows <= set(part["validation"]) | set(part["test"])
        assert set(part["train"]) <= final["train"]
    assert len(set(found[1]["test"]) - set(found[0]["test"])) <= 1


def test_equal_prompts_of_a_small_set_are_in_one_split(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    _jsonl(path, 24)
    path.write_text(path.read_text() * 3)
    found = _split(str(path))
    assert not set(found["train"]) & set(found["test"]) | set(found["train"]) & set(found["validation"])


@pytest.mark.parametrize("given", ["validation", "test"])
def test_a_small_set_fills_the_one_split_that_is_not_given(tmp_path: Path, given: Split) -> None:
    found = _split({"train": _jsonl(tmp_path / "a.jsonl", 24), given: _jsonl(tmp_path / "b.jsonl", 4)})
    assert len(found[given]) == 4
    other: Split = "test" if given == "validation" else "validation"
    assert len(found[other]) >= (5 if other == "test" else 3)
    assert len(found["train"]) + len(found[other]) == 24


TEXTS = {
    "a.jsonl": "".join(json.dumps(r) + "\n" for r in ROWS),
    "a.csv": "prompt,gold\np,g\nq,h\n",
    "semicolon.csv": "prompt;gold\np;g\nq;h\n",
    "tab.csv": "prompt\tgold\np\tg\nq\th\n",
    "bar.csv": "prompt|gold\np|g\nq|h\n",
    "a.tsv": "prompt\tgold\np\tg\nq\th\n",
    "a.json": json.dumps(ROWS),
}


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("name", TEXTS)
def test_every_form_holds_the_same_rows(tmp_path: Path, name: str, is_packed: bool) -> None:
    path = tmp_path / (name + ".gz" * is_packed)
    content = TEXTS[name].encode()
    path.write_bytes(gzip.compress(content, mtime=0) if is_packed else content)
    assert list(readers.file(str(path))) == ROWS


def test_what_save_to_disk_wrote_is_read(tmp_path: Path) -> None:
    from datasets import Dataset, DatasetDict

    rows = Dataset.from_list(ROWS)
    rows.save_to_disk(tmp_path / "one")
    DatasetDict({"train": rows, "test": rows.select([0])}).save_to_disk(tmp_path / "three")
    assert {len(v) for v in _split(str(tmp_path / "one")).values()} <= {0, 1, 2}
    assert [row for row, _ in readers.rows(str(tmp_path / "three"), "test", _prompt)] == ROWS[:1]
    assert sum(len(v) for v in _split({"train": str(tmp_path / "three")}).values()) == 2


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("none.jsonl", "cannot be read (No such file"),
        ("none.jsonl.gz", "cannot be read (No such file"),
        ("none.csv.gz", "no such file"),
        ("none.log", "no such file"),
        ("none.txt", "no such file"),
        ("data/none.gz", "no such file"),
        ("data/none.xlsx", "no such file"),
        ("/nowhere/rows", "no such file"),
        ("./rows", "no such file"),
        ("~/rows", "no such file"),
        ("data/train/rows", "no such file"),
    ],
)
def test_a_file_that_is_not_there_is_not_looked_for_on_the_hub(
    where: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(readers, "_of_hub", lambda *_: pytest.fail("asked the Hub"))
    with pytest.raises(UserError) as caught:
        _split(where)
    assert f"{where}: {says}" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"prompt", "found .txt, expected .jsonl"),
        ("rows", b"prompt", "found no ending, expected .jsonl"),
        ("a.jsonl.gz", b"no gzip", "cannot be read (Not a gzipped file"),
        ("a.jsonl.gz", gzip.compress(b'{"prompt": "p"}\n' * 99, mtime=0)[:-9], "cannot be read (Compressed file ended"),
        ("a.csv.gz", b"no gzip", "cannot be read as csv"),
        ("a.jsonl", '{"prompt": "p"}'.encode("utf-16"), "not UTF-8"),
        ("a.csv", "question,answer\nWo?,M\u00fcnchen\n".encode("latin-1"), "save it as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        list(readers.file(str(tmp_path / name)))
    assert name in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["squad", "openai/gsm8k:main", "org/data-v1.0", "org/set.v2"])
def test_a_hub_id_is_no_file(where: str) -> None:
    assert not readers.is_file(where)


def test_a_csv_row_with_more_values_than_columns_is_named(tmp_path: Path) -> None:
    """pandas would shift the columns without a word."""
    (tmp_path / "rows.csv").write_text("question,answer\n1 + 1?,2,extra\n")
    with pytest.raises(UserError, match=r"rows\.csv:2: found 3 values, expected 2 as in the header"):
        list(readers.file(str(tmp_path / "rows.csv")))


def test_values_of_a_csv_file_stay_the_text_that_they_are(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text('question,answer\r\n"2, and 2?",4\r\nWho?,007\r\nWhich?,NA\r\n', encoding="utf-8-sig")
    found = list(readers.file(str(path)))
    assert found == [
        {"question": "2, and 2?", "answer": "4"},
        {"question": "Who?", "answer": "007"},
        {"question": "Which?", "answer": "NA"},
    ]
