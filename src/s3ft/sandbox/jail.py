"""One warm process in a jail, and the programs it runs one after another. The other end is `inside/zygote.py`."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
import weakref
from dataclasses import dataclass
from typing import Any

from s3ft.sandbox import command, packages
from s3ft.sandbox.command import Role, TierName
from s3ft.sandbox.inside import wire

_START_S = 60.0
_GRACE_S = 10.0
_FIRST_UID = 61000
_numbers = itertools.count()


class JailError(Exception):
    """The jail could not be started, or died."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use."""

    cpu_s: float = 8.0
    """CPU seconds. The verdict hangs on this, not on how busy the machine is."""

    extra_s: float = 0.0
    """Added to the wall clock, for a process that waits for another."""

    @property
    def killed_s(self) -> int:
        """When the kernel ends the process: later, as it counts in ticks and can be a tenth ahead of the true time."""
        return math.ceil(1.25 * self.cpu_s)

    @property
    def wall_s(self) -> float:
        """The backstop for a program that sleeps, in seconds."""
        return 5 * self.cpu_s + 2 + self.extra_s


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program's process ended."""

    code: int
    """Exit code; minus the signal that ended it."""
    cpu_s: float
    by_wall: bool
    """Killed by the wall-clock backstop."""

    def failure(self, limits: Limits) -> str:
        """Why the process did not last, in words; empty where it ended by itself within its limits."""
        if self.by_wall:
            return f"timeout: no end within {limits.wall_s:g} s by the clock"
        if self.cpu_s > limits.cpu_s or (self.code == -signal.SIGKILL and self.cpu_s > 0.8 * limits.cpu_s):
            return f"timeout: over {limits.cpu_s:g} s of CPU time"
        if self.code < 0:
            name = signal.Signals(-self.code).name if -self.code in signal.valid_signals() else f"signal {-self.code}"
            return f"crash: killed by {name}"
        return ""


class Jail:
    """A zygote under `tier` for programs or for tests, which may import `packages`. Not for two threads at once.

    Raises JailError where it cannot start."""

    def __init__(
        self,
        tier: TierName,
        role: Role = "candidate",
        memory_mb: int = 512,
        packages: tuple[str, ...] = packages.DEFAULT,
    ) -> None:
        ours, theirs = socket.socketpair()
        uid = _FIRST_UID + next(_numbers) % 4000 if os.geteuid() == 0 and tier != "none" else None
        self._running = False
        with theirs, tempfile.TemporaryFile() as errors:
            try:
                self._process = subprocess.Popen(
                    command.line(tier, role, uid, memory_mb << 20, packages),
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    env=command.ENVIRONMENT,
                    cwd="/",
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise JailError(f"{tier}: {error}") from error
            self._control = ours
            # Frees the processes at the latest when the interpreter ends; they also end when the socket closes.
            self.close = weakref.finalize(self, _close, ours, self._process)
            theirs.close()
            try:
                self._answer(_START_S)
            except JailError as error:
                self.close()
                errors.seek(0)
                told = errors.read()[-2000:].decode(errors="replace").strip().splitlines()
                raise JailError(f"{tier}: {told[-1] if told else error}") from error

    def start(self, work: Any, limits: Limits, fds: list[int], with_numpy: bool = False) -> None:
        """Forks a process for `work` (JSON) that finds `fds` from descriptor 3 on."""
        if self._running:
            self.close()
            raise JailError("an outcome was never fetched")
        request = wire.REQUEST.pack(wire.RUN, with_numpy, limits.killed_s, limits.wall_s)
        # A file in memory that the process reads itself: the zygote, whose memory all programs inherit, never does.
        file = os.memfd_create("work")
        try:
            os.write(file, json.dumps(work).encode())
            socket.send_fds(self._control, [request], [*fds, file])
        except OSError as error:
            raise JailError(f"the jail is gone: {error}") from error
        finally:
            os.close(file)
        self._running = True
        self._deadline = time.monotonic() + limits.wall_s + _GRACE_S

    def fileno(self) -> int:
        """Readable when the outcome is there."""
        return self._control.fileno()

    def kill(self) -> None:
        """Ends the process that runs; its outcome is still to be fetched."""
        with contextlib.suppress(OSError):
            self._control.sendall(wire.REQUEST.pack(wire.KILL, False, 0, 0))

    def outcome(self) -> Outcome:
        """Waits for the end of the process that runs. Raises JailError where the jail is gone or a process is left."""
        code, cpu_s, by_wall, is_one_left = self._answer(max(0.0, self._deadline - time.monotonic()))
        self._running = False
        if is_one_left:
            self.close()
            raise JailError("a process outlived the program that started it")
        return Outcome(code, cpu_s, by_wall)

    def _answer(self, timeout: float) -> tuple[int, float, bool, bool]:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        answer = b""
        if poll.poll(timeout * 1000):
            with contextlib.suppress(OSError):
                answer = self._control.recv(wire.ANSWER.size, socket.MSG_WAITALL)
        if len(answer) < wire.ANSWER.size:
            self.close()
            raise JailError("the jail died")
        return wire.ANSWER.unpack(answer)


def _close(control: socket.socket, process: subprocess.Popen[bytes]) -> None:
    control.close()
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
