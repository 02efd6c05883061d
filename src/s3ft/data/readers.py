"""Rows from JSON lines, other files or the Hub, and the split by a hash of the prompt."""

from __future__ import annotations

import csv
import gzip
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from s3ft.data import hub, jsonl
from s3ft.types import Message, Split, UserError

Where = str | Mapping[str, str]
"""A file, a Hub id ("name", with ":configuration" and "@revision" if need be), or one of these for each split."""
Row = dict[str, Any]

_FORMATS = {".json": "json", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".arrow": "arrow"}
_LINES = (".jsonl", ".ndjson")
_OTHER = frozenset(
    {
        *(".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".tgz", ".7z", ".log", ".txt", ".text", ".md", ".dat", ".data"),
        *(".xls", ".xlsx", ".ods", ".yaml", ".yml", ".xml", ".html", ".py", ".pkl", ".pickle", ".npy", ".npz", ".h5"),
        *(".feather", ".orc", ".avro", ".sqlite", ".db", ".pt", ".bin", ".tfrecord", ".jsonlines", ".pdf", ".docx"),
    }
)
"""Endings of files that are not read, and not looked for on the Hub either."""
_READ = ".jsonl, .json, .csv or .tsv (also with .gz), or .parquet"
_SPLITS: tuple[Split, ...] = ("train", "validation", "test")
SMALL = 400
"""Rows from which a split by hash alone, 5 % each, gives enough rows to every split."""
_LEAST = {"test": (20, 0.2), "validation": (20, 0.1)}
"""Of fewer rows each split has so many, or this share if that is less."""


def rows(where: Where, split: Split, prompt_of: Callable[[Row, str], list[Message]]) -> Iterator[tuple[Row, str]]:
    """Rows of a split, each with its place for messages.

    A split that `where` does not give is taken from train by a hash of the prompt: 5 % each for validation and test. If
    there are fewer than 400 rows, those with the next highest hashes fill up test to 20 rows (at most 20 %) and
    validation to 20 (at most 10 %), at least one each as far as the rows allow: a row that the hash alone puts into one
    of them stays there however the file grows. Raises UserError naming file and line, or the data set."""
    given = _given(where)
    pool: Split = split if split in given else "train"
    carved = [s for s in _SPLITS[1:] if s not in given] if pool == "train" else []
    name = where if isinstance(where, str) else where[pool]
    placed = ((row, f"{name} row {number}") for number, row in enumerate(_pool(where, pool), 1))
    if not carved:
        yield from placed
        return
    hashed = ((row, place, _point(prompt_of(row, place))) for row, place in placed)
    first = list(islice(hashed, SMALL))
    few = _few([point for _, _, point in first], carved) if len(first) < SMALL else {}
    for row, place, point in chain(first, hashed):
        if few.get(point, _split_at(point, carved)) == split:
            yield row, place


def first(where: str) -> tuple[Row, str]:
    """The first training row, with its place for messages. Raises UserError if there is none."""
    for row in _pool(where, "train"):
        return row, f"{where} row 1"
    raise UserError(f"{where}: no rows; give a file with some")


def every(where: Where, split: Split) -> Iterator[Row]:
    """Every row that `rows` looks at for a split."""
    return _pool(where, split if split in _given(where) else "train")


def column(row: Row, name: str, place: str) -> Any:
    """A column that must be there; `answer.text` is the field text of the column answer, or of each of its parts.
    Raises UserError with the columns found."""
    value = row[name] if name in row else _nested(row, name.split("."))
    if value is None and name in row:
        raise UserError(f"{place}: column {name!r} is empty; fill it or drop the row")
    if value is None:
        found = ", ".join(k for k, v in row.items() if v is not None)
        raise UserError(f"{place}: no column {name!r}; columns found: {found}; name yours in the task's options")
    return value


def _nested(value: Any, path: Sequence[str]) -> Any:
    """What a path of field names leads to; of a list, what it leads to in each part; None if it leads nowhere."""
    for depth, name in enumerate(path):
        if isinstance(value, list):
            return [_nested(inner, path[depth:]) for inner in value]
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def file(path: str) -> Iterator[Row]:
    """Rows of one file. Raises UserError naming file and line."""
    suffix = _suffix(path)
    if suffix in _LINES:
        yield from jsonl.read(Path(path))
        return
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file; give a .jsonl, .json, .csv or .parquet file, or a Hub id")
    if suffix not in _FORMATS:
        raise UserError(f"{path}: found {suffix or 'no ending'}, expected {_READ}; convert or rename it")
    import datasets

    try:
        options = _as_text(path, suffix) if _FORMATS[suffix] == "csv" else {}
        yield from datasets.load_dataset(_FORMATS[suffix], data_files=path, split="train", streaming=True, **options)
    except UserError:
        raise
    except Exception as error:
        hint = "; save it as UTF-8" if isinstance(error, UnicodeDecodeError) else ""
        raise UserError(f"{path}: cannot be read as {suffix[1:]}: {_line(error)}{hint}") from error


def is_file(where: str) -> bool:
    """Whether this names a file, there or not, and neither a folder nor a data set of the Hub."""
    path = Path(where)
    if path.is_dir():
        return False
    is_path = where.startswith(("/", ".", "~")) or where.count("/") > 1 or path.is_file()
    return is_path or _suffix(where) in (*_LINES, *_FORMATS) or path.suffix.lower() in _OTHER


def _suffix(path: str) -> str:
    """The ending that says how a file is read; .gz is opened on the way."""
    return Path(path.lower().removesuffix(".gz")).suffix


def _as_text(path: str, suffix: str) -> dict[str, Any]:
    """How a CSV file is read: its columns separated by whatever of comma, semicolon, tab and bar its header has most
    of, and every value as the text that it is, so that an answer of 007 or NA stays one."""
    with gzip.open(path, "rb") if path.lower().endswith(".gz") else open(path, "rb") as opened:
        header = opened.readline().decode("utf-8-sig", "replace")
        delimiter = "\t" if suffix == ".tsv" else max(",;\t|", key=header.count)
        names = next(csv.reader([header], delimiter=delimiter), [])
        rest = (line.decode("utf-8", "replace") for line in opened)
        values = next(csv.reader(rest, delimiter=delimiter), names)
    if len(values) > len(names):
        # pandas would take the first column for the rows' names, and shift the others.
        raise UserError(
            f"{path}:2: found {len(values)} values, expected {len(names)} as in the header; put values that hold "
            f"{delimiter!r} in quotes, or name every column"
        )
    return {
        "delimiter": delimiter,
        "converters": dict.fromkeys((n.strip("\r\n") for n in names), str),
        "keep_default_na": False,
    }


def _given(where: Where) -> set[str]:
    if not where:
        raise UserError(f"path: found {where!r}, expected a file ({_READ}) or a Hub id")
    if isinstance(where, str):
        return set() if is_file(where) else set(_names(where))
    if "train" not in where or not set(where) <= set(_SPLITS):
        raise UserError(f"path: found {', '.join(where)}; expected train, and test and validation where you have them")
    return set(where)


def _pool(where: Where, split: Split) -> Iterator[Row]:
    place = where if isinstance(where, str) else where[split]
    if is_file(place):
        return file(place)
    # Data sets of their own for each split often hold just one, called train.
    name = split if split in _names(place) else "train"
    if _is_saved(place):
        saved = _of_hub(place, lambda d, **_: d.load_from_disk(place))
        return (dict(row) for row in (saved[name] if isinstance(saved, dict) else saved))
    return (dict(row) for row in _of_hub(place, lambda d, **of: d.load_dataset(**of, split=name)))


def _names(where: str) -> list[str]:
    """The splits of a data set."""
    if _is_saved(where):
        saved = _of_hub(where, lambda d, **_: d.load_from_disk(where))
        return list(saved) if isinstance(saved, dict) else ["train"]
    return list(_of_hub(where, lambda d, path, name, **of: d.get_dataset_split_names(path, name, **of)))


def _is_saved(where: str) -> bool:
    """Whether this is a folder that save_to_disk of datasets wrote."""
    return any((Path(where) / name).is_file() for name in ("dataset_dict.json", "state.json"))


def _of_hub(where: str, ask: Callable[..., Any]) -> Any:
    """What datasets answers about a folder or a data set of the Hub: `ask(datasets, path=, name=, revision=)`."""
    import datasets

    is_folder = Path(where).is_dir()
    if is_folder and Path(where).resolve() == Path(Path(where).resolve().anchor):
        raise UserError(
            f"{where}: found the whole file system, expected a file, a folder with one data set or a Hub id"
        )
    rest, _, revision = (where, "", "") if is_folder else where.partition("@")
    path, _, configuration = (rest, "", "") if is_folder else rest.partition(":")
    with hub.asked(f"data set {where!r}", "give path=FILE.jsonl", revision):
        try:
            return ask(datasets, path=path, name=configuration or None, revision=revision or None)
        except Exception as error:
            if not is_folder:
                raise
            line = f"{where}: a folder that cannot be read as a data set ({_line(error)}); give a file: {_READ}"
            raise UserError(line) from error


def _point(prompt: list[Message]) -> float:
    """A hash of the prompt as a number from 0 to 1."""
    text = "\x00".join(str(m.get("content")) for m in prompt)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64


def _split_at(point: float, carved: Sequence[Split]) -> Split:
    if point >= 0.95:
        return "test" if "test" in carved else "train"
    return "validation" if point >= 0.9 and "validation" in carved else "train"


def _few(points: Sequence[float], carved: Sequence[Split]) -> dict[float, Split]:
    """The splits of few rows by their points; equal prompts have equal points, and train keeps at least one."""
    rest = sorted(set(points), reverse=True)
    number, waiting = len(rest), len(carved)
    found: dict[float, Split] = {}
    for split in reversed(carved):
        waiting -= 1
        most, part = _LEAST[split]
        least = min(most, math.ceil(part * number))
        by_hash = [p for p in rest if _split_at(p, carved) == split]
        more = [p for p in rest if p not in by_hash][: max(0, least - len(by_hash))]
        room = len(rest) - 1
        chosen = [*by_hash, *more][: max(min(room, 1), room - waiting)]
        found |= dict.fromkeys(chosen, split)
        rest = [p for p in rest if p not in found]
    return found | dict.fromkeys(rest, "train")


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
