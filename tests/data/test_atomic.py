"""Files appear whole or not at all, and a failure to write is one line."""

import io
import json
from pathlib import Path

import pytest

from s3ft.data import atomic
from s3ft.types import UserError


def test_a_file_has_its_name_only_when_the_block_ended_well(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    with atomic.whole(path) as file:
        file.write("half")
        file.flush()
        assert not path.exists()
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


def test_what_stood_there_stays_where_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic.whole(path) as file:
        file.write(str(1 / 0))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_has_its_name_only_when_the_block_ended_well(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    with pytest.raises(ZeroDivisionError), atomic.whole_folder(path) as folder:
        (folder / "a.txt").write_text(str(1 / 0))
    assert list(path.parent.iterdir()) == []
    (path.parent / "folder.partial").mkdir()
    (path.parent / "folder.partial" / "of a process that was killed").write_text("")
    with atomic.whole_folder(path) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "a.txt").write_text("whole")
        assert not path.exists()
    assert [str(p.relative_to(path.parent)) for p in path.parent.rglob("*.txt")] == ["folder/inner/a.txt"]
    with pytest.raises(UserError, match=r"new/folder: is there already"), atomic.whole_folder(path):
        raise AssertionError


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/a\.json: cannot be written \(") as found:
        atomic.write_json(tmp_path / "file" / "a.json", 1)
    assert "\n" not in str(found.value)


def test_a_full_disk_is_one_line_and_leaves_no_half_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    says = r"a\.txt: cannot be written \(No space left on device\); free some space"
    with pytest.raises(UserError, match=says), atomic.whole(path), open("/dev/full", "w", buffering=1) as full:
        full.write("line\n")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_of_the_work_inside_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError), atomic.whole(tmp_path / "a.txt"):
        raise ConnectionError("the server is gone")
    with pytest.raises(FileNotFoundError), atomic.whole(tmp_path / "a.txt"):
        (tmp_path / "weights").read_bytes()


def test_json_comes_back_and_stays_readable(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, "ü"], "b": {"c": True}}
    atomic.write_json(tmp_path / "a.json", value)
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == value
    assert "ü" in (tmp_path / "a.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["plain", "ü\u2028\x00\n", "\ud800 alone", "𝔘"])
def test_a_line_is_one_line_of_utf8(text: str) -> None:
    file = io.StringIO()
    atomic.write_line(file, {"text": text})
    line = file.getvalue()
    assert line.count("\n") == 1
    assert json.loads(line.encode("utf-8")) == {"text": text}
