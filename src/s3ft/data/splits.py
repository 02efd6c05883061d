"""The rows of a task, read once and written to a folder: each row once, and no prompt in two splits."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from s3ft.data import jsonl, made
from s3ft.digest import digest
from s3ft.types import Example, Split, Task, UserError

ORDER: tuple[Split, ...] = ("test", "validation", "train")
"""A prompt that is in two splits is kept in the first of these, so that what is measured was never trained on."""
FEW = 100
"""Rows to measure on below which recipes cannot be told apart."""
MOST_NAMED = 5
"""Rows that are named in a message."""


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """What reading one split found."""

    rows: int = 0
    duplicates: int = 0
    """Rows removed because prompt and gold are those of an earlier row."""
    in_evaluation_split: int = 0
    """Rows removed because the prompt is also in an evaluation split."""
    digest: str = ""
    """SHA-256 over the rows, in order."""
    conflicts: int = 0
    """Rows kept whose prompt is that of an earlier row, with another gold."""
    conflict_ids: str = ""
    """The first of them, at most 5, with commas."""

    def conflict(self) -> str:
        """The conflicts in words; empty if there are none."""
        if not self.conflicts:
            return ""
        rows = "1 row has" if self.conflicts == 1 else f"{self.conflicts} rows have"
        return f"{rows} the prompt of an earlier row and another gold ({self.conflict_ids})"


class Distinct:
    """Passes rows on, each once; what was seen is kept in a file, so that memory does not grow with the rows."""

    def __init__(self, name: str, file: Path | str = "") -> None:
        self._name = name
        self._seen = sqlite3.connect(str(file), isolation_level=None)
        self._seen.execute("PRAGMA journal_mode=OFF")
        self._seen.execute("PRAGMA synchronous=OFF")
        for table in ("prompts", "rows", "ids"):
            self._seen.execute(f"CREATE TABLE {table} (key BLOB PRIMARY KEY, split TEXT) WITHOUT ROWID")
        self.counts = SplitCounts()
        """Of the split that was read last."""

    def close(self) -> None:
        self._seen.close()

    def rows(self, examples: Iterable[Example], split: Split = "train", limit: int | None = None) -> Iterator[Example]:
        """The rows to use, at most `limit`. Raises UserError for one id with two contents."""
        total = hashlib.sha256()
        self.counts = counts = SplitCounts()
        self._seen.execute("BEGIN")
        for example in examples:
            if limit is not None and counts.rows >= limit:
                break
            prompt = bytes.fromhex(digest([example.prompt, example.tools]))[:16]
            row = hashlib.blake2b(prompt + example.gold.encode("utf-8", "replace"), digest_size=16).digest()
            earlier = self._earlier(prompt, split)
            if earlier not in (None, split):
                counts = replace(counts, in_evaluation_split=counts.in_evaluation_split + 1)
            elif not self._is_new("rows", row, split):
                counts = replace(counts, duplicates=counts.duplicates + 1)
            elif not self._is_new("ids", f"{split}\0{example.id}".encode("utf-8", "surrogatepass"), split):
                raise UserError(
                    f"task {self._name}: duplicate id {example.id!r} on two different rows; make ids unique"
                )
            else:
                total.update(digest(asdict(example)).encode())
                counts = replace(counts, rows=counts.rows + 1)
                if earlier is not None:
                    counts = _with_conflict(counts, example.id)
                yield example
            self.counts = replace(counts, digest=total.hexdigest())
        self._seen.execute("COMMIT")

    def _earlier(self, prompt: bytes, split: Split) -> Split | None:
        """The split in which the prompt was read before; notes it for those read after."""
        found = self._seen.execute("SELECT split FROM prompts WHERE key = ?", (prompt,)).fetchone()
        if found is None:
            self._seen.execute("INSERT INTO prompts VALUES (?, ?)", (prompt, split))
            return None
        before: Split = found[0]
        return before

    def _is_new(self, table: str, key: bytes, split: Split) -> bool:
        done = self._seen.execute(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", (key, split))
        return done.rowcount == 1


def _with_conflict(counts: SplitCounts, id: str) -> SplitCounts:
    names = counts.conflict_ids
    if counts.conflicts < MOST_NAMED:
        names = f"{names}, {id}" if names else id
    elif counts.conflicts == MOST_NAMED:
        names += " ..."
    return replace(counts, conflicts=counts.conflicts + 1, conflict_ids=names)


def distinct(name: str, examples: Iterable[Example]) -> Iterator[Example]:
    """Rows of one set, each once. Raises UserError for one id with two contents."""
    with closing(Distinct(name)) as seen:
        yield from seen.rows(examples)


def write(task: Task, folder: Path, key: str, limit: int | None) -> dict[Split, SplitCounts]:
    """Writes every split of a task, at most `limit` training rows, and what was counted, under `key`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "seen.partial"
    file.unlink(missing_ok=True)
    counts: dict[Split, SplitCounts] = {}
    with closing(Distinct(task.name, file)) as seen:
        for split in ORDER:
            rows = seen.rows(task.rows(split), split, limit if split == "train" else None)
            jsonl.write_whole(folder / f"{split}.jsonl", map(asdict, rows))
            counts[split] = seen.counts
    file.unlink()
    facts = {"key": key, "splits": {s: asdict(c) for s, c in counts.items()}}
    made.write(folder / "splits.json", facts, [folder / f"{split}.jsonl" for split in ORDER])
    return counts


def counts(folder: Path, key: str | None = None) -> dict[Split, SplitCounts] | None:
    """What was counted when the splits were written; None if they were not, or not under `key`."""
    found = made.read(folder / "splits.json", key)
    if found is None:
        return None
    return {split: SplitCounts(**found["splits"][split]) for split in ORDER}


def described(counts: Mapping[Split, SplitCounts]) -> str:
    """The rows of every split, and why others that were read are not among them, in words; the numbers add up."""
    total = sum(c.rows + c.duplicates + c.in_evaluation_split for c in counts.values())
    used = sum(c.rows for c in counts.values())

    def by_split(numbers: Mapping[Split, int]) -> str:
        return ", ".join(f"{numbers[s]} {s}" for s in reversed(ORDER) if numbers.get(s))

    said = ", ".join(f"{counts[s].rows} {s}" for s in reversed(ORDER) if s in counts)
    removed = []
    if duplicates := by_split({s: c.duplicates for s, c in counts.items()}):
        removed.append(f"prompt and gold of an earlier row ({duplicates})")
    if leaked := by_split({s: c.in_evaluation_split for s, c in counts.items()}):
        removed.append(f"prompt also in an evaluation split ({leaked})")
    return f"{said}; {total - used} of {total} rows read were removed: {', '.join(removed)}" if removed else said


def read(folder: Path, split: Split, limit: int | None = None) -> Iterator[Example]:
    """The rows of a split that was written, at most `limit`."""
    return (Example(**row) for row in islice(jsonl.read(folder / f"{split}.jsonl"), limit))


def few_rows(split: Split, rows: int) -> str:
    """What so few rows to measure on cannot tell, in words; empty if there are enough.

    The interval of a score of one half is 1.96 times the root of 1/4 over the rows on each side."""
    if rows >= FEW:
        return ""
    return (
        f"{rows} {split} row{'s' * (rows != 1)} to measure on: a score is known to +-{min(100, 98 / rows**0.5):.0f} "
        "points, too few to tell recipes apart; give more rows, or a test file"
    )


def require_rows(task: str, split: Split, found: SplitCounts) -> None:
    """Raises UserError for a split without rows."""
    if found.rows:
        return
    if found.in_evaluation_split:
        raise UserError(
            f"task {task}: no rows in its {split} split: the prompts of all {found.in_evaluation_split} are also in an "
            "evaluation split that is read before it (test, then validation); give each split rows of its own"
        )
    raise UserError(
        f"task {task}: no rows in its {split} split; give it data (a file that is split needs two "
        "different prompts), or another split"
    )
