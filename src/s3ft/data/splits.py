"""The rows of a task, each once: duplicates and prompts that stand in two splits are counted and left out."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import ValidationError, validate_call

from s3ft import plugins
from s3ft.digest import digest
from s3ft.types import Example, Split, Task, UserError


def open_task(spec: dict[str, Any]) -> Task:
    """The task for {"name": ..., option: value}. Raises UserError for an unknown name or option."""
    options = dict(spec)
    name = options.pop("name")
    make = plugins.load("task", name)
    known = list(inspect.signature(make).parameters)
    for option in options:
        if option not in known:
            raise UserError(plugins.unknown(f"option of task {name}", option, known))
    missing = [p.name for p in inspect.signature(make).parameters.values() if p.default is p.empty]
    for option in missing:
        if option not in options:
            raise UserError(f"task {name!r} needs the option {option!r}; add task.{option}=...")
    try:
        task: Task = validate_call(config={"arbitrary_types_allowed": True})(make)(**options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UserError(
            f"task {name!r}: option {first['loc'][0]!r} is {first['input']!r}; {first['msg'].lower()}"
        ) from error
    return task


_HELD: dict[Split, tuple[Split, ...]] = {"train": ("test", "validation"), "validation": ("test",), "test": ()}
"""The splits that a prompt of this one must not stand in."""


@dataclass
class Counts:
    """What was left out while reading."""

    rows: int = 0
    duplicates: int = 0
    in_two_splits: int = 0
    digest: str = ""
    """SHA-256 over the rows, in order."""
    _hash: Any = field(default_factory=hashlib.sha256, repr=False)

    def add(self, example: Example) -> None:
        self.rows += 1
        self._hash.update(digest(asdict(example)).encode())
        self.digest = self._hash.hexdigest()


def examples(task: Task, split: Split, limit: int | None = None, counts: Counts | None = None) -> Iterator[Example]:
    """Streams the rows of a split, at most `limit`; `counts` is filled on the way.

    A prompt that stands in two splits is kept for test before validation before training, so that what is measured
    was never trained on. Raises UserError for an empty split and for one id with two contents."""
    counts = counts if counts is not None else Counts()
    held = _HELD[split]
    taken = {_prompt_key(e) for other in held for e in task.rows(other)}
    rows: set[bytes] = set()
    ids: set[str] = set()
    for example in task.rows(split):
        if limit is not None and counts.rows >= limit:
            break
        prompt = _prompt_key(example)
        row = hashlib.blake2b(prompt + example.gold.encode("utf-8", "replace"), digest_size=16).digest()
        if row in rows:
            counts.duplicates += 1
        elif prompt in taken:
            counts.in_two_splits += 1
        elif example.id in ids:
            raise UserError(f"task {task.name}: the id {example.id!r} stands on two different rows; make ids unique")
        else:
            rows.add(row)
            ids.add(example.id)
            counts.add(example)
            yield example
    if not counts.rows:
        raise UserError(f"task {task.name}: no rows in its {split} split; give it data, or another split")


def _prompt_key(example: Example) -> bytes:
    return bytes.fromhex(digest([example.prompt, example.tools]))[:16]
