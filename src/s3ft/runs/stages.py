"""The stages of a run, in their order."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TextIO

from s3ft import processes
from s3ft.progress import duration, working
from s3ft.runs import build, evaluate, forecast, sweep, train
from s3ft.runs.directory import Run

SMALL = 200_000_000
"""Bytes of weights below which a second core does more for a second adapter than for the first."""
MOST = 8
"""Processes side by side."""
ONE_GPU = ("transformers", "openai", "scripted")
"""Backends that take one GPU, or none; others may spread over several by settings of their own."""


def _report(run: Run) -> None:
    from s3ft import report

    report.show(report.write(run.folder, train.outdated(run)), run.folder)


STAGES: dict[str, Callable[[Run], None]] = {
    "build": build.build,
    "sweep": sweep.sweep,
    "train": train.train,
    "evaluate": evaluate.evaluate,
    "report": _report,
}


def run_all(run: Run, lock: TextIO) -> int:
    """Runs the stages one after another, each in processes of its own, which get the run directory and nothing else.

    Returns the first exit code that is not 0."""
    before = _made(run)
    stages = [stage for stage in STAGES if stage != "sweep" or run.config.sweep is not None]
    for number, stage in enumerate(stages, 1):
        parts = num_parts(run) if stage in ("train", "evaluate") else 1
        rates = forecast.known(run)
        ahead = forecast.seconds(run, rates, run.counts("train").rows, num_parts(run))
        left = [ahead.get(s, 0.0) for s in stages[number - 1 :]]
        if any(seconds != 0.0 for seconds in left):
            known = [seconds for seconds in left if seconds is not None]
            total = f"; about {duration(sum(known))} left" if len(known) == len(left) else ""
            run.log(f"{stage}: stage {number} of {len(stages)}{total}")
        after = None if None in left[1:] else sum(seconds or 0.0 for seconds in left[1:])
        working("")
        begun, todo = time.monotonic(), _made(run)
        command = ["s3ft", "worker", str(run.folder), stage]
        code = processes.run_workers(
            command, parts, run.folder, lock, after, partial(working, f"{stage}: the other processes")
        )
        if code > 128:
            run.log(f"{stage}: a process was ended by signal {code - 128}; repeat the command to go on")
        if code:
            return code
        took, made = time.monotonic() - begun, len(_made(run) - todo)
        _remember(run, stage, max(0.1, took - (rates.start or 0.0)), -(-made // parts))
        if made:
            forecast.took(run, stage, took)
    if _made(run) == before:
        run.log(f"{run.folder}: was finished; all records, adapters and measurements were reused")
    return 0


def _made(run: Run) -> frozenset[tuple[str, int]]:
    """What the stages made, and when."""
    patterns = ("records/*.json", "sweep/*.json", "adapters/*/*/s3ft.json", "evals/*.json")
    return frozenset((str(p), p.stat().st_mtime_ns) for pattern in patterns for p in run.folder.glob(pattern))


def _remember(run: Run, stage: str, seconds: float, made: int) -> None:
    """What a stage took for so many adapters one after another, for the next forecast. A build answers from the cache
    what it can: only a pilot times it."""
    if made and stage == "train":
        forecast.keep(run, train=seconds / (made * run.counts("train").rows * run.config.train.epochs))
    elif made and stage == "evaluate":
        forecast.keep(run, evaluate=seconds / made)


def num_parts(run: Run) -> int:
    """Processes for adapters side by side: one a GPU, unless the config chooses GPUs itself; without a GPU one a core
    for a small model; else one."""
    backend, adapters = run.config.backend, len(run.arms()) - 1
    if run.config.train.device != "cpu" and (cards := processes.gpus()):
        devices = {run.config.train.device, backend.model_dump().get("device", "auto")}
        is_free = backend.name in ONE_GPU and devices <= {"auto", "cuda"}
        return min(len(cards), adapters, MOST) if is_free else 1
    size = sum(p.stat().st_size for p in run.model.folder.glob("*.safetensors"))
    return min(processes.num_cores(), adapters, MOST) if size < SMALL else 1
