"""Commands of s3ft as forks of a process that has imported everything: a minute of imports a run, saved.

The command and its stages are real processes with the parents, groups, signals and locks that they have otherwise. Only
what comes before `s3ft.cli.main.main` is not run again, so that moments of an import need a cold process."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

IMPORTED = ("s3ft.cli.main", "s3ft.runs.stages", "s3ft.runs.opening", "s3ft.report.plot", "s3ft.report.table")
IMPORTED += ("s3ft.train.loop", "s3ft.train.rows", "s3ft.pipeline", "s3ft.evaluate.harness", "s3ft.models.local")
IMPORTED += ("trl", "peft", "lm_eval.evaluator", "trl.trainer.sft_trainer", "s3ft.models.adapters", "s3ft.runs.quiet")


class Forked:
    """A process like those of `subprocess`, as far as `s3ft.processes` and the bench ask."""

    def __init__(self, pid: int, output: int | None = None) -> None:
        self.pid, self.returncode, self._output = pid, None, output

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        until = None if timeout is None else time.monotonic() + timeout
        while until is not None and self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("s3ft", timeout or 0)
            time.sleep(0.02)
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self) -> tuple[str, None]:
        assert self._output is not None
        with os.fdopen(self._output, errors="replace") as file:
            text = file.read()
        self.wait()
        return text, None


def start(arguments: Sequence[str], case: Path, environment: dict[str, str], hook: str) -> Forked:
    """The command in a session of its own, its output in a pipe."""
    for name in IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    read, write = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.dup2(write, 1)
            os.dup2(write, 2)
            os.close(read)
            os.close(write)
            os.chdir(case)
            _as_its_own(environment)
            if hook:
                exec(compile(Path(hook).read_text(), hook, "exec"), {"__name__": "sitecustomize"})
            _run(arguments, hook)
        finally:
            os._exit(99)
    os.close(write)
    return Forked(pid, read)


def _as_its_own(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _run(arguments: Sequence[str], hook: str) -> None:
    """The command, with stages that are forks too."""
    from s3ft import processes
    from s3ft.cli import main

    def popen(command: Sequence[str], env: dict[str, str], pass_fds: object) -> Forked:
        pid = os.fork()
        if pid:
            return Forked(pid)
        try:
            _as_its_own(env)
            if hook:
                exec(compile(Path(hook).read_text(), hook, "exec"), {"__name__": "sitecustomize"})
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _end(main.main, command[3:])
        finally:
            os._exit(99)

    fake: Any = types.SimpleNamespace(Popen=popen, TimeoutExpired=subprocess.TimeoutExpired)
    processes.subprocess = fake
    _end(main.main, arguments)


def _end(main: Any, arguments: Sequence[str]) -> None:
    sys.argv = ["s3ft", *arguments]
    code = 1
    try:
        main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
