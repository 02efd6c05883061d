"""What a process gives up before it runs a program: files, rights, memory, time, system calls."""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys
from typing import Any

from . import landlock, seccomp

_SETUID, _SETGID, _KILL, _READ_SEARCH = 7, 6, 5, 2
_PDEATHSIG, _KEEPCAPS, _SUBREAPER, _NO_NEW_PRIVS = 1, 8, 36, 38
_SIGKILL = 9
_libc = ctypes.CDLL(None, use_errno=True)
OPEN_FILES = 64
PROCESSES = 32


def harden_zygote(tier: str, uid: int | None, readable: list[str], listable: list[str]) -> bool:
    """Once, in the process that forks. True where its children need CAP_DAC_READ_SEARCH to reach the Python library.

    `uid`: what children become, None where the zygote is no root. Raises OSError."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_SUBREAPER, 1)
    search = False
    if uid is not None:
        search = not _reachable(uid, readable)
        kept = [_SETUID, _SETGID, _KILL] + ([_READ_SEARCH] if search else [])
        _set_capabilities(sum(1 << capability for capability in kept))
    _prctl(_NO_NEW_PRIVS, 1)
    if tier == "landlock":
        landlock.restrict(readable, listable)
    return search


def harden_child(limits: dict[str, Any], uid: int | None, search: bool) -> None:
    """Once a program, in its process, before it runs. Raises OSError."""
    _prctl(_PDEATHSIG, _SIGKILL)
    set_limits(limits)
    if uid is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
        _prctl(_KEEPCAPS, int(search))
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        _set_capabilities(1 << _READ_SEARCH if search else 0)
        _prctl(_PDEATHSIG, _SIGKILL)  # Changing the user cleared it.
    seccomp.install(seccomp.program(os.getpid()))


def set_limits(limits: dict[str, Any]) -> None:
    """Memory in bytes, CPU time in whole seconds."""
    for what, value in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))


def _reachable(uid: int, paths: list[str]) -> bool:
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(uid)
    os.seteuid(uid)
    try:
        return all(os.access(path, os.R_OK, effective_ids=True) for path in [*paths, *sys.path] if _exists(path))
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    return True


def _set_capabilities(mask: int) -> None:
    header = struct.pack("Ii", 0x20080522, 0)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    data = struct.pack("6I", low, low, 0, high, high, 0)
    if _libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(data)) != 0:
        raise OSError(ctypes.get_errno(), "capabilities cannot be dropped")


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} refused")
