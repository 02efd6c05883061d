"""Rows per second of the reading-comprehension judge on one core, best of several passes, cold caches in each.

python bench/qa_judge.py ROWS.jsonl"""

from __future__ import annotations

import sys
import time

from s3ft.data import jsonl
from s3ft.judges.qa import reading
from s3ft.judges.qa import text as words
from s3ft.judges.qa.judge import MATCHES, judge
from s3ft.types import Completion, Example

PASSES = 7


def main(path: str) -> None:
    rows = list(jsonl.read(path, required=("prompt", "completion", "reference")))
    examples = [
        Example(str(i), [{"role": "user", "content": r["prompt"]}], "", r["reference"]) for i, r in enumerate(rows)
    ]
    completions = [Completion(r["completion"]) for r in rows]
    for match in MATCHES:
        judged = judge(match=match)
        seconds = []
        for _ in range(PASSES):
            for cached in (reading.answers, reading.question_stems, words.stem, words.is_near):
                cached.cache_clear()
            begun = time.process_time()
            judged(examples, completions)
            seconds.append(time.process_time() - begun)
        print(f"{match:10} {len(rows) / min(seconds):10,.0f} rows/s of processor time ({len(rows)} rows)")


if __name__ == "__main__":
    main(sys.argv[1])
