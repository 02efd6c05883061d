"""Benchmarks by lm-evaluation-harness, one call for every arm."""

from __future__ import annotations

import inspect
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast, get_type_hints

import numpy as np
import yaml

from s3ft import lab, plugins, processes
from s3ft.backends.cache import Store
from s3ft.config import EvaluateConfig
from s3ft.digest import digest, file_digest
from s3ft.evaluate import Sample
from s3ft.progress import console
from s3ft.protocols import Backend, InProcessBackend, require
from s3ft.types import UserError

if TYPE_CHECKING:
    from s3ft.models.local import LocalModel

_METRICS = ("acc_norm", "acc", "exact_match", "prompt_level_strict_acc")
"""The metric of a benchmark: the first of these that its items have, else their first number."""


_GIT = re.compile(rb"fatal: not a git repository[^\n]*\n(Stopping at filesystem boundary[^\n]*\n)?")

_OURS = {
    "model": "it is the base or an adapter",
    "tasks": "set evaluate.benchmarks",
    "task_manager": "set evaluate.include",
    "log_samples": "the samples are what is compared",
    "limit": "set evaluate.limit",
    "batch_size": "set evaluate.batch_size",
    "device": "set backend.device",
    "model_args": "set backend",
}
"""Arguments of lm_eval.simple_evaluate that a run sets itself, and what to do instead."""


def benchmark(config: EvaluateConfig, name: str, backend: Backend, store: Store) -> list[Sample]:
    """One sample per item of a harness task, kept by content hash. Raises UserError for a task that does not exist, and
    for a backend whose model is not in this process."""
    require(backend, "in_process", f"benchmark {name} runs the model by lm-evaluation-harness")
    key = digest(["benchmark", dict(backend.identity), made_of(config, name)])
    kept: list[Sample] | None = store.get(key)
    if kept is None:
        kept = _run_benchmark(config, name, cast(InProcessBackend, backend).local, include_folder(config))
        store.put({key: kept})
    return kept


def made_of(config: EvaluateConfig, name: str) -> Any:
    """Everything but the model that the scores of a benchmark depend on, as JSON."""
    files = [(p.name, file_digest(p)) for p in _task_files(include_folder(config), config.include == "lab")]
    return [name, config.limit, config.extra, files, version("lm_eval")]


def require_benchmarks(config: EvaluateConfig) -> None:
    """Raises UserError for a benchmark, a folder or an argument that does not exist; own tasks are found by their file
    names."""
    folder = include_folder(config)
    _require_arguments(config.extra)
    names = [*config.benchmarks, *config.extra_benchmarks]
    for name in (n for n in names if _is_own(n, folder)):
        _require_task_file(name, cast(Path, folder))
    others = [n for n in names if not _is_own(n, folder)]
    if not others:
        return
    from lm_eval.tasks import TaskManager

    tasks = TaskManager(include_path=str(folder) if folder else None)
    for name in others:
        _require(name, tasks)


def _require_arguments(extra: dict[str, Any]) -> None:
    """Raises UserError for what lm_eval.simple_evaluate does not take, or what a run sets itself."""
    if not extra:
        return
    from lm_eval import simple_evaluate

    known = inspect.signature(simple_evaluate).parameters
    for name, value in extra.items():
        if name in _OURS:
            raise UserError(f"evaluate.extra: {name} is set by the run; {_OURS[name]}")
        if name not in known:
            others = sorted(known.keys() - _OURS.keys())
            raise UserError(f"evaluate.extra: {plugins.unknown('argument of simple_evaluate', name, others)}")
        plugins.require_type(value, _stated_type(simple_evaluate, name), f"evaluate.extra.{name}")


def _stated_type(function: Any, name: str) -> Any:
    """The type of an argument; Any if it is not stated, or with names that exist for type checkers alone."""
    one = SimpleNamespace(__annotations__={name: function.__annotations__.get(name, Any)})
    try:
        return get_type_hints(one, function.__globals__)[name]
    except NameError:
        return Any


def _require_task_file(name: str, folder: Path) -> None:
    file = next(p for p in sorted(folder.rglob("*.yaml")) if p.stem == name)
    try:
        # Nodes alone: the harness has tags of its own, such as !function.
        node = yaml.compose(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"evaluate.include: {file} is not YAML: {' '.join(str(error).split())[:200]}") from error
    keys = [k.value for k, _ in node.value] if isinstance(node, yaml.MappingNode) else []
    if not {"task", "group", "include"} & set(keys):
        raise UserError(f"evaluate.include: {file} has no field 'task'; found {', '.join(map(str, keys)) or 'none'}")


def _is_own(name: str, folder: Path | None) -> bool:
    return folder is not None and any(p.stem == name for p in folder.rglob("*.yaml"))


def _require(name: str, tasks: Any) -> None:
    if not tasks.match_tasks([name]):
        raise UserError(f"evaluate.benchmarks: lm-evaluation-harness has no task {name!r}; lm-eval ls tasks shows them")


def _task_files(folder: Path | None, is_lab: bool) -> list[Path]:
    """What an own task is made of: its YAML, its rows and its functions; the miniature's rows are in another folder."""
    if folder is None:
        return []
    suffixes = {".yaml", ".py", ".json", ".jsonl", ".csv"}
    inside = [*folder.rglob("*"), *((folder.parent / "data").iterdir() if is_lab else ())]
    return sorted(p for p in inside if p.suffix in suffixes)


def include_folder(config: EvaluateConfig) -> Path | None:
    """The folder with own harness tasks, if any."""
    if config.include is None:
        return None
    folder = lab.BENCHMARKS if config.include == "lab" else Path(config.include)
    if not folder.is_dir():
        raise UserError(f"evaluate.include: found {config.include!r}, expected a folder with YAML tasks, or lab")
    return folder


def load_tasks(config: EvaluateConfig, name: str) -> dict[str, Any]:
    """The harness's tasks of a benchmark by name, their data read."""
    with own_bars_only():
        return dict(_manager(name, include_folder(config)).load([name])["tasks"])


def _manager(name: str, folder: Path | None) -> Any:
    from lm_eval.tasks import TaskManager

    tasks = TaskManager(include_path=str(folder) if folder else None, include_defaults=not _is_own(name, folder))
    _require(name, tasks)
    return tasks


def _run_benchmark(config: EvaluateConfig, name: str, local: LocalModel, folder: Path | None) -> list[Sample]:
    import lm_eval
    from lm_eval.models.huggingface import HFLM

    class Harness(HFLM):
        """The harness's model with the run's own chat policy."""

        def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
            if add_generation_prompt:
                return str(local.chat.prompt_text(chat_history))
            return str(super().apply_chat_template(chat_history, add_generation_prompt))

    for noisy in ("lm_eval", "lm-eval", "datasets", "transformers"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    tasks = _manager(name, folder)
    model = Harness(pretrained=local.model, tokenizer=local.chat.tokenizer, batch_size=config.batch_size)
    settings = {"apply_chat_template": True, "bootstrap_iters": 0, "limit": config.limit, **config.extra}
    try:
        with own_bars_only():
            found = lm_eval.simple_evaluate(model=model, tasks=[name], task_manager=tasks, log_samples=True, **settings)
    except (OSError, ConnectionError, ValueError) as error:
        line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(f"benchmark {name}: {line}") from error
    return [sample for leaf, rows in found["samples"].items() for sample in _samples(name, leaf, rows)]


@contextmanager
def own_bars_only() -> Iterator[None]:
    """The harness draws bars of its own, which are kept for a terminal that no other process writes to, and starts git,
    which complains outside of a repository."""
    sys.stderr.flush()
    kept = os.dup(2)
    reading, writing = os.pipe()
    is_shown = console.is_terminal and processes.part() == (0, 1)
    reader = Thread(target=_pass_on, args=(reading, os.dup(kept) if is_shown else None), daemon=True)
    reader.start()
    os.dup2(writing, 2)
    os.close(writing)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        # A process that the harness started may hold the other end for as long as it lives.
        reader.join(timeout=1)


def _pass_on(reading: int, to: int | None) -> None:
    while chunk := os.read(reading, 1 << 16):
        if to is not None:
            os.write(to, _GIT.sub(b"", chunk))
    os.close(reading)
    if to is not None:
        os.close(to)


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
