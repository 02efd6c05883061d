"""Databases that a program keeps in files: SQLite would read and write them itself, so they are held in memory."""

from __future__ import annotations

import itertools
import sqlite3
from typing import Any

from . import files

_connect: Any = sqlite3.connect
_held: dict[str, tuple[str, Any]] = {}
"""The name in memory, and a connection that keeps it alive, by absolute path."""
_numbers = itertools.count()


def install() -> None:
    sqlite3.connect = sqlite3.dbapi2.connect = _opened


def _opened(database: Any, *rest: Any, **named: Any) -> Any:
    is_file = database not in (":memory:", "") and not str(database).startswith("file:")
    whole = files.made(database) if is_file else None
    if whole is None:
        return _connect(database, *rest, **named)
    if whole not in _held or whole not in files.FILES:
        name = f"file:database-{next(_numbers)}?mode=memory&cache=shared"
        _held[whole] = name, _connect(name, uri=True, check_same_thread=False)
        files.FILES.setdefault(whole, bytearray(b"SQLite format 3\0"))
    return _connect(_held[whole][0], *rest, **{**named, "uri": True})
