"""What a stage made: facts in JSON with the digests of the files beside them, checked before they are used."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from s3ft.data import atomic
from s3ft.digest import file_digest
from s3ft.progress import say


def write(path: Path, facts: dict[str, Any], files: Iterable[Path]) -> None:
    """Writes facts, among them "key", and the SHA-256 of `files`, named relative to the folder of `path`."""
    digests = {_relative(file, path.parent): file_digest(file) for file in files}
    atomic.write_json(path, {**facts, "files": digests})


def read(path: Path, key: str | None = None) -> dict[str, Any] | None:
    """The facts; None if there are none, or if they were made from something else than `key` stands for.

    None too, after a line that names it, for a file that is damaged or missing: the caller makes it again or stops."""
    if not path.is_file():
        return None
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        digests = dict(facts["files"])
    except (ValueError, KeyError, TypeError):
        _say(path, "damaged")
        return None
    if key is not None and facts.get("key") != key:
        return None
    for name, digest in digests.items():
        file = path.parent / name
        if not file.is_file():
            _say(file, "missing")
            return None
        if file_digest(file) != digest:
            _say(file, "damaged or changed")
            return None
    found: dict[str, Any] = facts
    return found


def _say(path: Path, what: str) -> None:
    say(f"{os.path.normpath(path)}: {what}")


def _relative(file: Path, folder: Path) -> str:
    """The path from a folder to a file that may be in a sister folder."""
    up = 0
    while not file.is_relative_to(folder):
        folder, up = folder.parent, up + 1
    return "/".join([*[".."] * up, file.relative_to(folder).as_posix()])
