"""Benchmarks of programs, pass@1: our own prompts, and the tests run in the sandbox as the judge `code` runs them."""

from __future__ import annotations

import time
from dataclasses import asdict
from itertools import islice
from typing import Any

from s3ft import judges, tasks
from s3ft.backends.cache import Cached, Store
from s3ft.config import EvaluateConfig
from s3ft.digest import file_digest
from s3ft.evaluate import Sample, local_data, target
from s3ft.protocols import Backend, Judge
from s3ft.tasks import humaneval, mbpp
from s3ft.types import Example, Sampling, Task, UserError

PROMPTS = {"mbpp": mbpp.PROMPT, "humaneval": humaneval.PROMPT}
"""What the benchmarks ask, by name."""
SAMPLING = Sampling(max_tokens=1024)
"""Greedy: pass@1 of one program. The length is lm-evaluation-harness's for HumanEval."""


def measure(config: EvaluateConfig, name: str, backend: Backend, store: Store) -> list[Sample]:
    """One sample per item, 1 if the program passed all of its tests."""
    examples = list(islice(_task(config, name).rows("test"), config.limit))
    found = target.measure(SAMPLING, Cached(backend, store), examples, _judge())
    return [_sample(name, e, s) for e, s in zip(examples, found, strict=True)]


def _sample(name: str, example: Example, found: Sample) -> Sample:
    kept = {field: found[field] for field in ("score", "outcome", "finish_reason", "reason")}
    response = found["completion"][:2000]
    id = f"{name}/{example.id}"
    return {"set": name, "id": id, **kept, "metric": "pass@1", "target": example.gold[:500], "response": response}


def forecast(config: EvaluateConfig, name: str, backend: Backend, few: int) -> tuple[float, int]:
    """(seconds, items) of a whole benchmark, from its first items."""
    examples = list(islice(_task(config, name).rows("test"), config.limit))
    begun = time.monotonic()
    target.measure(SAMPLING, backend, examples[:few], _judge())
    return (time.monotonic() - begun) / max(1, len(examples[:few])) * len(examples), len(examples)


def texts(config: EvaluateConfig, name: str, most: int) -> list[str]:
    """The first prompts."""
    return [str(e.prompt[-1]["content"]) for e in islice(_task(config, name).rows("test"), most)]


def require_rows(config: EvaluateConfig, name: str) -> None:
    """Reads the first row, and opens the sandbox. Raises UserError if it cannot be had."""
    try:
        texts(config, name, 1)
    except UserError as error:
        # The data set's own line names a task's option.
        way = f"set evaluate.data to a folder with {name}.jsonl"
        raise UserError(f"benchmark {name}: {str(error).replace('give path=FILE.jsonl', way)}") from error
    _judge()


def made_of(config: EvaluateConfig, name: str) -> Any:
    """Everything but the model that the scores depend on, as JSON."""
    rows = file_digest(local_data.files(config, name, "test")["test"]) if config.data else None
    return [name, config.limit, rows, PROMPTS[name], asdict(SAMPLING)]


def _task(config: EvaluateConfig, name: str) -> Task:
    path = {"path": str(local_data.files(config, name, "test")["test"])} if config.data else {}
    return tasks.load({"name": name, **path})


def _judge() -> Judge:
    return judges.load("code")
