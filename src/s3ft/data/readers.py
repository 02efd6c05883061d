"""Rows from JSON lines, other files or the Hub, and the split by a hash of the prompt."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from s3ft.data import jsonl
from s3ft.types import Message, Split, UserError

Where = str | Mapping[str, str]
"""A file, a Hub id ("name" or "name:configuration"), or one of these for each split."""
Row = dict[str, Any]

_FORMATS = {".json": "json", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".arrow": "arrow"}
_SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def rows(where: Where, split: Split, prompt_of: Callable[[Row, str], list[Message]]) -> Iterator[tuple[Row, str]]:
    """Rows of a split, each with its place for messages.

    A split that `where` does not give is taken from train by a hash of the prompt: 5 % each for validation and test.
    Raises UserError naming file and line, or the data set."""
    given = _given(where)
    pool: Split = split if split in given else "train"
    carved = [s for s in _SPLITS[1:] if s not in given] if pool == "train" else []
    for number, row in enumerate(_pool(where, pool), 1):
        place = f"{where if isinstance(where, str) else where[pool]} row {number}"
        if not carved or _hashed(prompt_of(row, place), carved) == split:
            yield row, place


def column(row: Row, name: str, place: str) -> Any:
    """A column that must be there. Raises UserError with the columns found."""
    if row.get(name) is None:
        found = ", ".join(k for k, v in row.items() if v is not None)
        raise UserError(f"{place}: no column {name!r}; columns found: {found}; name yours in the task's options")
    return row[name]


def file(path: str) -> Iterator[Row]:
    """Rows of one file. Raises UserError naming file and line."""
    suffix = Path(path).suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        yield from jsonl.read(Path(path))
        return
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file; give a .jsonl, .json, .csv or .parquet file, or a Hub id")
    import datasets

    options = {"delimiter": "\t"} if suffix == ".tsv" else {}
    try:
        yield from datasets.load_dataset(_FORMATS[suffix], data_files=path, split="train", streaming=True, **options)
    except Exception as error:
        raise UserError(f"{path}: cannot be read as {suffix[1:]}: {_line(error)}") from error


def is_file(where: str) -> bool:
    """Whether this names a file, and not a data set of the Hub."""
    return Path(where).suffix.lower() in (".jsonl", ".ndjson", *_FORMATS)


def _given(where: Where) -> set[str]:
    if isinstance(where, str):
        return set() if is_file(where) else set(_of_hub(where, lambda d, n, c: d.get_dataset_split_names(n, c)))
    if "train" not in where or not set(where) <= set(_SPLITS):
        raise UserError(f"path: found {', '.join(where)}; expected train, and test and validation where you have them")
    return set(where)


def _pool(where: Where, split: Split) -> Iterator[Row]:
    place = where if isinstance(where, str) else where[split]
    if is_file(place):
        return file(place)
    # Data sets of their own for each split often hold just one, called train.
    splits = _of_hub(place, lambda d, n, c: d.get_dataset_split_names(n, c))
    name = split if split in splits else "train"
    return (dict(row) for row in _of_hub(place, lambda d, n, c: d.load_dataset(n, c, split=name)))


def _of_hub(where: str, ask: Callable[[Any, str, str | None], Any]) -> Any:
    import datasets

    name, _, configuration = where.partition(":")
    try:
        return ask(datasets, name, configuration or None)
    except Exception as error:
        line = f"data set {where!r}: neither a file nor within reach on the Hub ({_line(error)}); give path=FILE.jsonl"
        raise UserError(line) from error


def _hashed(prompt: list[Message], carved: list[Split]) -> Split:
    text = "\x00".join(str(m.get("content")) for m in prompt)
    point = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64
    if point >= 0.95:
        return "test" if "test" in carved else "train"
    return "validation" if point >= 0.9 and "validation" in carved else "train"


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
