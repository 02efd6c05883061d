"""math-verify in a process of its own, so that it can be killed when its time is over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from contextlib import suppress


class Algebra:
    """math-verify in a process of its own: started when first asked, and anew when it took too long and was killed."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = os.getpid()

    def ask(self, reference: str, answer: str) -> tuple[bool | None, str]:
        """(verdict, how it came about)."""
        with self._lock:
            if self._owner != os.getpid() or (self._process and self._process.poll() is not None):
                self._process, self._owner = None, os.getpid()
            process = self._process = self._process or self._start()
            line = _exchange(process, json.dumps({"reference": reference, "answer": answer}) + "\n")
            if not line:
                self._process = None
                _end(process, self._owner)
                late = process.returncode == -signal.SIGPROF
                return None, f"timeout after {self._limit:g} s" if late else "the algebra process ended"
            found = json.loads(line)
            return found["correct"], found["reason"]

    def _start(self) -> subprocess.Popen[str]:
        # -P: a file named like a standard module, in the user's folder, must not be imported
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "s3ft.judges.math.worker", str(self._limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
        )
        weakref.finalize(self, _end, process, self._owner)
        return process


def _exchange(process: subprocess.Popen[str], line: str) -> str:
    """The answer to a line; "" if the process ended, which it does by itself when its time is over."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):
        process.stdin.write(line)
        process.stdin.flush()
        return process.stdout.readline()
    return ""


def _end(process: subprocess.Popen[str], owner: int) -> None:
    if os.getpid() == owner and process.stdin and not process.stdin.closed:
        with suppress(OSError), process:
            process.kill()
