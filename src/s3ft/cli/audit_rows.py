"""The rows of `s3ft judge`: read from JSON lines, checked, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3ft.data import jsonl
from s3ft.types import Example, UserError

BATCH_ROWS = 256
BATCH_CHARACTERS = 8_000_000
"""Rows are judged in batches of at most so many rows and about so many characters: what is in memory at once."""

_FIELDS = ("prompt", "completion", "reference")
_REFERENCES: dict[str, tuple[tuple[type, ...], str]] = {
    "math": ((str, int, float), "a number or text"),
    "qa": ((str, list), "a text or a list of accepted answers"),
    "exact": ((str, int, float, list), "a text, a number or a list of them"),
    "code": ((dict,), "a mapping with tests"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file."""

    line: int
    id: Any
    example: Example
    completion: str
    label: bool | None

    @property
    def source(self) -> str | None:
        """The rung of a recipe that the completion comes from, if the row says."""
        source = self.example.meta.get("source")
        return source if isinstance(source, str) else None

    def short(self) -> Row:
        """The row with no more of a huge completion than is shown."""
        kept = self.completion
        kept = kept if len(kept) <= 4000 else f"{kept[:2000]} ... {kept[-2000:]}"
        return Row(self.line, self.id, self.example, kept, self.label)


def batches(path: Path | str, judge: str) -> Iterator[list[Row]]:
    """All rows in the order of the file. Raises UserError naming file, line and field."""
    batch: list[Row] = []
    characters = 0
    for row in _rows(path, judge):
        batch.append(row)
        characters += len(row.completion)
        if len(batch) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def count(path: Path | str) -> int | None:
    """Lines of a file; None for a pipe, which can be read only once."""
    if not Path(path).is_file():
        return None
    with Path(path).open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) or None


def _rows(path: Path | str, judge: str) -> Iterator[Row]:
    for number, (line, row) in enumerate(jsonl.numbered(path, _FIELDS), 1):
        place = f"{path}:{line}"
        label = row.get("label")
        if label is not None and not isinstance(label, bool):
            raise UserError(
                f"{place}: field 'label' is {_brief(label)}, expected true or false; fix it or leave it out"
            )
        if not isinstance(row["completion"], str):
            raise UserError(
                f"{place}: field 'completion' is {_brief(row['completion'])}, expected text; an empty one is \"\""
            )
        _check_reference(row["reference"], judge, place)
        name = number if row.get("id") is None else row["id"]
        meta = {k: v for k, v in row.items() if k not in ("id", *_FIELDS, "label")}
        example = Example(str(name), _messages(row["prompt"], place), "", row["reference"], meta=meta)
        yield Row(line, name, example, row["completion"], label)


def _messages(prompt: Any, place: str) -> list[dict[str, Any]]:
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    if isinstance(prompt, list) and prompt and all(isinstance(m, dict) and "role" in m for m in prompt):
        return prompt
    raise UserError(f"{place}: field 'prompt' is {_brief(prompt)}, expected text or a list of messages")


def _check_reference(reference: Any, judge: str, place: str) -> None:
    types, expected = _REFERENCES.get(judge, ((object,), "what the judge compares with"))
    texts = reference if judge == "qa" and isinstance(reference, list) else []
    is_wrong = reference is None or isinstance(reference, bool) or not isinstance(reference, types)
    if is_wrong or any(not isinstance(t, str) for t in texts):
        raise UserError(f"{place}: field 'reference' is {_brief(reference)}, expected {expected}; fix or drop the row")


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
