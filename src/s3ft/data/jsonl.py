"""JSON lines: read with errors that name file and line, written whole."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from s3ft.data import atomic
from s3ft.types import UserError

Row = dict[str, Any]


def read(path: Path | str, required: Sequence[str] = ()) -> Iterator[Row]:
    """Rows of a file, one at a time; blank lines are skipped. Raises UserError naming file, line and field."""
    return (row for _, row in numbered(path, required))


def numbered(path: Path | str, required: Sequence[str] = ()) -> Iterator[tuple[int, Row]]:
    """As `read`, each row with its line number in the file, from 1."""
    try:
        with gzip.open(path, "rb") if str(path).lower().endswith(".gz") else Path(path).open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _row(line, f"{path}:{number}", required)
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read ({said}); give a file of JSON lines") from error


def write_whole(path: Path | str, rows: Iterable[Any]) -> int:
    """Writes one line a row to a file that takes its name only when all of it is there. Returns the number of rows."""
    count = 0
    with atomic.whole(Path(path)) as file:
        for row in rows:
            atomic.write_line(file, row)
            count += 1
    return count


def _row(line: bytes, place: str, required: Sequence[str]) -> Row:
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{place}: not UTF-8 (byte 0x{line[error.start]:02x} at column {error.start + 1}); save the file as UTF-8"
        ) from error
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: not JSON ({error}); expected one JSON object a line") from error
    if not isinstance(row, dict):
        raise UserError(f"{place}: found {type(row).__name__}, expected one JSON object a line")
    for name in required:
        if name not in row:
            raise UserError(f"{place}: no field {name!r}; fields found: {', '.join(row) or 'none'}; add it")
    return row
