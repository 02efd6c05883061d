"""Before and after: the target task by generation and judge, benchmarks by the harness, one call for every arm."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from s3ft.backends.cache import Cached, Store
from s3ft.config.schema import EvaluateConfig, RunConfig
from s3ft.digest import digest
from s3ft.progress import PART, console, progress
from s3ft.types import Completion, Example, Judge, Request, UserError

Sample = dict[str, Any]
"""One measured item: {"set": "target" | benchmark, "id", "score": 0 to 1, ...}."""

_METRICS = ("acc_norm", "acc", "exact_match", "prompt_level_strict_acc")
"""The metric of a benchmark: the first of these that its items have, else their first number."""


def target(config: RunConfig, backend: Cached, examples: Sequence[Example], judge: Judge) -> list[Sample]:
    """One sample per test row; a completion that is cut, failed or undecided scores 0 and says so."""
    sampling = config.sampling.sampling()
    completions = [Completion("", finish_reason="error")] * len(examples)
    with progress("target task", len(examples)) as advance:
        for index, found in backend.generate([Request(e.prompt, e.tools) for e in examples], sampling):
            completions[index] = found[0]
            advance(1)
    verdicts = judge(examples, completions)
    return [
        {
            "set": "target",
            "id": e.id,
            "score": float(v.correct is True and c.finish_reason == "stop"),
            "finish_reason": c.finish_reason,
            "correct": v.correct,
            "answer": v.answer,
            "reason": v.reason,
            "completion": c.text,
            "num_tokens": c.num_tokens,
        }
        for e, c, v in zip(examples, completions, verdicts, strict=True)
    ]


def benchmark(config: EvaluateConfig, name: str, backend: Any, store: Store) -> list[Sample]:
    """One sample per item of a harness task, kept by content hash. Raises UserError for a task that does not exist."""
    folder = include_folder(config)
    own = [(p.name, p.read_text(encoding="utf-8")) for p in _task_files(folder, config.include == "lab")]
    how = [config.limit, config.extra, own, version("lm_eval")]
    key = digest(["benchmark", dict(backend.identity), name, how])
    kept: list[Sample] | None = store.get(key)
    if kept is None:
        kept = _run_benchmark(config, name, backend, folder)
        store.put({key: kept})
    return kept


def require_benchmarks(config: EvaluateConfig) -> None:
    """Raises UserError for a benchmark or a folder that does not exist; own tasks are found by their file names."""
    folder = include_folder(config)
    others = [n for n in dict.fromkeys([*config.benchmarks, *config.beside]) if not _is_own(n, folder)]
    if not others:
        return
    from lm_eval.tasks import TaskManager

    tasks = TaskManager(include_path=str(folder) if folder else None)
    for name in others:
        _require(name, tasks)


def _is_own(name: str, folder: Path | None) -> bool:
    return folder is not None and any(p.stem == name for p in folder.rglob("*.yaml"))


def _require(name: str, tasks: Any) -> None:
    if not tasks.match_tasks([name]):
        raise UserError(f"evaluate.benchmarks: lm-evaluation-harness has no task {name!r}; lm-eval ls tasks shows them")


def _task_files(folder: Path | None, is_lab: bool) -> list[Path]:
    """What an own task is made of: its YAML, its rows and its functions; the miniature's rows lie beside the folder."""
    if folder is None:
        return []
    suffixes = {".yaml", ".py", ".json", ".jsonl", ".csv"}
    inside = [*folder.rglob("*"), *((folder.parent / "data").iterdir() if is_lab else ())]
    return sorted(p for p in inside if p.suffix in suffixes)


def include_folder(config: EvaluateConfig) -> Path | None:
    """The folder with own harness tasks, if any."""
    if config.include is None:
        return None
    folder = Path(str(files("s3ft.lab") / "benchmarks")) if config.include == "lab" else Path(config.include)
    if not folder.is_dir():
        raise UserError(f"evaluate.include: found {config.include!r}, expected a folder with YAML tasks, or lab")
    return folder


def _run_benchmark(config: EvaluateConfig, name: str, backend: Any, folder: Path | None) -> list[Sample]:
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    class Harness(HFLM):
        """The harness's model with the run's own chat policy."""

        def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
            if add_generation_prompt:
                return str(backend.chat.prompt_text(chat_history))
            return str(super().apply_chat_template(chat_history, add_generation_prompt))

    for noisy in ("lm_eval", "lm-eval", "datasets", "transformers"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    tasks = TaskManager(include_path=str(folder) if folder else None, include_defaults=not _is_own(name, folder))
    _require(name, tasks)
    model = Harness(pretrained=backend.model, tokenizer=backend.tokenizer, batch_size=config.batch_size)
    settings = {"apply_chat_template": True, "bootstrap_iters": 0, "limit": config.limit, **config.extra}
    try:
        with _own_bars_only():
            found = lm_eval.simple_evaluate(model=model, tasks=[name], task_manager=tasks, log_samples=True, **settings)
    except (OSError, ConnectionError, ValueError) as error:
        line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(f"benchmark {name}: {line}") from error
    return [sample for leaf, rows in found["samples"].items() for sample in _samples(name, leaf, rows)]


@contextmanager
def _own_bars_only() -> Iterator[None]:
    """The harness draws bars of its own; they are kept for a terminal that no other process writes to."""
    if console.is_terminal and os.environ.get(PART, "0/1") == "0/1":
        yield
        return
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        yield


def _samples(name: str, leaf: str, rows: list[dict[str, Any]]) -> list[Sample]:
    kept: dict[Any, Sample] = {}
    for row in rows:
        numbers = [k for k in row.get("metrics", []) if isinstance(row.get(k), int | float | np.number | np.bool_)]
        metric = next((m for m in _METRICS if m in numbers), numbers[0] if numbers else None)
        if metric is None:
            raise UserError(f"benchmark {name}: its items have no number as a metric; choose another")
        kept.setdefault(
            row["doc_id"],
            {
                "set": name,
                "id": f"{leaf}/{row['doc_id']}",
                "score": float(row[metric]),
                "metric": metric,
                "target": str(row["target"])[:200],
                "response": str(row["filtered_resps"])[:500],
            },
        )
    return list(kept.values())


def mean(samples: Sequence[Sample], name: str = "target") -> float:
    """Mean score of one set."""
    return fmean(s["score"] for s in samples if s["set"] == name)
