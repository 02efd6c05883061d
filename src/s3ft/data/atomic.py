"""Files that appear whole: a temporary name, fsync, rename."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from s3ft.types import UserError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


@contextmanager
def whole(path: Path) -> Iterator[TextIO]:
    """A text file that takes its name only when the block ends well. Raises UserError if it cannot be written."""
    if path.is_dir():
        raise UserError(f"{path}: found a folder, expected the name of a file")
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = partial.open("w", encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        # The block's own work may have failed too: only what a full or failing disk gives is this file's.
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise _unwritable(path, error) from error
        raise


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder that takes its name only when the block ends well. Raises UserError if there is something of that name
    already, or it cannot be written."""
    if path.exists():
        raise UserError(f"{path}: is there already; name another folder, or delete it")
    partial = path.with_name(path.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield partial
        for place in [*partial.rglob("*"), partial]:
            handle = os.open(place, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
        partial.replace(path)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise _unwritable(path, error) from error
        raise


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path}: cannot be written ({error.strerror}); free some space or choose another folder")


def write_json(path: Path, value: Any) -> None:
    with whole(path) as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")


def write_line(file: TextIO, value: Any) -> None:
    """One line of JSON; lone surrogates, which UTF-8 has no bytes for, are escaped."""
    try:
        line = json.dumps(value, ensure_ascii=False)
        line.encode("utf-8")
    except UnicodeEncodeError:
        line = json.dumps(value)
    file.write(line + "\n")
