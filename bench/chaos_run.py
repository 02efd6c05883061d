"""The runs of bench/chaos.py: the command, and what it leaves."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import chaos_cases as cases
import chaos_warm
from chaos_cases import Moment

HERE = Path(__file__).parent
SMALL = ["limit=16", "evaluate.rows=8", "evaluate.limit=4", "evaluate.benchmarks=[lab_reading]", "seeds=[0]"]
SMALL += ["train.epochs=2", "train.batch_size=4", "train.save_seconds=0", "sampling.max_tokens=48", "recipes=[s3ft]"]
COMMAND = ["run", str(HERE.parent / "examples" / "quickstart.yaml"), *SMALL, "cache=cache"]
SWEEP = "sweep={learning_rate: [8e-3], rows: 4}"
TIMES = ("seconds", "train_seconds", "resumed_from")
"""Facts that differ between equal runs."""


def start(
    case: Path, *more: str, moment: Moment | None = None, action: str = "", folder: str = "", cold: bool = False
) -> Any:
    """The command in a session of its own; with a moment, harm is done to it then. `cold`: with all its imports."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    if moment is not None:
        plan = {**asdict(moment), "action": action, "folder": str(case / folder), "fired": str(case / "fired")}
        environment["S3FT_CHAOS"] = json.dumps(plan)
        (case / "fired").unlink(missing_ok=True)
    if not cold and (moment is None or moment.event != "import"):
        hook = str(HERE / "chaos_hook.py") if moment is not None else ""
        return chaos_warm.start([*COMMAND, *more], case, environment, hook)
    if moment is not None:
        hook_folder = case / "hook"
        hook_folder.mkdir(exist_ok=True)
        shutil.copy(HERE / "chaos_hook.py", hook_folder / "sitecustomize.py")
        environment["PYTHONPATH"] = os.pathsep.join([str(hook_folder), environment.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-m", "s3ft", *COMMAND, *more],
        cwd=case,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def ended(process: Any) -> tuple[int, str]:
    output, _ = process.communicate()
    return process.returncode, output


def content(run: Path) -> dict[str, Any]:
    """Everything that a run's result consists of, seconds apart."""
    found: dict[str, Any] = {}
    for path in sorted(p for p in run.rglob("*") if p.is_file()):
        name = str(path.relative_to(run))
        if name in ("log.txt", ".lock", "report.md", "report.html"):
            continue
        found[name] = _timeless(json.loads(path.read_text())) if path.suffix == ".json" else path.read_bytes()
    return found


def _timeless(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {k: _timeless(v) for k, v in value.items() if k not in TIMES}


def difference(run: Path, expected: dict[str, Any]) -> list[str]:
    """The files of a run that are not as in the undisturbed one."""
    try:
        found = content(run)
    except ValueError as error:
        return [str(error)]
    return [n for n in sorted(found.keys() | expected.keys()) if found.get(n) != expected.get(n)]


def finished(case: Path) -> dict[str, int]:
    """What stages have finished, with the times of the files."""
    roots = [case / cases.RUN / part for part in ("records", "adapters", "evals", "sweep")]
    facts = [p for root in roots for p in root.rglob("*.json") if ".partial" not in str(p)]
    return {str(p): p.stat().st_mtime_ns for p in facts if '"files"' in p.read_text()}


def num_kept(case: Path) -> int:
    """How many values the cache holds."""
    try:
        with closing(sqlite3.connect(f"file:{case}/cache/{cases.STORE}?mode=ro", uri=True, timeout=60)) as store:
            return int(store.execute("SELECT count(*) FROM kept").fetchone()[0])
    except (sqlite3.Error, TypeError):
        return 0


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """A small file system of its own in a folder. Raises CalledProcessError without the right to mount."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
