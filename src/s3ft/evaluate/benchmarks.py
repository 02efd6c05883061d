"""Benchmarks by name: programs are scored in our sandbox, all others by lm-evaluation-harness."""

from __future__ import annotations

from itertools import islice
from typing import Any

from s3ft.backends.cache import Store
from s3ft.config import EvaluateConfig
from s3ft.evaluate import Sample, harness, local_data, programs
from s3ft.progress import progress
from s3ft.protocols import Backend
from s3ft.types import Capability, UserError

FEW = 8
"""Items of which the time is taken for a forecast."""


def needs(config: EvaluateConfig, name: str) -> Capability:
    """What a backend must be able to do to be measured, besides generating."""
    return "adapters" if _is_program(config, name) else "in_process"


def measure(config: EvaluateConfig, name: str, backend: Backend, store: Store) -> list[Sample]:
    """One sample per item. Raises UserError for a benchmark that does not exist, and a backend that cannot do it."""
    return (programs.measure if _is_program(config, name) else harness.benchmark)(config, name, backend, store)


def forecast(config: EvaluateConfig, name: str, backend: Backend) -> tuple[float, int]:
    """(seconds, items) of a whole benchmark, from the first few items of each of its parts."""
    return (programs.forecast if _is_program(config, name) else harness.forecast)(config, name, backend, FEW)


def made_of(config: EvaluateConfig, name: str) -> Any:
    """Everything but the model that the scores of a benchmark depend on, as JSON."""
    return (programs.made_of if _is_program(config, name) else harness.made_of)(config, name)


def texts(config: EvaluateConfig, name: str, most: int) -> list[tuple[str, str]]:
    """(id, text) of the first prompts, an equal number of each task in it."""
    if _is_program(config, name):
        return [(f"{name}/{n}", text) for n, text in enumerate(programs.texts(config, name, most))]
    tasks = harness.load_tasks(config, name)
    share = -(-most // len(tasks))
    rows = (
        (f"{leaf}/{n}", text)
        for leaf, task in tasks.items()
        for n, doc in enumerate(islice(task.eval_docs, share))
        # Some tasks give the number of a context and no text.
        if isinstance(text := task.doc_to_text(doc), str) and text.strip()
    )
    return list(islice(rows, most))


def require(config: EvaluateConfig) -> None:
    """Reads the rows of every benchmark, from the Hub, the cache or files. Raises UserError for a benchmark, a folder
    or an argument that does not exist, and for rows that cannot be had."""
    harness.require_arguments(config)
    names = [*config.benchmarks, *config.extra_benchmarks]
    of_files = [*local_data.FAMILIES, *programs.PROMPTS]
    if config.data and not any(_is_program(config, n) or local_data.family(config, n) for n in names):
        raise UserError(
            f"evaluate.data: found {config.data!r}, but no benchmark reads files; name some of {', '.join(of_files)} "
            "in evaluate.benchmarks, or leave it out"
        )
    needed = [n for n in names if _is_program(config, n) or not harness.is_at_hand(config, n)]
    if not needed:
        return
    with progress("benchmark data", len(needed), "benchmarks") as advance:
        for name in needed:
            (programs.require_rows if _is_program(config, name) else harness.require_rows)(config, name)
            advance(1)


def _is_program(config: EvaluateConfig, name: str) -> bool:
    """Whether a benchmark is one of ours; a task of `include` by the same name goes first."""
    return name in programs.PROMPTS and not harness.is_own(config, name)
