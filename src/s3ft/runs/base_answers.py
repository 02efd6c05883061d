"""The base's own answers, which every adapter reads: evals/drift/ARM.json and ARM.jsonl."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from s3ft.backends.cache import Cached
from s3ft.data import jsonl, made
from s3ft.digest import digest
from s3ft.evaluate import drift
from s3ft.progress import progress
from s3ft.protocols import Backend, InProcessBackend
from s3ft.runs.directory import Run
from s3ft.types import Adapter, Completion, Example, Request, Sampling

if TYPE_CHECKING:
    from s3ft.models.local import LocalModel

Asked = Sequence[tuple[str, Request]]
"""(id, prompt)."""


def task_rows(examples: Sequence[Example]) -> Asked:
    """Rows of the task as prompts."""
    return [(e.id, Request(e.prompt, e.tools)) for e in examples]


def general_rows(run: Run) -> Asked:
    """Prompts off the task."""
    from s3ft.evaluate import general

    found = general.prompts(run.config.evaluate, run.store)
    return [(id, Request([{"role": "user", "content": text}])) for id, text in found]


def local(backend: Backend) -> LocalModel:
    """The model of a backend that has it in this process."""
    return cast("LocalModel", cast(InProcessBackend, backend).local)


def reference(run: Run, base: Backend, task: Asked, general: Asked) -> drift.Reference | None:
    """What the base says of its own answers, which are generated if they are not kept; None, after a line that says so,
    where the model is not in this process."""
    if "in_process" not in base.capabilities:
        run.log("drift: not measured; it needs a model in this process, such as the backend transformers has")
        return None
    cached, model = Cached(base, run.store), local(base)
    sampling = run.config.sampling
    short = replace(sampling, max_tokens=min(sampling.max_tokens, drift.LONGEST), temperature=0.0)
    found = drift.answers(model, "task", task, _generated(cached, task, sampling))
    found += drift.answers(model, "general", general, _generated(cached, general, short))
    return drift.reference(model, found) if found else None


def _generated(backend: Cached, asked: Asked, sampling: Sampling) -> list[Completion]:
    completions = [Completion("", finish_reason="error")] * len(asked)
    for index, drawn in backend.generate([request for _, request in asked], sampling):
        completions[index] = drawn[0]
    return completions


def missing(run: Run, arms: dict[str, str]) -> dict[str, str]:
    """Of arms by name, each with the key of what it is, those whose drift is not measured, with the key of that."""
    if not run.config.evaluate.drift_rows:
        return {}
    keys = {name: digest([key, _made_of(run)]) for name, key in arms.items()}
    return {name: key for name, key in keys.items() if made.read(_facts(run, name), key) is None}


def measure(run: Run, arms: Mapping[str, Adapter | None], keys: dict[str, str], examples: Sequence[Example]) -> None:
    """Measures the arms that `keys` names; the base measures itself in other batches."""
    if not keys:
        return
    task = task_rows(examples[: run.config.evaluate.drift_rows])
    base = reference(run, run.evaluation_backend(), task, general_rows(run))
    if base is None:
        return
    with progress("drift", len(keys), "adapters") as advance:
        for name, key in keys.items():
            adapter = arms[name]
            size = drift.BATCH_TOKENS if adapter else drift.BATCH_TOKENS // 4
            samples = drift.measure(local(run.evaluation_backend(adapter)), base, size)
            lines = _facts(run, name).with_suffix(".jsonl")
            jsonl.write_whole(lines, samples)
            made.write(_facts(run, name), {"key": key, "items": len(samples)}, [lines])
            advance(1)


def _made_of(run: Run) -> Any:
    """Everything but the adapter that the measure depends on."""
    from s3ft.evaluate import benchmarks

    chosen = run.config.evaluate
    return [chosen.drift_rows, [benchmarks.made_of(chosen, name) for name in chosen.benchmarks]]


def _facts(run: Run, name: str) -> Any:
    return run.folder / "evals" / "drift" / f"{name}.json"
