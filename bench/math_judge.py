"""The math judge against math-verify called directly, on the same labelled rows, in turn in one process.

    python bench/math_judge.py [DATA_DIR]      (or S3FT_DATA; skipped where neither is a folder)

math-verify is used as its README does: parse the reference and the completion, verify. Import and start-up times are
outside the clock for both; CPU time counts child processes."""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from math_verify import parse, verify

from s3ft import judges
from s3ft.types import Completion, Example

FILES = ("gsm8k_openai", "gsm8k_processbench", "math_processbench")
ROUNDS = 3

Row = dict[str, Any]


def _cpu_seconds(child: int | None) -> float:
    mine = resource.getrusage(resource.RUSAGE_SELF)
    total = mine.ru_utime + mine.ru_stime
    stat = Path(f"/proc/{child}/stat")
    if child is not None and stat.exists():
        fields = stat.read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _math_verify(rows: list[Row]) -> list[bool | None]:
    return [_verified(row["reference"], row["completion"]) for row in rows]


def _verified(reference: str, completion: str) -> bool | None:
    gold = reference.rpartition("####")[2].strip().replace(",", "") if "####" in reference else reference
    return verify(parse(f"${gold}$"), parse(completion))


def _report(name: str, found: list[bool | None], rows: list[Row], seconds: float, cpu: float) -> float:
    wrong = [f is True for f, row in zip(found, rows, strict=True) if not row["label"]]
    agreement = sum((f is True) == row["label"] for f, row in zip(found, rows, strict=True)) / len(rows)
    print(
        f"  {name:12} {len(rows) / seconds:9.0f} rows/s  {len(rows) / cpu:9.0f} rows/CPU-s  agreement {agreement:.4f}"
        f"  false positives {sum(wrong)}/{len(wrong)} = {sum(wrong) / max(len(wrong), 1):.4f}"
        f"  None {sum(f is None for f in found)}"
    )
    return agreement


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("S3FT_DATA", ""))
    if not (folder / "judges").is_dir():
        print(f"skipped: {folder} has no folder judges; give the data folder as an argument or in S3FT_DATA")
        return 0
    logging.disable(logging.CRITICAL)
    judge: Any = judges.load("math")
    judge([Example("warm", [], "", r"\sin(2x)")], [Completion(r"\boxed{2\sin(x)\cos(x)}")])
    _verified("1", r"\boxed{x+1}")
    worker = next(c.pid for c in psutil.Process().children() if "s3ft.judges.math.worker" in c.cmdline())

    def ours(rows: list[Row]) -> list[bool | None]:
        examples = [Example(r["id"], [{"role": "user", "content": r["prompt"]}], "", r["reference"]) for r in rows]
        return [v.correct for v in judge(examples, [Completion(r["completion"]) for r in rows])]

    good = True
    for file in FILES:
        rows = [json.loads(line) for line in (folder / "judges" / f"{file}.jsonl").read_text().splitlines()]
        contestants: dict[str, Callable[[list[Row]], list[bool | None]]] = {"s3ft": ours, "math-verify": _math_verify}
        found: dict[str, list[bool | None]] = {}
        walls, cpus = dict.fromkeys(contestants, 0.0), dict.fromkeys(contestants, 0.0)
        for _ in range(ROUNDS):
            for name, function in contestants.items():
                start, start_cpu = time.perf_counter(), _cpu_seconds(worker)
                found[name] = function(rows)
                walls[name] += time.perf_counter() - start
                cpus[name] += _cpu_seconds(worker) - start_cpu
        print(f"{file}: {len(rows)} rows, {ROUNDS} rounds")
        agreements = [_report(n, found[n], rows, walls[n] / ROUNDS, max(cpus[n], 1e-3) / ROUNDS) for n in contestants]
        ratio, cpu_ratio = walls["math-verify"] / walls["s3ft"], cpus["math-verify"] / max(cpus["s3ft"], 1e-3)
        print(f"  ratio        {ratio:9.1f}x wall  {cpu_ratio:9.1f}x CPU")
        good &= ratio >= 5 and agreements[0] >= agreements[1]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
