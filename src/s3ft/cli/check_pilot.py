"""A pilot on some training rows: what the whole run will come to. The run uses its generations again."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from s3ft import judges
from s3ft.backends.metered import Metered
from s3ft.build_statistics import RecipeCounts
from s3ft.data import records
from s3ft.pipeline import BuildOptions, build_records
from s3ft.progress import progress
from s3ft.protocols import Backend, InProcessBackend
from s3ft.runs import forecast, stages
from s3ft.runs.directory import Run
from s3ft.types import Example, Record

STEPS = 4
"""Optimizer steps of the trial training."""
_IMPORTS = ("s3ft.cli.main", "s3ft.train.loop", "s3ft.evaluate.harness", "s3ft.backends.transformers")


@dataclass(frozen=True, slots=True)
class Answered:
    """What the base model did with the pilot's rows."""

    counts: dict[str, RecipeCounts]
    records: dict[str, list[Record]]
    tokens: float
    """Generated for the targets of all recipes, for a row; what several recipes ask is counted once."""
    answer_tokens: float
    """Of the base model's answer to a training prompt."""
    build_s: float | None
    """Seconds for a row under all recipes; None if too much came from the cache."""
    evaluate_s: float | None
    """Seconds for one adapter on all items; None if the cache answered everything."""
    items: int
    """Benchmark items of one adapter."""
    load_s: float
    """Seconds until the model could answer."""
    undecided: str
    """On what the judge was undecided, in words."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the whole run takes."""

    seconds: dict[str, float | None]
    """By stage."""
    memory: int
    """Bytes at most in one process: of the GPU if it was used, else of the machine."""
    has: int
    """Bytes there are."""
    parts: int
    """Processes side by side."""
    disk: float
    """Bytes."""
    dropped: int
    """Targets of the pilot that are too long to train on."""


def answers(run: Run, examples: list[Example], test_rows: int) -> Answered:
    """The targets of every recipe, as the run makes them, and the first items of each benchmark."""
    begun, raw = time.monotonic(), run.backend()
    base = Metered(raw, run.store)
    if "in_process" in raw.capabilities:
        # Loaded now, so that its time is not taken for the rows'.
        _ = cast(InProcessBackend, raw).local
    load_s = time.monotonic() - begun
    judge = judges.load(run.judge_spec, lambda name, spec: run.open_model(name, spec) if name or spec else base)
    config = run.config
    options = BuildOptions(
        config.sampling, run.task.paraphrase, config.rejected_gold, config.max_undecided, run.overrides
    )
    made = build_records(examples, run.recipes, base, judge, run.chat, options)
    found: dict[str, list[Record]] = {name: [] for name in run.recipes}
    begun = time.monotonic()
    with progress("pilot", len(examples)) as bar:
        bar.detail, made.advance = made.progress, lambda n: bar(n / made.steps)
        for name, rows in made:
            found[name] += rows
    seconds, tokens = time.monotonic() - begun, sum(base.asked.values())
    per_answer = _answer_tokens(run, found)
    timed = [_benchmark(run, n, raw) for n in [*config.evaluate.benchmarks, *config.evaluate.extra_benchmarks]]
    on_benchmarks = sum(taken for taken, _ in timed)
    is_timed = base.tokens > 0 and 2 * base.tokens >= tokens
    return Answered(
        made.counts.recipes,
        found,
        tokens / len(examples),
        per_answer,
        seconds * tokens / base.tokens / len(examples) if is_timed else None,
        test_rows * per_answer * base.seconds / base.tokens + on_benchmarks if base.tokens else None,
        sum(items for _, items in timed),
        load_s,
        made.counts.undecided(),
    )


def _answer_tokens(run: Run, found: Mapping[str, list[Record]]) -> float:
    """Mean tokens of the model's own answers; of its paraphrases, or the gold, where no recipe asks for those."""
    written = [c for rows in found.values() for r in rows for c in r.candidates if c.is_generated]
    if own := [c for c in written if c.answers_prompt] or written:
        return sum(c.completion.num_tokens for c in own) / len(own)
    golds = [r.example.gold for rows in found.values() for r in rows]
    return sum(len(run.chat.tokenizer(gold)["input_ids"]) for gold in golds) / len(golds)


def cost(run: Run, answered: Answered, rows: int) -> Cost:
    """What follows for the whole run from the answers and a few steps of training; kept, so that the run can say how
    long it takes. Raises UserError for what the run would stop at."""
    config = run.config
    lengths = {name: _mean_length(run, found) for name, found in answered.records.items()}
    longest = max(lengths, key=lambda name: lengths[name])
    facts, size = _trial(run, longest, answered.records[longest])
    share = sum(lengths.values()) / len(lengths) / lengths[longest]
    per_row = facts["train_seconds"] / (STEPS * config.train.batch_size) * share
    opening = (facts["seconds"] - facts["train_seconds"]) / (rows * config.train.epochs)
    measured = {
        "build": None if answered.build_s is None else answered.build_s + answered.load_s / rows,
        "train": per_row + opening,
        "evaluate": None if answered.evaluate_s is None else answered.evaluate_s + answered.load_s,
        "start": _start(),
    }
    forecast.keep(run, **{stage: s for stage, s in measured.items() if s is not None})
    parts = stages.num_parts(run)
    seconds = forecast.seconds(run, forecast.known(run), rows, parts)
    tokens = {name: c.generated_tokens * rows / c.rows for name, c in answered.counts.items()}
    forecast.keep_pilot(run, seconds, tokens)
    written = sum(len(str(records.to_json(r))) for found in answered.records.values() for r in found)
    per_row = written / len(answered.records[longest])
    # Records hold a row's prompt, train/ has it again, and so has the cache.
    disk = len(run.recipes) * len(config.seeds) * size + 3 * per_row * rows
    return Cost({s: n for s, n in seconds.items() if n != 0.0}, *_memory(), parts, disk, len(facts["dropped"]))


def _start() -> float:
    """Seconds until a process of a stage has imported what it works with."""
    begun = time.monotonic()
    # Trackers and others may not write to the pilot's terminal.
    subprocess.run([sys.executable, "-c", f"import {', '.join(_IMPORTS)}"], capture_output=True, check=False)
    return time.monotonic() - begun


def _benchmark(run: Run, name: str, raw: Backend) -> tuple[float, int]:
    from s3ft.evaluate import benchmarks

    needed = benchmarks.needs(run.config.evaluate, name)
    backend = raw if needed in raw.capabilities else run.evaluation_backend(None, needed)
    with progress(f"pilot: {name}", None, "items") as bar:
        found = benchmarks.forecast(run.config.evaluate, name, backend)
        bar(min(benchmarks.FEW, found[1]))
    return found


def _mean_length(run: Run, rows: list[Record]) -> float:
    """Tokens of a row as it is trained on."""
    targets = [(r, r.candidates[k]) for r in rows for k in r.targets]
    found = [len(run.chat.target(r.example.prompt, c.trained, r.example.tools).input_ids) for r, c in targets]
    return sum(found) / max(1, len(found))


def _trial(run: Run, recipe: str, rows: list[Record]) -> tuple[dict[str, Any], int]:
    """A few steps of training: what was measured, and the adapter's bytes."""
    from s3ft.models import loading
    from s3ft.train import loop
    from s3ft.train.arm import Arm, Base
    from s3ft.train.rows import prepare

    config, setting = run.config, run.config.train
    device = loading.device(setting.device, "train.device")
    dtype = loading.dtype(setting.dtype, device, run.model.folder)
    base = Base(run.model.folder, dtype, device, config.trust_remote_code)
    prepared = prepare(rows, run.chat, setting.max_length or loading.context_length(run.model.folder))
    changes = {"learning_rate": setting.rate(recipe), "save_seconds": 1e9, "report_to": "none", "warmup": 0.0}
    arm = Arm(recipe, config.seeds[0], setting.model_copy(update=changes), STEPS)
    with tempfile.TemporaryDirectory(prefix="s3ft-pilot-") as folder:
        out = Path(folder) / "adapter"
        with progress("pilot: training", STEPS * setting.batch_size) as bar:
            facts = loop.train(base, prepared, out, arm, bar=bar)
        return facts, sum(p.stat().st_size for p in out.rglob("*") if p.is_file())


def _memory() -> tuple[int, int]:
    """Bytes that this process took at most, and bytes there are."""
    import torch

    if torch.cuda.is_available() and (taken := torch.cuda.max_memory_reserved()):
        return taken, torch.cuda.mem_get_info()[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return (peak if sys.platform == "darwin" else 1024 * peak), total
