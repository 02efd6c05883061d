"""Which rules of a judge decide anything: each is switched off in turn and the labelled rows are judged again.

    python bench/ablation.py JUDGE DATA_DIR [FILE ...]      JUDGE: math or qa; FILE: only these files, without .jsonl

A rule is a compiled pattern of a module of the judge (off: it matches nothing), a table of words (off: empty), a
feature's weight (off: zero, the others not fitted again), a rejecting rule, or a function that JUDGES lists with what
stands in for it. Columns: rows whose verdict changes, rows judged rightly that are then judged wrongly, the reverse,
and how many of them are hard cases; None counts as rejected, as in bench/audit_judges.py."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from s3ft import judges
from s3ft.data import jsonl
from s3ft.types import Completion, Example

NEVER = re.compile(r"(?!)()()()()")


@dataclass(frozen=True)
class Ablated:
    """A judge whose rules are switched off: its package, its labelled files, its functions as "module.function"."""

    package: str
    files: tuple[str, ...]
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    entries: tuple[str, ...] = ()
    """Mappings as "module.NAME" whose entries are rules of their own: numbers (off: 0) or functions (off: False)."""
    skip: tuple[str, ...] = ()
    """Tables that are no rules, as "module.NAME"."""


JUDGES: dict[str, Ablated] = {
    "math": Ablated("s3ft.judges.math", ("gsm8k_openai", "gsm8k_processbench", "math_processbench", "hard_cases")),
    "qa": Ablated(
        "s3ft.judges.qa",
        ("qa_evouna", "hard_cases"),
        {
            "amounts.amounts": lambda words: frozenset(),
            "text.stem": lambda word: word,
            "text.is_near": lambda one, other: False,
            "text.sounds_alike": lambda one, other: False,
        },
        ("weights.WEIGHTS", "rules.RULES"),
        ("features.FEATURES", "judge._PUBLISHED", "judge._POLARITY", "text._SIGNS"),
    ),
}


def rules(ablated: Ablated) -> Iterator[tuple[str, AbstractContextManager[Any]]]:
    """(name, what switches it off while it is entered) of every rule of a judge, module by module."""
    modules = [*_modules(ablated.package), importlib.import_module("s3ft.judges.answer_part")]
    for module in modules:
        short = module.__name__.removeprefix("s3ft.judges.").partition(".")[2] or module.__name__.rpartition(".")[2]
        source = Path(str(module.__file__)).read_text()
        for name, value in list(vars(module).items()):
            full = f"{short}.{name}"
            if full in ablated.entries:
                for entry, one in value.items():
                    off = (lambda *_: False) if callable(one) else 0.0
                    yield f"{full} {entry}", mock.patch.dict(value, {entry: off})
            elif full in ablated.skip or not re.search(rf"^(?:def )?{re.escape(name)}\b", source, re.MULTILINE):
                continue
            elif full in ablated.functions:
                yield full, _replaced(modules, value, ablated.functions[full])
            elif isinstance(value, re.Pattern):
                yield full, _replaced(modules, value, NEVER)
            elif isinstance(value, dict | frozenset) and name.strip("_").isupper():
                yield full, _replaced(modules, value, type(value)())


def _modules(package: str) -> list[ModuleType]:
    door = importlib.import_module(package)
    return [importlib.import_module(f"{package}.{m.name}") for m in pkgutil.iter_modules(door.__path__)]


@contextmanager
def _replaced(modules: list[ModuleType], value: Any, off: Any) -> Iterator[None]:
    """Within it, every module that holds the value holds what stands in for it."""
    with ExitStack() as stack:
        for module, name in [(m, n) for m in modules for n, v in vars(m).items() if v is value]:
            stack.enter_context(mock.patch.object(module, name, off))
        yield


def labelled_rows(judge: str, folder: Path, files: tuple[str, ...]) -> list[dict[str, Any]]:
    """The rows with a label, of the files that exist; in a file for several judges, this judge's."""
    paths = [p for f in files if (p := folder / f"{f}.jsonl").is_file()]
    rows = [row | {"file": p.stem} for p in paths for row in jsonl.read(p, ("label",))]
    return [r for r in rows if r["label"] is not None and r.get("judge", judge) == judge]


def verdicts(name: str, rows: list[dict[str, Any]]) -> list[bool]:
    """Accepted or not, row by row; what was read before with other rules is forgotten."""
    for module in _modules(JUDGES[name].package):
        for value in vars(module).values():
            getattr(value, "cache_clear", lambda: None)()
    examples = [Example(str(r["id"]), [{"role": "user", "content": r["prompt"]}], "", r["reference"]) for r in rows]
    return [v.correct is True for v in judges.load(name)(examples, [Completion(r["completion"]) for r in rows])]


def main(name: str, data: str, only: list[str]) -> int:
    """Prints the table. Returns the exit code."""
    ablated = JUDGES[name]
    rows = labelled_rows(name, Path(data) / "judges", tuple(f for f in ablated.files if not only or f in only))
    full = verdicts(name, rows)
    right = sum(f == row["label"] for f, row in zip(full, rows, strict=True))
    print(f"{name}: {len(rows)} labelled rows, {right} judged rightly with every rule on")
    print(f"{'rule':40} {'changed':>8} {'right -> wrong':>15} {'wrong -> right':>15} {'hard cases':>11}")
    for rule, off in rules(ablated):
        with off:
            without = verdicts(name, rows)
        changed = [(f == r["label"], r["file"]) for f, w, r in zip(full, without, rows, strict=True) if f != w]
        worse, hard = sum(was_right for was_right, _ in changed), sum(file == "hard_cases" for _, file in changed)
        print(f"{rule:40} {len(changed):8} {worse:15} {len(changed) - worse:15} {hard:11}", flush=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in JUDGES:
        sys.exit(f"usage: python bench/ablation.py {'|'.join(JUDGES)} DATA_DIR [FILE ...]")
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
