"""A warm process that forks once per program and says how each one ended. It never runs or compiles a program itself.

The judge's side of the talk is `s3ft.sandbox.jail`. Standard input is a Unix stream socket. A request is `wire.REQUEST`
with file descriptors attached, the last of them the child's work as JSON; the answer is `wire.ANSWER`. A request may
also ask to kill what runs; it may arrive too late, between two programs, and then means nothing.

Only the child reads its work: whatever was in the memory of this process, later programs could find in theirs.

A page that is written between two forks costs a fault, and a copy too while a child lives: what is done here for each
program is little."""

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
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from typing import Any

from . import files, lockdown, seccomp, wire

_DESCRIPTORS = (3, 4, 5, 6)


def main(settings: dict[str, Any]) -> None:
    """`settings`: role, tier, uid, memory, readable, hidden, paths and packages (what programs may import).

    Returns when the judge has gone."""
    _import_random()
    # First, as others keep what they find.
    if settings["role"] == "candidate":
        files.install()
    role = importlib.import_module(f".{settings['role']}", __package__)
    control = _socket.socket(fileno=fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, lockdown.OPEN_FILES // 2))
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    sys.path[:] = settings["paths"]
    # The folder of the library, some of it hidden, cannot be listed later on.
    PathFinder.find_spec("")
    # What programs bring tests of their own along for; it imports nothing from beside it.
    stand_in = {"pytest": os.path.join(os.path.dirname(__file__), "pytest_names.py")}
    sys.meta_path.append(_Packages(stand_in | settings["packages"]))
    sys.dont_write_bytecode = True
    if settings["role"] == "examiner":
        files.refuse("the tests write files, which the program would not see")
    lockdown.limit_zygote(settings["memory"])
    inner = seccomp.Inner() if settings["tier"] != "none" else None
    if inner is not None:
        lockdown.harden_zygote(settings["tier"], settings["uid"], settings["readable"], settings["hidden"])
    control.sendall(wire.ANSWER.pack(0, 0, False, False))
    gc.collect()
    gc.disable()
    gc.freeze()
    watch = select.poll()
    watch.register(control, select.POLLIN)
    while True:
        head, attached, _, _ = control.recvmsg(wire.REQUEST.size, _socket.CMSG_SPACE(16), _socket.MSG_WAITALL)
        if len(head) < wire.REQUEST.size:
            return
        kind, with_numpy, cpu, wall = wire.REQUEST.unpack(head)
        if kind == wire.KILL:
            continue
        # Descriptors take the lowest free numbers, and nothing else is open down there.
        fds = struct.unpack(f"{len(attached[0][2]) // 4}i", attached[0][2])
        assert fds == _DESCRIPTORS[: len(fds)]
        if with_numpy:
            _import_numpy()
        pid = os.fork()
        if pid == 0:
            try:
                os.closerange(fds[-1] + 1, lockdown.OPEN_FILES)
                os.setsid() if inner is None else lockdown.harden_child(inner)
                role.run(json.loads(_read(fds[-1])), fds[:-1])
                os._exit(0)
            finally:
                os._exit(125)
        lockdown.limit_cpu(pid, cpu)
        for fd in fds:
            os.close(fd)
        by_wall = _killed_by_wall(pid, control, watch, wall)
        _, status, usage = os.wait4(pid, 0)
        code, used = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        control.sendall(wire.ANSWER.pack(code, used, by_wall, _is_one_left(pid, inner is not None)))


def _read(fd: int) -> bytes:
    body = os.pread(fd, os.fstat(fd).st_size, 0)
    os.close(fd)
    return body


class _Packages:
    """Finds the few packages outside the standard library that there are to import, and none of their neighbours."""

    def __init__(self, folders: dict[str, str]) -> None:
        self._folders = folders

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        folder = self._folders.get(name)
        if folder is None:
            return None
        if folder.endswith(".py"):
            return spec_from_file_location(name, folder)
        return spec_from_file_location(name, f"{folder}/__init__.py", submodule_search_locations=[folder])


def _import_random() -> None:
    """One state for every child: without the hook that seeds each from the system, which costs more than it seems."""
    register, os.register_at_fork = os.register_at_fork, lambda **_: None
    import random

    os.register_at_fork = register
    random.seed(0)


def _import_numpy() -> None:
    # With the zygote's rights and before the fork, as it takes longer than most programs.
    if "numpy" not in sys.modules:
        with contextlib.suppress(Exception):
            importlib.import_module("numpy")
        gc.freeze()


def _killed_by_wall(pid: int, control: _socket.socket, watch: select.poll, wall: float) -> bool:
    """Waits for the end of a process, and brings it about after `wall` seconds or when the judge asks for it.

    Ends this process where the judge has gone."""
    ended = os.pidfd_open(pid)
    watch.register(ended, select.POLLIN)
    ready = watch.poll(wall * 1000)
    watch.unregister(ended)
    os.close(ended)
    if ready and ready[-1][0] == ended:
        return False
    os.kill(pid, signal.SIGKILL)
    if ready and not control.recv(wire.REQUEST.size, _socket.MSG_WAITALL):
        os._exit(0)
    return not ready


def _is_one_left(pid: int, is_confined: bool) -> bool:
    """Whether a program left a process running: orphans become children of this process (a subreaper).

    Nothing can be killed by name without /proc: the judge throws the whole jail away."""
    if not is_confined:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True
