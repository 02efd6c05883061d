"""A warm process that forks once per program and says how each one ended. It never runs or compiles a program itself.

The judge's side of the talk is `s3ft.sandbox.jail`. Standard input is a Unix stream socket. A request is the byte "r"
with file descriptors attached, four bytes of length, then limits and work for the child as JSON; the answer is one JSON
line. The byte "k" asks to kill what runs; it may arrive too late, between requests, and then means nothing."""

from __future__ import annotations

import _socket  # Half of `socket`, and all that is needed: what the zygote holds, every fork has to carry.
import contextlib
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import struct
import sys
import time
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from typing import Any

from . import lockdown, seccomp

_CHANNEL = 3


def main(settings: dict[str, Any]) -> None:
    """`settings`: role, tier, uid, memory, readable, paths and packages (what programs may import).

    Returns when the judge has gone."""
    _import_random()
    role = importlib.import_module(f".{settings['role']}", __package__)
    control = _socket.socket(fileno=fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, lockdown.OPEN_FILES // 2))
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    sys.path[:] = settings["paths"]
    sys.meta_path.append(_Packages(settings["packages"]))
    sys.dont_write_bytecode = True
    lockdown.limit_zygote(settings["memory"])
    inner = seccomp.Inner() if settings["tier"] != "none" else None
    if inner is not None:
        lockdown.harden_zygote(settings["tier"], settings["uid"], settings["readable"])
    control.sendall(b'{"ready":true}\n')
    gc.collect()
    gc.disable()
    gc.freeze()
    while (request := _request(control)) is not None:
        limits, fds = request
        for name in limits["warm"]:
            _warm(name)
        pid = os.fork()
        if pid == 0:
            try:
                os.closerange(_CHANNEL + len(fds), lockdown.OPEN_FILES)
                os.setsid() if inner is None else lockdown.harden_child(inner)
                role.run(limits["work"], fds)
                os._exit(0)
            finally:
                os._exit(125)
        lockdown.limit_cpu(pid, limits["cpu"])
        for fd in fds:
            os.close(fd)
        outcome = _wait(pid, control, limits["wall"], inner is not None)
        control.sendall(json.dumps(outcome).encode() + b"\n")


class _Packages:
    """Finds the few packages outside the standard library that there are to import, and none of their neighbours."""

    def __init__(self, folders: dict[str, str]) -> None:
        self._folders = folders

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        folder = self._folders.get(name)
        if folder is None:
            return None
        return spec_from_file_location(name, f"{folder}/__init__.py", submodule_search_locations=[folder])


def _import_random() -> None:
    """One state for every child: without the hook that seeds each from the system, which costs more than it seems."""
    register, os.register_at_fork = os.register_at_fork, lambda **_: None
    import random

    os.register_at_fork = register
    random.seed(0)


def _request(control: _socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    kind = b"k"
    while kind == b"k":
        kind, fds = _receive(control)
    size = _read(control, 4) if kind else None
    body = _read(control, int.from_bytes(size, "big")) if size else None
    # Descriptors take the lowest free numbers, and nothing else is open down there.
    assert fds == list(range(_CHANNEL, _CHANNEL + len(fds)))
    return None if body is None else (json.loads(body), fds)


def _receive(control: _socket.socket) -> tuple[bytes, list[int]]:
    kind, attached, _, _ = control.recvmsg(1, _socket.CMSG_SPACE(8))
    return kind, [fd for _, _, data in attached for (fd,) in struct.iter_unpack("i", data)]


def _read(control: _socket.socket, size: int) -> bytes | None:
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


def _wait(pid: int, control: _socket.socket, wall: float, is_confined: bool) -> dict[str, Any]:
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
        "stray": _reap_strays(pid, is_confined),
    }


def _until_done(pid: int, control: _socket.socket, wall: float) -> bool | None:
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


def _reap_strays(pid: int, is_confined: bool) -> int:
    """Kills and counts what a program left running; orphans become children of this process (a subreaper)."""
    if not is_confined:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
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
