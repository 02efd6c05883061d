"""A warm process that forks once per program and says how each one ended. It never looks at a program itself.

The judge's side of the talk is `s3ft.sandbox.jail`. Standard input is a Unix stream socket. A request is the byte "r" with
file descriptors attached, four bytes of length, one JSON line of limits, then the work for the child; the answer is one
JSON line. The byte "k" asks to kill what runs; it may arrive too late, between requests, and then means nothing."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from . import candidate, examiner, lockdown, wire

_ROLES = {"candidate": candidate.run, "examiner": examiner.run}
_CHANNEL = 3


def main(settings: dict[str, Any]) -> None:
    """`settings`: tier, uid, readable, listable, paths (what programs may import from). Never returns normally."""
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    sys.path[:] = settings["paths"]
    sys.dont_write_bytecode = True
    search = lockdown.harden_zygote(settings["tier"], settings["uid"], settings["readable"], settings["listable"]) if (
        settings["tier"] != "none"
    ) else False
    control.sendall(b'{"ready":true}\n')
    gc.collect()
    gc.disable()
    gc.freeze()
    while (request := _request(control)) is not None:
        limits, work, fds = request
        for name in limits["warm"]:
            _warm(name)
        pid = os.fork()
        if pid == 0:
            try:
                _become(fds)
                if settings["tier"] == "none":
                    os.setsid()
                    lockdown.set_limits(limits)
                else:
                    lockdown.harden_child(limits, settings["uid"], search)
                _ROLES[limits["role"]](wire.parse(work), list(range(_CHANNEL, _CHANNEL + len(fds))))
                os._exit(0)
            finally:
                os._exit(125)
        for fd in fds:
            os.close(fd)
        outcome = _wait(pid, control, limits["wall"], settings["tier"])
        control.sendall(json.dumps(outcome).encode() + b"\n")


def _request(control: socket.socket) -> tuple[dict[str, Any], bytes, list[int]] | None:
    kind = b"k"
    while kind == b"k":
        kind, fds, _, _ = socket.recv_fds(control, 1, 4)
    size = _read(control, 4) if kind else None
    body = _read(control, int.from_bytes(size, "big")) if size else None
    if body is None:
        return None
    line, _, work = body.partition(b"\n")
    return json.loads(line), work, fds


def _read(control: socket.socket, size: int) -> bytes | None:
    body = bytearray()
    while len(body) < size:
        part = control.recv(min(1 << 20, size - len(body)))
        if not part:
            return None
        body += part
    return bytes(body)


def _warm(name: str) -> None:
    # Imported before the fork, with the zygote's rights: the names are the judge's, never a program's.
    if name not in sys.modules:
        try:
            __import__(name)
        except Exception:
            return
        gc.freeze()


def _become(fds: list[int]) -> None:
    """Leaves standard streams on /dev/null and the channels at 3, 4 ...; every other descriptor is closed."""
    high = [os.dup2(fd, 100 + i, inheritable=False) for i, fd in enumerate(fds)]
    for i, fd in enumerate(high):
        os.dup2(fd, _CHANNEL + i)
    os.closerange(_CHANNEL + len(fds), 256)


def _wait(pid: int, control: socket.socket, wall: float, tier: str) -> dict[str, Any]:
    start = time.monotonic()
    by_wall = _until_done(pid, control, wall)
    if by_wall is not None:
        os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "cpu": usage.ru_utime + usage.ru_stime,
        "seconds": time.monotonic() - start,
        "wall": by_wall is True,
        "stray": _reap_strays(pid, tier),
    }


def _until_done(pid: int, control: socket.socket, wall: float) -> bool | None:
    """None: it ended by itself. True: its time is up. False: the judge has lost interest, or is gone."""
    watch = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(watch, select.POLLIN)
        poll.register(control, select.POLLIN)
        ready = poll.poll(wall * 1000)
        if not ready:
            return True
        if any(fd == watch for fd, _ in ready):
            return None
        if control.recv(1) == b"":
            os.kill(pid, signal.SIGKILL)
            os._exit(0)
        return False
    finally:
        os.close(watch)


def _reap_strays(pid: int, tier: str) -> int:
    """Kills and counts what a program left running; orphans become children of this process (a subreaper)."""
    if tier == "none":
        try:
            os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    strays = 0
    while True:
        try:
            found, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return strays
        strays += 1
        if found == 0:
            # Nothing can be killed by name without /proc: the judge throws the whole jail away.
            return strays
