"""Holds the code judge against programs that are known to be right, and against labelled ones.

    python bench/audit_code.py DATA_DIR [--isolation auto]

DATA_DIR (or S3FT_DATA) holds tasks/mbpp.jsonl, tasks/humaneval.jsonl and judges/*.jsonl. Exit code 1 where the judge
misses its target."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from s3ft.data import jsonl
from s3ft.judges.code.judge import judge
from s3ft.tasks import mbpp
from s3ft.types import Completion, Example, Verdict

Rows = Iterator[tuple[Example, str, bool]]


def mbpp_gold(data: Path) -> Rows:
    """All golds as the task gives them; the ten rows outside the splits are read as test rows would be."""
    for number, row in enumerate(jsonl.read(data / "tasks" / "mbpp.jsonl"), 1):
        example = mbpp.example(row, f"row {number}")
        yield example, example.gold, True


def humaneval_gold(data: Path) -> Rows:
    """Bodies, to be joined to the prompt's signature."""
    for row in jsonl.read(data / "tasks" / "humaneval.jsonl"):
        reference = {"tests": row["test"], "entry_point": row["entry_point"]}
        prompt = [{"role": "user", "content": row["prompt"]}]
        yield Example(row["task_id"], prompt, "", reference), row["canonical_solution"], True


def labelled(path: Path) -> Rows:
    """Programs with labels, in the form that `s3ft judge` reads."""
    for row in jsonl.read(path):
        prompt = [{"role": "user", "content": row["prompt"]}] if isinstance(row["prompt"], str) else row["prompt"]
        yield Example(str(row["id"]), prompt, "", row["reference"]), row["completion"], bool(row["label"])


def audit(ask: judge, name: str, rows: Rows, target: float) -> bool:
    """Prints one line, and one for every disagreement; whether the target is met."""
    examples, texts, labels = zip(*rows, strict=True)
    verdicts: list[Verdict] = ask(examples, [Completion(text) for text in texts])
    agreed = sum(v.correct is label for v, label in zip(verdicts, labels, strict=True))
    unsure = sum(v.correct is None for v in verdicts)
    accepted = sum(v.correct is True and not label for v, label in zip(verdicts, labels, strict=True))
    share = agreed / len(labels)
    print(f"{name:28} {agreed}/{len(labels)} = {share:.4f} (target {target:.3f}),", end=" ")
    print(f"wrong ones accepted {accepted}, None {unsure}")
    for example, verdict, label in zip(examples, verdicts, labels, strict=True):
        if verdict.correct is not label:
            print(f"    {example.id}: label {label}, verdict {verdict.correct}: {verdict.reason[:200]}")
    return share >= target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", default=os.environ.get("S3FT_DATA"))
    parser.add_argument("--isolation", default="auto")
    options = parser.parse_args()
    data = Path(options.data or "")
    ask = judge(isolation=options.isolation)
    met = []
    for name, path, rows, target in (
        ("MBPP gold", data / "tasks" / "mbpp.jsonl", mbpp_gold, 973 / 974),
        ("HumanEval gold", data / "tasks" / "humaneval.jsonl", humaneval_gold, 1.0),
    ):
        if options.data and path.is_file():
            met.append(audit(ask, name, rows(data), target))
        else:
            print(f"{name}: skipped, {path} is not there")
    for path in sorted((data / "judges").glob("*.jsonl")) if options.data else []:
        first = next(jsonl.read(path), {})
        if isinstance(first.get("reference"), dict) and "tests" in first["reference"]:
            met.append(audit(ask, path.stem, labelled(path), 0.995))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
