"""Records and their parts as JSON, one line a row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from s3ft.data import jsonl
from s3ft.types import Candidate, Completion, Example, Record, Verdict


def to_json(record: Record) -> dict[str, Any]:
    """What a completion's own likelihood is taken for stands in its candidate."""
    made = {"id": record.example.id, **asdict(record)}
    for candidate in made["candidates"]:
        del candidate["completion"]["logprob"]
    return made


def from_json(row: dict[str, Any]) -> Record:
    return Record(Example(**row["example"]), [_candidate(c) for c in row["candidates"]], row["targets"])


def read(path: Path) -> Iterator[Record]:
    """Records of a file that build wrote, one at a time."""
    return (from_json(row) for row in jsonl.read(path))


def training_rows(record: Record, keep_reasoning: bool) -> Iterator[dict[str, Any]]:
    """The lines of train/RECIPE.jsonl: TRL's conversational prompt-completion form; tools, where a row has some, as
    JSON text, since a column of tables would give every tool the fields of all others."""
    for index in record.targets:
        candidate = record.candidates[index]
        trained = candidate.trained
        content = (trained.raw if keep_reasoning else "") or trained.text
        yield {
            "id": record.example.id,
            "prompt": record.example.prompt,
            "completion": [{"role": "assistant", "content": content}],
            "source": candidate.source,
            **({"tools": json.dumps(record.example.tools)} if record.example.tools else {}),
        }


def _candidate(row: dict[str, Any]) -> Candidate:
    completion = dict(row["completion"])
    if completion["token_ids"] is not None:
        completion["token_ids"] = tuple(completion["token_ids"])
    verdict = row["verdict"] and Verdict(**row["verdict"])
    return Candidate(**{**row, "completion": Completion(**completion), "verdict": verdict})
