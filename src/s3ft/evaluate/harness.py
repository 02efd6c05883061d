"""Benchmarks by lm-evaluation-harness, one call for every arm."""

from __future__ import annotations

import difflib
import inspect
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast, get_type_hints

import numpy as np
import yaml

from s3ft import lab, plugins
from s3ft.backends.cache import Store
from s3ft.config import SUITES, EvaluateConfig
from s3ft.data import hub
from s3ft.digest import digest, file_digest
from s3ft.evaluate import Sample, local_data
from s3ft.progress import console
from s3ft.protocols import Backend, InProcessBackend, require
from s3ft.types import UserError

if TYPE_CHECKING:
    from s3ft.models.local import LocalModel

_METRICS = ("acc_norm", "acc", "exact_match", "prompt_level_strict_acc")
"""The metric of a benchmark: the first of these that its items have, else their first number."""


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
        found = _run_benchmark(config, name, cast(InProcessBackend, backend).local)
        kept = [sample for leaf, rows in found["samples"].items() for sample in _samples(name, leaf, rows)]
        store.put({key: kept})
    return kept


def forecast(config: EvaluateConfig, name: str, backend: Backend, few: int) -> tuple[float, int]:
    """(seconds, items) of a whole benchmark, from the first items of each of its parts."""
    require(backend, "in_process", f"benchmark {name} runs the model by lm-evaluation-harness")
    begun, first = time.monotonic(), config.model_copy(update={"limit": min(few, config.limit or few)})
    found = _run_benchmark(first, name, cast(InProcessBackend, backend).local)
    rest = time.monotonic() - begun - found["seconds"]
    asked = sum(part["effective"] for part in found["n-samples"].values())
    items = sum(min(part["original"], config.limit or part["original"]) for part in found["n-samples"].values())
    return rest + found["seconds"] / max(1, asked) * items, items


def made_of(config: EvaluateConfig, name: str) -> Any:
    """Everything but the model that the scores of a benchmark depend on, as JSON."""
    folder = include_folder(config)
    files = [(p.name, file_digest(p)) for p in _task_files(folder, config.include == "lab")]
    if (own := local_data.family(config, name)) and not _is_own(name, folder):
        paths = local_data.files(config, own, local_data.FAMILIES[own].measured)
        files += [(split, file_digest(path)) for split, path in paths.items()]
    return [name, config.limit, config.extra, files, version("lm_eval")]


def require_rows(config: EvaluateConfig, name: str) -> None:
    """Reads the rows. Raises UserError for a benchmark that does not exist, rows that cannot be had, and one that would
    execute programs outside of the sandbox unasked."""
    tasks = load_tasks(config, name)
    if any(getattr(task, "UNSAFE_CODE", False) for task in tasks.values()) and not config.extra.get(
        "confirm_run_unsafe_code"
    ):
        raise UserError(
            f"benchmark {name}: lm-evaluation-harness would run the model's programs on this machine without a "
            "sandbox; take mbpp or humaneval, which are run in one, or set evaluate.extra.confirm_run_unsafe_code=true"
        )


def is_at_hand(config: EvaluateConfig, name: str) -> bool:
    """Whether this is an own task with its rows in a file or a function, which costs no look at the Hub."""
    folder = include_folder(config)
    return folder is not None and _is_own(name, folder) and _is_at_hand(_require_task_file(name, folder))


def is_own(config: EvaluateConfig, name: str) -> bool:
    """Whether a benchmark is a task of `evaluate.include`."""
    return _is_own(name, include_folder(config))


def require_arguments(config: EvaluateConfig) -> None:
    """Raises UserError for what lm_eval.simple_evaluate does not take, or what a run sets itself."""
    include_folder(config)
    if not (extra := config.extra):
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
        if name == "num_fewshot" and isinstance(value, int) and value < 0:
            raise UserError(f"evaluate.extra.num_fewshot: found {value}, expected 0 or more")


def _stated_type(function: Any, name: str) -> Any:
    """The type of an argument; Any if it is not stated, or with names that exist for type checkers alone."""
    one = SimpleNamespace(__annotations__={name: function.__annotations__.get(name, Any)})
    try:
        return get_type_hints(one, function.__globals__)[name]
    except NameError:
        return Any


def _require_task_file(name: str, folder: Path) -> dict[str, str]:
    """What an own task states. Raises UserError for a file that is no task."""
    file = next(p for p in sorted(folder.rglob("*.yaml")) if p.stem == name)
    try:
        # Nodes alone: the harness has tags of its own, such as !function.
        node = yaml.compose(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"evaluate.include: {file} is not YAML: {' '.join(str(error).split())[:200]}") from error
    stated = {str(k.value): str(v.value) for k, v in node.value} if isinstance(node, yaml.MappingNode) else {}
    if not {"task", "group", "include"} & stated.keys():
        raise UserError(f"evaluate.include: {file} has no field 'task'; found {', '.join(stated) or 'none'}")
    return stated


def _is_at_hand(stated: dict[str, str]) -> bool:
    """Whether an own task's rows come from files or a function of its own."""
    if "include" in stated or "group" in stated:
        return False
    return "custom_dataset" in stated or stated.get("dataset_path") in ("json", "csv", "parquet", "text", "arrow")


def _is_own(name: str, folder: Path | None) -> bool:
    return folder is not None and any(p.stem == name for p in folder.rglob("*.yaml"))


def _require(name: str, tasks: Any) -> None:
    if name not in tasks.all_tasks:
        near = difflib.get_close_matches(name, [*SUITES, *tasks.all_tasks], n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UserError(
            f"evaluate.benchmarks: lm-evaluation-harness has no task {name!r}; {hint}lm-eval ls tasks shows them all"
        )


@cache
def _default_tasks(include: str | None) -> Any:
    """The harness's index of its own tasks, which takes seconds to make, and of a folder's."""
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=include)


def _task(config: EvaluateConfig, name: str, folder: Path | None) -> tuple[Any, Any]:
    """The harness's index of tasks, and a benchmark as it loads it."""
    from lm_eval.tasks import TaskManager

    if _is_own(name, folder):
        return TaskManager(include_path=str(folder), include_defaults=False), name
    manager = _default_tasks(str(folder) if folder else None)
    _require(name, manager)
    return manager, local_data.tasks(manager, config, name) if local_data.family(config, name) else name


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Raises what stops the harness as UserError."""
    with hub.asked(f"benchmark {name}", f"leave {name} out, or set evaluate.data to a folder with its rows"):
        try:
            yield
        except ModuleNotFoundError as error:
            also = "; pip install 's3ft[ifeval]' has what ifeval needs" if "ifeval" in name else ""
            raise UserError(f"benchmark {name}: no package {error.name} is installed; install it{also}") from error


def _quiet() -> None:
    for noisy in ("lm_eval", "lm-eval", "datasets", "transformers"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


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
    """The harness's tasks of a benchmark by name, their data read. Raises UserError for a benchmark that does not
    exist, and for rows that cannot be had."""
    return _loaded(config, name)[1]


def _loaded(config: EvaluateConfig, name: str) -> tuple[Any, dict[str, Any]]:
    """The harness's index of tasks, and those of a benchmark."""
    _quiet()
    manager, task = _task(config, name, include_folder(config))
    with quiet(), _one_line(name):
        return manager, dict(manager.load(task)["tasks"])


def _run_benchmark(config: EvaluateConfig, name: str, local: LocalModel) -> dict[str, Any]:
    """What lm_eval.simple_evaluate gives, and the "seconds" that the model took of it."""
    import lm_eval
    from lm_eval.models.huggingface import HFLM

    class Harness(HFLM):
        """The harness's model with the run's own chat policy; its time is taken."""

        seconds = 0.0

        def loglikelihood(self, *args: Any, **options: Any) -> Any:
            return self._timed(super().loglikelihood, *args, **options)

        def generate_until(self, *args: Any, **options: Any) -> Any:
            return self._timed(super().generate_until, *args, **options)

        def _timed(self, ask: Callable[..., Any], *args: Any, **options: Any) -> Any:
            begun = time.monotonic()
            try:
                return ask(*args, **options)
            finally:
                self.seconds += time.monotonic() - begun

        def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
            if add_generation_prompt:
                return str(local.chat.prompt_text(chat_history))
            return str(super().apply_chat_template(chat_history, add_generation_prompt))

    manager, tasks = _loaded(config, name)
    model = Harness(pretrained=local.model, tokenizer=local.chat.tokenizer, batch_size=config.batch_size)
    settings = {"apply_chat_template": True, "bootstrap_iters": 0, "limit": config.limit, **config.extra}
    try:
        with quiet():
            found = lm_eval.simple_evaluate(
                model=model, tasks=list(tasks.values()), task_manager=manager, log_samples=True, **settings
            )
    except (OSError, ConnectionError, ValueError) as error:
        line = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(f"benchmark {name}: {line}") from error
    return {**found, "seconds": model.seconds}


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing but our own lines on the terminal: the harness draws bars of its own, and the git that it starts
    complains outside of a repository."""
    if sys.stderr is not sys.__stderr__:
        # A program that has put something else there gets all of it.
        yield
        return
    console.file.flush()
    terminal = os.dup(2)
    with open(os.devnull, "w") as nowhere, open(terminal, "w", encoding="utf-8", buffering=1) as shown:
        os.dup2(nowhere.fileno(), 2)
        ours, console.file = console.file, shown
        try:
            yield
        finally:
            ours.flush()
            console.file = ours
            os.dup2(terminal, 2)


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
