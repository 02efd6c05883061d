"""Worker processes, ranks and locks: the one place that knows of them.

A run's stages are processes of their own, so that GPU memory is really given back. Small models train and are measured
in several processes side by side, each with its part of the adapters. `accelerate launch` starts ranks, which train one
adapter together."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO, TypeVar

from s3ft.types import UserError

_PART = "S3FT_PART"
"""This process's part of a stage that several share, as "part/parts"."""
_HOLDER = "S3FT_RUN"
"""The folder whose lock a worker inherited."""

_PARENT = "S3FT_PARENT"
"""The process that started a worker."""
_PR_SET_PDEATHSIG = 1

PATIENCE_S = 10.0
"""Seconds that a command waits for another one that is ending."""

T = TypeVar("T")


def rank() -> int:
    """This process's number among those that accelerate or torchrun started; 0 for the only one."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """As `rank`, among the processes of this machine."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def world_size() -> int:
    """How many processes accelerate or torchrun started."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first_rank() -> bool:
    """Whether this process writes files."""
    return rank() == 0


def part() -> tuple[int, int]:
    """(number of this process among those side by side, how many there are)."""
    number, parts = os.environ.get(_PART, "0/1").split("/")
    return int(number), int(parts)


def mine(items: Sequence[T]) -> list[T]:
    """What of a stage's work is this process's part."""
    number, parts = part()
    return list(items[number::parts])


def num_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@contextmanager
def locked(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[TextIO]:
    """Holds a folder for one command at a time; the lock ends with its processes, however they end.

    A worker that `run_workers` started works under the lock that it inherited, and of several ranks the first one holds
    it. Waits `patience_s` seconds for a command that is about to end, then raises UserError."""
    with (folder / ".lock").open("w") as file:
        if is_first_rank() and os.environ.get(_HOLDER) != str(folder.resolve()):
            _lock(file, folder, time.monotonic() + patience_s)
        yield file


def _lock(file: TextIO, folder: Path, until: float) -> None:
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() > until:
                line = f"{folder}: another s3ft is at work here; wait for it, or choose another --name"
                raise UserError(line) from error
        time.sleep(0.1)


def run_workers(command: Sequence[str], parts: int, folder: Path, lock: TextIO) -> int:
    """Runs a Python module with its arguments in `parts` processes under the lock of `folder`.

    Returns the first exit code that is not 0; of a worker that a signal ended, 128 and its number. The workers end with
    this process, interrupted or killed. One that still works keeps the lock, so that nothing else writes there."""
    environment = {**os.environ, _HOLDER: str(folder.resolve()), _PARENT: str(os.getpid())}
    if parts > 1:
        environment["OMP_NUM_THREADS"] = str(max(1, num_cores() // parts))
    # Ctrl-C goes to this process only, which ends the workers: they would show where their imports were stopped.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(parts):
            own = {**environment, _PART: f"{number}/{parts}"}
            started.append(subprocess.Popen([sys.executable, "-m", *command], env=own, pass_fds=[lock.fileno()]))
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        codes = [process.wait() for process in started]
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for process in started:
            if process.poll() is None:
                process.terminate()
        for process in started:
            _ended(process)
    return next((code if code > 0 else 128 - code for code in codes if code), 0)


def _ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def is_worker() -> bool:
    """Whether `run_workers` started this process."""
    return _PARENT in os.environ


def end_with_parent() -> None:
    """Lets a worker end when the process that started it is gone, killed with -9 included (Linux)."""
    if sys.platform != "linux" or not is_worker():
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(os.environ[_PARENT]):
        os.kill(os.getpid(), signal.SIGTERM)


def stop_on_sigterm() -> None:
    """SIGTERM stops a command as Ctrl-C does."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
