"""A config to start from: the columns of the user's rows, a judge for their golds, every field explained."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console

from s3ft import config, tasks
from s3ft.config import reference
from s3ft.data import atomic, formats, readers
from s3ft.progress import shown
from s3ft.types import Example, UserError

_PAPER = {"lora_rank": 8, "lora_alpha": 16, "lora_dropout": 0.1, "learning_rate": 1e-4, "epochs": 3, "batch_size": 16}
_BENCHMARKS = {"benchmarks": "paper", "limit": 500}
_COMMON: dict[str, Any] = {
    "model": "Qwen/Qwen2.5-0.5B-Instruct",
    "recipes": ["sft", "s3ft"],
    "sampling": {"max_tokens": 512},
    "train": _PAPER,
    "evaluate": _BENCHMARKS,
    "seeds": [0],
}
STARTS: dict[str, dict[str, Any]] = {
    "lab": {
        "model": "lab",
        "task": "lab",
        "recipes": ["sft", "sdft", "ssr", "s3ft"],
        "sampling": {"max_tokens": 96},
        "train": {
            "epochs": 3,
            "batch_size": 16,
            "learning_rate": {"s3ft": 0.008, "sdft": 0.016, "sft": 0.008, "ssr": 0.016},
        },
        "evaluate": {
            "include": "lab",
            "benchmarks": ["lab_facts", "lab_misconceptions", "lab_reading"],
            "batch_size": 64,
        },
        "seeds": [0, 1],
    },
    "gsm8k": {**_COMMON, "task": "gsm8k"},
    "mbpp": {**_COMMON, "task": "mbpp", "recipes": ["sft", "sdft", "s3ft"]},
    "nq": {
        **_COMMON,
        "task": "nq",
        "limit": 5000,
        "recipes": ["sft", "sdft", "s3ft"],
        "sampling": {"max_tokens": 128},
        "train": {**_PAPER, "epochs": 2},
        "evaluate": {**_BENCHMARKS, "rows": 500, "split": "validation"},
    },
}
"""The configs of examples/, by task."""
LOOKED_AT = 50
"""Rows from which a judge is chosen."""
SHORT = 6
"""Words of a gold up to which it is an answer and not a text."""
_FINAL = re.compile(r"####|\\boxed\s*\{")


def write(what: str, overrides: Sequence[str], out: Path | None) -> None:
    """Writes the config and says what was understood. Raises UserError for rows of no known form, for fields that do
    not exist, and for a file that is there already."""
    path = out or _beside(what)
    if path.exists():
        raise UserError(f"{path}: is there already; name another with --out, or delete it")
    given = config.section(tuple(overrides))
    start, notes = (dict(STARTS[what]), {}) if what in STARTS else _of_rows(what, given)
    start = _merged(start, given)
    text = reference.as_yaml(start, notes)
    config.parse(start, str(path))
    with atomic.whole(path) as file:
        file.write(text)
    console = Console(highlight=False, soft_wrap=True)
    for note in notes.values():
        console.print(shown(note), markup=False)
    console.print(f"wrote {path}\nnext: s3ft check {path} --rows 100\n      s3ft run {path}", markup=False)


def _of_rows(where: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A config for the user's rows, and what is said of its task and its judge."""
    own = given.get("task")
    options = {"name": "rows", "path": where, **(own if isinstance(own, dict) else {})}
    if "prompt" not in options and "gold" not in options:
        found = formats.read(*readers.first(where))
        options |= {k: v for k, v in found.columns.items() if k not in options}
        mapping = found.mapping
    else:
        mapping = f"prompt from {options.get('prompt', 'prompt')}, gold from {options.get('gold', 'gold')}"
    examples = list(islice(tasks.load(options).rows("train"), LOOKED_AT))
    judge, why = _judge(examples)
    start = {"model": _COMMON["model"], "task": options, "judge": judge}
    notes = {
        "task": f"Found: {mapping}.",
        "judge": f"{judge} was chosen since {why} in the first {len(examples)} rows; s3ft check says whether it tells "
        "right from wrong.",
    }
    return {**_COMMON, **start}, notes


def _judge(examples: Sequence[Example]) -> tuple[str, str]:
    """A judge for golds like these, and why."""
    references = [r for e in examples for r in (e.reference if isinstance(e.reference, list) else [e.reference])]
    if references and all(_is_number(r) or _FINAL.search(str(r)) for r in references):
        return "math", "every reference is a number, or ends in one"
    if references and sum(len(str(r).split()) for r in references) <= SHORT * len(references):
        return "qa", "the references are a few words each"
    return "llm", "the references are longer texts: the model itself compares them"


def _is_number(value: Any) -> bool:
    try:
        float(str(value).replace(",", "").removeprefix("$").removesuffix("%"))
    except ValueError:
        return False
    return True


def _beside(what: str) -> Path:
    """The config's file: beside the rows if they are on disk, else here."""
    if what in STARTS:
        return Path(f"{what}.yaml")
    path = Path(what)
    if path.exists() and path.name in ("", ".."):
        return Path(f"{path.resolve().name or 'data'}.yaml")
    if path.exists():
        return path.with_name(path.name.removesuffix(".gz")).with_suffix(".yaml")
    return Path(re.sub(r"\W+", "-", what.rpartition("/")[2]) + ".yaml")


def _merged(start: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `given` over those of `start`, section by section."""
    merged = dict(start)
    for name, value in given.items():
        before = merged.get(name)
        merged[name] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged
