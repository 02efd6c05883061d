"""JSON lines: what is read back, and the line that a message names."""

from pathlib import Path

import pytest

from s3ft.data import jsonl
from s3ft.types import UserError


def _file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    return path


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    rows = [{"id": 1, "text": "naïve\u2028line\nbreak"}, {"id": 2, "text": "\ud800 alone"}]
    assert jsonl.write_whole(tmp_path / "new" / "rows.jsonl", rows) == 2
    assert list(jsonl.read(tmp_path / "new" / "rows.jsonl")) == rows


def test_blank_lines_and_a_byte_order_mark_are_skipped_and_line_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    path = _file(tmp_path, b'\xef\xbb\xbf{"a": 1}\r\n\n   \n{"a": 2}')
    assert list(jsonl.numbered(path)) == [(1, {"a": 1}), (4, {"a": 2})]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"a": 1', "rows.jsonl:2: not JSON"),
        (b'{"a": "\xff"}', "rows.jsonl:2: not UTF-8 (byte 0xff at column 8)"),
        (b"[1]", "rows.jsonl:2: found list"),
        (b'{"b": 1, "c": 2}', "rows.jsonl:2: no field 'a'; fields found: b, c"),
        (b"[" * 100_000, "rows.jsonl:2: not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "rows.jsonl:2: not JSON"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, says: str) -> None:
    path = _file(tmp_path, b'{"a": 1}\n' + line + b"\n")
    with pytest.raises(UserError, match="rows") as found:
        list(jsonl.read(path, required=("a",)))
    assert says in str(found.value)
    assert "\n" not in str(found.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.jsonl: cannot be read"):
        list(jsonl.read(tmp_path / "none.jsonl"))


def test_a_file_has_its_name_only_when_whole(tmp_path: Path) -> None:
    def rows():  # type: ignore[no-untyped-def]
        yield {"a": 1}
        raise RuntimeError

    with pytest.raises(RuntimeError):
        jsonl.write_whole(tmp_path / "rows.jsonl", rows())
    assert not (tmp_path / "rows.jsonl").exists()
