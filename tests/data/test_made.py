"""What a stage made counts only for its key, and only while the files beside it are what was written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from s3ft.data import made


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """The facts of two files, one of them in a sister folder."""
    folder = tmp_path / "records"
    for file in (folder / "a.jsonl", tmp_path / "train" / "a.jsonl"):
        file.parent.mkdir()
        file.write_text("one\n")
    made.write(folder / "a.json", {"key": "k", "rows": 1}, [folder / "a.jsonl", tmp_path / "train" / "a.jsonl"])
    return folder / "a.json"


def test_facts_come_back_for_the_key_they_were_made_under(facts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for found in (made.read(facts), made.read(facts, "k")):
        assert found is not None
        assert (found["key"], found["rows"]) == ("k", 1)
    assert made.read(facts, "other") is None
    assert made.read(facts.with_name("none.json")) is None
    assert capsys.readouterr().err == ""


def test_a_folder_that_was_moved_keeps_its_facts(facts: Path, tmp_path: Path) -> None:
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert made.read(moved / "records" / "a.json", "k") is not None


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: f.write_text("{"), "a.json: damaged"),
        (lambda f: f.write_text('["key"]'), "a.json: damaged"),
        (lambda f: f.write_text('{"key": "k"}'), "a.json: damaged"),
        (lambda f: f.write_bytes(b"\xff\xfe"), "a.json: damaged"),
        (lambda f: f.with_suffix(".jsonl").write_text("two\n"), "a.jsonl: damaged or changed"),
        (lambda f: f.with_suffix(".jsonl").write_text(""), "a.jsonl: damaged or changed"),
        (lambda f: f.with_suffix(".jsonl").unlink(), "a.jsonl: missing"),
        (lambda f: (f.parents[1] / "train" / "a.jsonl").unlink(), "train/a.jsonl: missing"),
    ],
)
def test_what_is_damaged_or_missing_is_named_in_a_line_and_does_not_count(
    facts: Path, damage: Callable[[Path], object], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(facts)
    assert made.read(facts, "k") is None
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.rstrip().endswith(says)
