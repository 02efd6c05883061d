"""Holds the judges of mathematics and reading comprehension against labelled data.

    python bench/audit_judges.py DATA_DIR        the folder with judges/*.jsonl; default: the variable S3FT_DATA

Exit code 1 where a judge misses its target. None counts as rejected."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from s3ft import judges
from s3ft.cli.audit import Agreement, Row
from s3ft.data import jsonl
from s3ft.types import Completion, Example


@dataclass(frozen=True)
class Target:
    """What a judge has to reach on the rows of a file whose id begins with `prefix`."""

    judge: str
    file: str
    prefix: str
    agreement: float
    false_positive_rate: float
    none_share: float = 0.01

    def __str__(self) -> str:
        return f">= {self.agreement:.3f}, <= {self.false_positive_rate:.3f}, <= {self.none_share:.2f}"


TARGETS = (
    Target("math", "gsm8k_openai", "", 1.0, 0.0),
    Target("math", "gsm8k_processbench", "", 0.985, 0.016),
    Target("math", "math_processbench", "", 0.985, 1.0),
    Target("qa", "qa_evouna", "evouna-nq", 0.88, 0.06),
    Target("qa", "qa_evouna", "evouna-tq", 0.94, 0.05),
)


def agreement(target: Target, path: Path) -> Agreement:
    """The judge's verdicts on the target's rows beside their labels."""
    rows = [r for r in jsonl.read(path, ("id", "label")) if str(r["id"]).startswith(target.prefix)]
    examples = [Example(str(r["id"]), [{"role": "user", "content": r["prompt"]}], "", r["reference"]) for r in rows]
    verdicts = judges.load(target.judge)(examples, [Completion(r["completion"]) for r in rows])
    found = Agreement()
    for i, (row, example, verdict) in enumerate(zip(rows, examples, verdicts, strict=True), 1):
        found.add(Row(i, row["id"], example, row["completion"], row["label"]), verdict)
    return found


def main(data: str) -> int:
    """Prints the table. Returns the exit code."""
    table = Table(box=None, pad_edge=False)
    for column in ("judge", "file", "rows", "agreement", "false positives", "None", "target", ""):
        table.add_column(column, no_wrap=True)
    missed = 0
    for target in TARGETS:
        path = Path(data) / "judges" / f"{target.file}.jsonl"
        name = f"{target.file} {target.prefix}".strip()
        if not path.is_file():
            table.add_row(target.judge, name, "", "", "", "", str(target), f"skipped: no {path}")
            continue
        found = agreement(target, path)
        shares = found.shares()
        right, wrong, none = shares["agreement"], shares["false_positive_rate"], shares["none_share"]
        within = wrong.mean <= target.false_positive_rate and none.mean <= target.none_share
        passes = right.mean >= target.agreement and within
        missed += not passes
        said = [f"{s.mean:.3f} [{s.low:.3f}, {s.high:.3f}]" for s in (right, wrong)]
        verdict = "pass" if passes else "MISSED"
        table.add_row(target.judge, name, str(found.labelled), *said, f"{none.mean:.3f}", str(target), verdict)
    Console(width=max(140, Console().width)).print(table)
    print("The weights of qa were fitted on rows of qa_evouna; bench/fit_qa.py gives its numbers on rows held out.")
    return 1 if missed else 0


if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("S3FT_DATA", "")
    if not folder:
        print("audit skipped: no folder with labelled data; give it as the argument or as S3FT_DATA")
        sys.exit(0)
    sys.exit(main(folder))
