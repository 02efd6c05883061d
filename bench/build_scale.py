"""What a build costs by the number of rows: time, memory, cache, and the repetition of a finished run.

    python bench/build_scale.py [ROWS ...]

Answers come from a program instead of a model, so that all that is measured is s3ft's own: reading and splitting rows,
judging, the check of every target against the chat template, cache and files. Recipe ssr; 3 of 4 answers are right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from s3ft.config import BackendConfig
from s3ft.types import Capability, Completion, Request, Sampling

SIZES = (1_000, 10_000, 100_000)


class backend:
    """Sums two numbers of the prompt; wrong for every fourth."""

    class Config(BackendConfig):
        """Nothing to set."""

        name: str = __file__

    def __init__(self, config: Config, *of_a_run: Any) -> None:
        pass

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset()

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"bench": "sums"}

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[tuple[int, list[Completion]]]:
        for index, request in enumerate(requests):
            number = int(request.prompt[-1]["content"].split()[2])
            text = f"The answer is {2 * number + (number % 4 == 0)}."
            yield index, [Completion(text, text, num_tokens=5)]


def main(sizes: Sequence[int]) -> None:
    print(f"{'rows':>9} {'rows/s':>8} {'CPU ms/row':>10} {'peak MB':>8} {'cache MB':>8} {'again s':>8} {'again MB':>8}")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            _measure(size, Path(folder))


def _measure(size: int, folder: Path) -> None:
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for i in range(size):
            file.write(json.dumps({"prompt": f"What is {i} + {i}?", "gold": f"The answer is {2 * i}."}) + "\n")
    task = {"name": "rows", "path": str(folder / "rows.jsonl"), "judge": "exact"}
    config = {"model": "lab", "task": task, "recipes": ["ssr"], "backend": {"name": __file__}}
    (folder / "scale.yaml").write_text(json.dumps({**config, "cache": str(folder / "cache")}), encoding="utf-8")
    first, again = (_run(folder) for _ in range(2))
    cache = sum(p.stat().st_size for p in (folder / "cache").iterdir()) / 1e6
    rate, cpu = size / first[0], 1000 * first[1] / size
    print(
        f"{size:9,} {rate:8,.0f} {cpu:10.2f} {first[2]:8.0f} {cache:8.1f} {again[0]:8.1f} {again[2]:8.0f}", flush=True
    )


def _run(folder: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak resident megabytes of `s3ft build`."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "s3ft", "build", "scale.yaml"]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit((folder / "log.txt").read_text())
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or SIZES)
