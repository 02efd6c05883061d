"""Which rules of a judge decide anything: each is switched off in turn and the labelled rows are judged again.

    python bench/ablation.py JUDGE DATA_DIR [FILE ...]      JUDGE: math or qa; FILE: only these files, without .jsonl

A rule is a compiled pattern of a module of the judge (off: it matches nothing), a table of words (off: empty), or a
function that JUDGES lists with what stands in for it. Columns: rows whose verdict changes, rows judged rightly
that are then judged wrongly, and the reverse; None counts as rejected, as in bench/audit_judges.py."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from s3ft import judges
from s3ft.types import Completion, Example

NEVER = re.compile(r"(?!)")


@dataclass(frozen=True)
class Ablated:
    """A judge whose rules are switched off: its package, its labelled files, its functions as "module.function"."""

    package: str
    files: tuple[str, ...]
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    skip: frozenset[str] = frozenset()
    """Patterns and tables that are no rules, as "module.NAME"."""


JUDGES: dict[str, Ablated] = {
    "math": Ablated(
        "s3ft.judges.math",
        ("gsm8k_openai", "gsm8k_processbench", "math_processbench", "hard_cases"),
        {},
    ),
}


@dataclass(frozen=True)
class Rule:
    """One value of a module, and what stands in for it when it is off."""

    name: str
    value: Any
    off: Any


def rules(ablated: Ablated) -> Iterator[Rule]:
    """Every rule of a judge's package, module by module."""
    for module in _modules(ablated.package):
        short = module.__name__.removeprefix(ablated.package + ".")
        source = Path(str(module.__file__)).read_text()
        for name, value in list(vars(module).items()):
            full = f"{short}.{name}"
            defined = re.search(rf"^(?:def )?{re.escape(name)}\b", source, re.MULTILINE)
            if not defined or full in ablated.skip:
                continue
            if full in ablated.functions:
                yield Rule(full, value, ablated.functions[full])
            elif isinstance(value, re.Pattern):
                yield Rule(full, value, NEVER)
            elif isinstance(value, dict | frozenset) and name.strip("_").isupper():
                yield Rule(full, value, type(value)())


def _modules(package: str) -> list[ModuleType]:
    door = importlib.import_module(package)
    names = [m.name for m in pkgutil.iter_modules(door.__path__)]
    return [importlib.import_module(f"{package}.{n}") for n in names]


@contextmanager
def switched_off(rule: Rule, package: str) -> Iterator[None]:
    """Within it, every module of the package that holds the rule's value holds what stands in for it."""
    changed = [(m, n) for m in _modules(package) for n, v in vars(m).items() if v is rule.value]
    for module, name in changed:
        setattr(module, name, rule.off)
    try:
        yield
    finally:
        for module, name in changed:
            setattr(module, name, rule.value)


def labelled_rows(judge: str, folder: Path, files: tuple[str, ...]) -> list[dict[str, Any]]:
    """The rows with a label, of the files that exist; in a file for several judges, this judge's."""
    lines = [line for f in files if (p := folder / f"{f}.jsonl").is_file() for line in p.read_text().splitlines()]
    rows = [json.loads(line) for line in lines]
    return [r for r in rows if r["label"] is not None and r.get("judge", judge) == judge]


def verdicts(judge: Any, rows: list[dict[str, Any]]) -> list[bool]:
    """Accepted or not, row by row."""
    examples = [Example(str(r["id"]), [{"role": "user", "content": r["prompt"]}], "", r["reference"]) for r in rows]
    return [v.correct is True for v in judge(examples, [Completion(r["completion"]) for r in rows])]


def main(name: str, data: str, only: list[str]) -> int:
    """Prints the table. Returns the exit code."""
    ablated = JUDGES[name]
    files = tuple(f for f in ablated.files if not only or f in only)
    rows = labelled_rows(name, Path(data) / "judges", files)
    judge = judges.load(name)
    full = verdicts(judge, rows)
    labels = [r["label"] for r in rows]
    right = sum(f == label for f, label in zip(full, labels, strict=True))
    print(f"{name}: {len(rows)} labelled rows, {right} judged rightly with every rule on")
    print(f"{'rule':40} {'changed':>8} {'right -> wrong':>15} {'wrong -> right':>15}")
    for rule in rules(ablated):
        with switched_off(rule, ablated.package):
            without = verdicts(judge, rows)
        changed = [(f == label) for f, w, label in zip(full, without, labels, strict=True) if f != w]
        print(f"{rule.name:40} {len(changed):8} {sum(changed):15} {len(changed) - sum(changed):15}", flush=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in JUDGES:
        sys.exit(f"usage: python bench/ablation.py {'|'.join(JUDGES)} DATA_DIR [FILE ...]")
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
