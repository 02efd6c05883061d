"""The stages of a run, in their order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from s3ft import processes
from s3ft.runs import build, evaluate, sweep, train
from s3ft.runs.directory import Run

SMALL = 200_000_000
"""Bytes of weights below which a second core does more for a second adapter than for the first."""
MOST = 8
"""Processes side by side."""


def _report(run: Run) -> None:
    from s3ft import report

    report.write(run.folder)


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
    for stage in STAGES:
        if stage == "sweep" and run.config.sweep is None:
            continue
        parts = _num_parts(run) if stage in ("train", "evaluate") else 1
        code = processes.run_workers(["s3ft", "worker", str(run.folder), stage], parts, run.folder, lock)
        if code > 128:
            run.log(f"{stage}: a process was ended by signal {code - 128}; repeat the command to go on")
        if code:
            return code
    return 0


def _num_parts(run: Run) -> int:
    """Processes for adapters side by side: one a core for a small model without a GPU, else one."""
    on_cpu = run.config.train.device == "cpu" or not Path("/dev/nvidia0").exists()
    size = sum(p.stat().st_size for p in run.model.folder.glob("*.safetensors"))
    return min(processes.num_cores(), len(run.arms()) - 1, MOST) if on_cpu and size < SMALL else 1
