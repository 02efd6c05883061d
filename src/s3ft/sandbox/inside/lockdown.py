"""What a process gives up before it runs a program: files, rights, memory, time, system calls."""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys

from . import landlock, seccomp

_READ_SEARCH = 2
_PDEATHSIG, _KEEPCAPS, _SUBREAPER, _NO_NEW_PRIVS = 1, 8, 36, 38
_SIGKILL = 9
_libc = ctypes.CDLL(None, use_errno=True)
OPEN_FILES = 64
PROCESSES = 32


def harden_zygote(tier: str, uid: int | None, readable: list[str], hidden: list[str]) -> None:
    """Once, before the first program; every child takes it over. `uid`: what to become, where this is root.
    `hidden`: folders within `readable` that are not.

    Raises OSError."""
    _prctl(_SUBREAPER, 1)
    if uid is not None:
        _drop_root(uid, readable)
    if uid is not None or tier == "bwrap":
        # Counted per user, so only where the user, or the user namespace, is the jail's own.
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    _prctl(_NO_NEW_PRIVS, 1)
    if tier == "landlock":
        landlock.restrict(readable, hidden)
    seccomp.install_outer()


def harden_child(filter: seccomp.Inner) -> None:
    """Once a program, in its process, before it runs: from here on it cannot make a process. Raises OSError."""
    _prctl(_PDEATHSIG, _SIGKILL)
    filter.install(os.getpid())


def limit_zygote(memory: int) -> None:
    """Limits that children take over: `memory` bytes of address space, no file grows, few descriptors, no core."""
    for what, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))


def limit_cpu(pid: int, seconds: int) -> None:
    """CPU time of a child, from its parent: nothing the child does first can matter, as its past counts too."""
    resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, seconds))


def _drop_root(uid: int, readable: list[str]) -> None:
    search = not _reachable(uid, readable)
    _prctl(_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # A Python library in root's own folder can still be read; which files, bubblewrap or Landlock decides.
    _set_capabilities(1 << _READ_SEARCH if search else 0)
    _prctl(_KEEPCAPS, 0)


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
