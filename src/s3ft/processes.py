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
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO, TypeVar

from s3ft.types import UserError

_PART = "S3FT_PART"
"""This process's part of a stage that several share, as "part/parts"."""
_HOLDER = "S3FT_RUN"
"""The folder whose lock a worker inherited."""

_AFTER = "S3FT_AFTER"
"""Seconds that the run takes after this stage, as forecast."""
_ERRORS = "S3FT_ERRORS"
"""The open file that takes the error line of a worker beside the first one."""
_PARENT = "S3FT_PARENT"
"""The process that started a worker."""
_PR_SET_PDEATHSIG = 1
DEVICES = Path("/dev")

_PATIENCE = "S3FT_PATIENCE_S"
"""Seconds that a command waits for another one that is ending; 10 where it is not set."""

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


def seconds_after() -> float | None:
    """Seconds that the run takes after this worker's stage; None if there was no forecast."""
    found = os.environ.get(_AFTER)
    return float(found) if found else None


def _patience_s() -> float:
    return float(os.environ.get(_PATIENCE, "10"))


def num_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@contextmanager
def locked(folder: Path) -> Iterator[TextIO]:
    """Holds a folder for one command at a time; the lock ends with its processes, however they end.

    A worker that `run_workers` started works under the lock that it inherited, and of several ranks the first one holds
    it. Waits some seconds for a command that is about to end, then raises UserError."""
    with (folder / ".lock").open("w") as file:
        if is_first_rank() and os.environ.get(_HOLDER) != str(folder.resolve()):
            _lock(file, folder, time.monotonic() + _patience_s())
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


def gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them; found without CUDA, which would take
    memory of them."""
    present = sorted(p.name.removeprefix("nvidia") for p in DEVICES.glob("nvidia[0-9]*"))
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if not present or allowed is None:
        return present
    return [name.strip() for name in allowed.split(",") if name.strip() not in ("", "-1")]


def run_workers(
    command: Sequence[str],
    parts: int,
    folder: Path,
    lock: TextIO,
    after: float | None = None,
    waiting: Callable[[], None] = lambda: None,
) -> int:
    """Runs a Python module with its arguments in `parts` processes under the lock of `folder`, several of them each on
    a GPU of its own if there are any.

    Returns the first exit code that is not 0; of a worker that a signal ended, 128 and its number. The workers end with
    this process, interrupted or killed. One that still works keeps the lock, so that nothing else writes there.
    `after`: seconds that the run takes after these. Only the first worker says how far it is, so `waiting` is called if
    it ends before the others. An error of the others is shown unless the first one ended in the same way."""
    environment = {**os.environ, _HOLDER: str(folder.resolve()), _PARENT: str(os.getpid())}
    if after is not None:
        environment[_AFTER] = f"{after:.0f}"
    if parts > 1:
        environment["OMP_NUM_THREADS"] = str(max(1, num_cores() // parts))
    cards = gpus() if parts > 1 else []
    # Ctrl-C goes to this process only, which ends the workers: they would show where their imports were stopped.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    started: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:
        try:
            others = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(1, parts)]
            for number in range(parts):
                own, inherited = {**environment, _PART: f"{number}/{parts}"}, [lock.fileno()]
                if cards:
                    own["CUDA_VISIBLE_DEVICES"] = cards[number % len(cards)]
                if number:
                    own[_ERRORS] = str(others[number - 1].fileno())
                    inherited.append(others[number - 1].fileno())
                started.append(subprocess.Popen([sys.executable, "-m", *command], env=own, pass_fds=inherited))
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            codes = [started[0].wait()]
            if any(process.poll() is None for process in started):
                waiting()
            codes += [process.wait() for process in started[1:]]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for process in started:
                if process.poll() is None:
                    process.terminate()
            for process in started:
                _ended(process)
        for file, code in zip(others, codes[1:], strict=True):
            if code != codes[0]:
                file.seek(0)
                sys.stderr.write(file.read().decode("utf-8", "replace"))
    return next((code if code > 0 else 128 - code for code in codes if code), 0)


def errors() -> TextIO:
    """Where this process writes why it failed: each of several side by side would say the same on the terminal."""
    return os.fdopen(int(os.environ[_ERRORS]), "w") if _ERRORS in os.environ else sys.stderr


def _ended(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_patience_s())
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
