"""The stage `evaluate`: evals/ARM.json and evals/ARM.samples.jsonl for the base and every adapter."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from s3ft import plugins
from s3ft.backends.cache import Cached
from s3ft.data import jsonl, made
from s3ft.digest import digest
from s3ft.evaluate import Sample, benchmarks, mean, target
from s3ft.processes import mine
from s3ft.progress import Bar, progress
from s3ft.protocols import Judge
from s3ft.runs import base_answers
from s3ft.runs.directory import Run, settings, trained
from s3ft.types import Adapter, Example, UserError


@dataclass(frozen=True)
class Asked:
    """What is asked of one arm."""

    keys: dict[str, str]
    """What each set of items is measured on, by the set's name."""
    facts: dict[str, Any]
    """What was measured before; empty if nothing was."""
    bar: Bar


def evaluate(run: Run) -> None:
    """Measures what is missing: a set of items is kept if it was measured on the same things."""
    wanted = {name: _keys(run, adapter) for name, adapter in mine(list(run.arms().items()))}
    arms = run.arms()
    kept = {name: made.read(_facts(run, name)) or {} for name in wanted}
    missing = {name: keys for name, keys in wanted.items() if kept[name].get("keys") != keys}
    if reused := [name for name in wanted if name not in missing]:
        run.log(f"evaluate: reused {', '.join(reused)}")
    drifted = base_answers.missing(run, {name: keys["target"] for name, keys in wanted.items()})
    if not missing and not drifted:
        return
    from s3ft.runs.quiet import quiet_libraries

    quiet_libraries()
    examples = list(run.examples(run.config.evaluate.split, run.config.evaluate.rows))
    if missing:
        judge = run.judge()
        with progress("evaluate", None, "items") as bar:
            for name, keys in missing.items():
                begun = bar.done
                _measure(run, name, arms[name], Asked(keys, kept[name], bar), examples, judge)
                # Only a benchmark that was run says how many items it has.
                bar.detail = str
                bar.total = bar.total or bar.done + (len(missing) - 1) * (bar.done - begun)
    base_answers.measure(run, arms, drifted, examples)


def _measure(run: Run, name: str, adapter: Adapter | None, asked: Asked, examples: list[Example], judge: Judge) -> None:
    """Measures the sets of items of one arm that are missing, and writes them with those that are kept."""
    begun, keys, facts, bar = time.monotonic(), asked.keys, asked.facts, asked.bar
    kept = {n for n, key in facts.get("keys", {}).items() if keys.get(n) == key}
    samples: list[Sample] = []
    if kept:
        samples = [s for s in jsonl.read(_samples(run, name)) if s["set"] in kept]
    if adapter is not None:
        _require_same_chat(run, adapter)
    backend = run.evaluation_backend(adapter)
    if "target" not in kept:
        bar.detail = partial(str, f"{name}: {run.task.name}")
        samples += target.measure(
            run.config.sampling, Cached(backend, run.store), examples, judge, run.task.stratum, bar
        )
    config = run.config.evaluate
    asked_for = [n for n in keys if n not in kept and n != "target"]
    for benchmark in sorted(asked_for, key=lambda n: benchmarks.needs(config, n)):
        bar.detail = partial(str, f"{name}: {benchmark}")
        if (needed := benchmarks.needs(config, benchmark)) not in backend.capabilities:
            # The harness runs a model in this process; an engine gives its memory back when nothing names it.
            backend = run.evaluation_backend(adapter, needed)
        found = benchmarks.measure(config, benchmark, backend, run.store)
        samples += found
        bar(len(found))
    samples.sort(key=lambda s: list(keys).index(s["set"]))
    jsonl.write_whole(_samples(run, name), samples)
    means = {n: mean(samples, n) for n in keys}
    facts = {
        "keys": keys,
        "scores": means,
        "items": len(samples),
        "cut": sum(s.get("finish_reason") == "length" for s in samples),
        "undecided": sum(s["set"] == "target" and s["correct"] is None for s in samples),
        "seconds": (facts.get("seconds", 0.0) if kept else 0.0) + time.monotonic() - begun,
    }
    made.write(_facts(run, name), facts, [_samples(run, name)])
    run.log(f"evaluate {name}: " + ", ".join(f"{n} {v:.3f}" for n, v in means.items()))


def _keys(run: Run, adapter: Adapter | None) -> dict[str, str]:
    """What each set of items is measured on, by the set's name. Raises UserError for an adapter that is not trained."""
    config, chosen = run.config, run.config.evaluate
    arm = None if adapter is None else [trained(adapter)["key"], adapter.scale]
    model = [run.model.fingerprint, arm, config.chat.model_dump(mode="json"), settings(config.backend)]
    rows = [run.counts(chosen.split).digest, chosen.rows]
    how = [plugins.identity(run.judge_spec), config.model_dump(mode="json", include={"sampling"})]
    keys = {"target": digest([model, rows, how, run.task.stratum])}
    for name in dict.fromkeys([*chosen.benchmarks, *chosen.extra_benchmarks]):
        keys[name] = digest([model, benchmarks.made_of(chosen, name)])
    return keys


def _facts(run: Run, name: str) -> Any:
    return run.folder / "evals" / f"{name}.json"


def _samples(run: Run, name: str) -> Any:
    return run.folder / "evals" / f"{name}.samples.jsonl"


def _require_same_chat(run: Run, adapter: Adapter) -> None:
    if trained(adapter)["chat"] != run.chat.identity:
        raise UserError(f"{adapter.folder}: trained under another chat template or thinking mode; train it again")
