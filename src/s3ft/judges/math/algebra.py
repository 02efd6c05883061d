"""math-verify in a process of its own, so that it can be killed when its time is over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import weakref
from typing import Any

STARTUP_S = 120.0
"""Seconds that the process may take to import its library on a busy machine."""


class Algebra:
    """math-verify in a process of its own: started when first asked, killed and started anew when it takes too long."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._at_exit: weakref.finalize[Any, Any] | None = None
        self._owner = os.getpid()

    def ask(self, reference: str, answer: str) -> tuple[bool | None, str]:
        """(verdict, how it came about)."""
        with self._lock:
            process = self._running()
            if process is None:
                return None, "the algebra process does not start"
            question = {"reference": reference, "answer": answer, "limit": self._limit}
            line = self._exchange(process, json.dumps(question) + "\n", self._limit)
            if line is None:
                return None, f"timeout after {self._limit:g} s"
            if not line:
                self._close()
                return None, "the algebra process ended"
            found = json.loads(line)
            return found["correct"], found["reason"]

    def _running(self) -> subprocess.Popen[str] | None:
        if self._owner != os.getpid():
            self._process, self._at_exit, self._owner = None, None, os.getpid()
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._close()
        # -P: a file named like a standard module, in the user's folder, must not be imported
        command = [sys.executable, "-P", "-m", "s3ft.judges.math.worker"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
        )
        self._process = process
        self._at_exit = weakref.finalize(self, _end, process, os.getpid())
        if not self._exchange(process, "", STARTUP_S):
            self._close()
            return None
        return process

    def _exchange(self, process: subprocess.Popen[str], line: str, limit: float) -> str | None:
        """The next line the process writes; None where it had to be killed."""
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(limit, kill)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = ""
        finally:
            timer.cancel()
        if late.is_set():
            self._close()
            return None
        return answer

    def _close(self) -> None:
        if self._at_exit is not None:
            self._at_exit()
        self._process = self._at_exit = None


def _end(process: subprocess.Popen[str], owner: int) -> None:
    if os.getpid() != owner:
        return
    process.kill()
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:
            pass
    process.wait()
