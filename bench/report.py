"""A report of a large run: python bench/report.py [ROWS]

Writes a run of ROWS training rows (default 10,000) by hand, with two recipes, two seeds, 1,000 test rows and four
benchmarks of 2,000 items, and prints the seconds that building its report takes, the size of report.html and, where
chromium is installed, the seconds that a headless one takes to show it."""

from __future__ import annotations

import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from s3ft import report
from s3ft.data import jsonl, made, records
from s3ft.types import Candidate, Completion, Example, Record, Verdict

WORDS = [f"word{n}" for n in range(2000)]
WEIGHTS = list(accumulate(1 / n for n in range(1, 2001)))
RECIPES, SEEDS, TEST, ITEMS = ("sft", "s3ft"), (0, 1), 1000, 2000
BENCHMARKS = ("mmlu", "truthfulqa_mc2", "hellaswag", "winogrande")


def write(folder: Path, rows: int) -> None:
    """A run directory as far as the report reads it; prompts of 60 words and answers of 100, as in GSM8K."""
    draw = random.Random(0)
    config = {"model": "lab", "task": "lab", "seeds": list(SEEDS), "recipes": list(RECIPES)}
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    jsonl.write_whole(folder / "data" / "test.jsonl", (asdict(_example(f"test-{n}", draw)) for n in range(TEST)))
    for recipe in RECIPES:
        lines = (records.to_json(_record(recipe, n, draw)) for n in range(rows))
        jsonl.write_whole(folder / "records" / f"{recipe}.jsonl", lines)
        made.write(folder / "records" / f"{recipe}.json", _summary(recipe, rows), [])
        for seed in SEEDS:
            made.write(folder / "adapters" / recipe / f"seed-{seed}" / "s3ft.json", {"seconds": 1.0}, [])
    for name in ("base", *(f"{recipe}-seed-{seed}" for recipe in RECIPES for seed in SEEDS)):
        path = folder / "evals" / f"{name}.samples.jsonl"
        jsonl.write_whole(path, _samples(draw))
        made.write(path.with_name(f"{name}.json"), {"seconds": 1.0}, [path])


def _text(draw: random.Random, words: int) -> str:
    """Words as rare as those of a text: the n-th is drawn in proportion to 1 / n."""
    return " ".join(draw.choices(WORDS, cum_weights=WEIGHTS, k=words))


def _example(id: str, draw: random.Random) -> Example:
    return Example(id, [{"role": "user", "content": _text(draw, 60)}], _text(draw, 100), "1")


def _record(recipe: str, number: int, draw: random.Random) -> Record:
    example = _example(f"train-{number}", draw)
    gold = Candidate("gold", Completion(example.gold), is_generated=False)
    if recipe == "sft":
        return Record(example, [gold], [0])
    own = Candidate("self", Completion(_text(draw, 100)), Verdict(number % 2 == 0, "1"), answers_prompt=True)
    other = Candidate("paraphrase", Completion(_text(draw, 100)), Verdict(number % 4 == 1, "2", "not equal"))
    found = [own] if number % 2 == 0 else [own, other, gold]
    return Record(example, found, [0 if number % 2 == 0 else 1 if number % 4 == 1 else 2])


def _summary(recipe: str, rows: int) -> dict[str, Any]:
    shares = {"gold": 1.0} if recipe == "sft" else {"self": 0.5, "paraphrase": 0.25, "gold": 0.25}
    gold = {"rejected": 0, "undecided": 0, "rejected_ids": []}
    return {
        **{"key": "k", "seconds": 1.0, "rows": rows, "targets": rows, "generated_tokens": 0, "undecided": {}},
        "data": {"rows": rows, "duplicates": 0, "in_evaluation_split": 0, "gold": gold},
        **{"composition": {**shares, "dropped": 0.0}, "filtered": {}, "rejected": {}},
        **{"nll_per_token": dict.fromkeys(shares, 0.5), "nll_per_token_all": 0.5},
    }


def _samples(draw: random.Random) -> Iterator[dict[str, Any]]:
    for n in range(TEST):
        is_right = draw.random() < 0.5
        said = {"completion": _text(draw, 100), "correct": is_right, "answer": "1", "reason": ""}
        outcome = "right" if is_right else "wrong"
        yield {"set": "target", "id": f"test-{n}", "score": float(is_right), "outcome": outcome, **said}
    for name in BENCHMARKS:
        for n in range(ITEMS):
            yield {"set": name, "id": f"{name}/{n}", "score": float(draw.random() < 0.6)}


def opened(page: Path) -> float:
    """Seconds until a headless chromium has loaded the page and shows its first rows, the median of five."""
    from playwright.sync_api import sync_playwright

    taken = []
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(5):
            window = browser.new_page()
            window.goto(page.as_uri())
            taken.append(window.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000)
            window.close()
        browser.close()
    return statistics.median(taken)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="s3ft-report-") as made_in:
        folder = Path(made_in) / "run"
        write(folder, rows)
        begun, used = time.monotonic(), time.process_time()
        report.write(folder)
        built, cpu = time.monotonic() - begun, time.process_time() - used
        page = folder / "report.html"
        size = page.stat().st_size / 1e6
        print(f"report of {rows:,} rows: built in {built:.1f} s ({cpu:.1f} s of processor time), {size:.1f} MB")
        if shutil.which("chromium"):
            print(f"opened by a headless chromium in {opened(page):.2f} s")


if __name__ == "__main__":
    main()
