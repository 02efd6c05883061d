"""Landlock (kernel 5.13 and later): reading beneath a few folders and nothing else, through three system calls."""

from __future__ import annotations

import ctypes
import os
import stat
import struct

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_TCP = 3  # bind, connect
_SCOPES = 3  # abstract Unix sockets, signals


def abi() -> int:
    """The kernel's Landlock version; 0 where there is none or it is switched off."""
    return max(0, _call(_CREATE, None, ctypes.c_size_t(0), 1))


def restrict(readable: list[str], hidden: list[str]) -> None:
    """Leaves the calling process reading beneath `readable`, the folders `hidden` in there apart. Raises OSError."""
    version = abi()
    if version < 1:
        raise OSError("this kernel has no Landlock")
    attributes = struct.pack("Q", (1 << _RIGHTS.get(version, 16)) - 1)
    if version >= 4:
        attributes += struct.pack("Q", _TCP)
    if version >= 6:
        attributes += struct.pack("Q", _SCOPES)
    ruleset = _call(_CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "Landlock ruleset refused")
    for path in [shown for root in readable for shown in _without(root, hidden)]:
        _add(ruleset, path, _READ_FILE | _READ_DIR)
    if _call(_RESTRICT, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "Landlock refused")
    os.close(ruleset)


def _without(path: str, hidden: list[str]) -> list[str]:
    """A path, or all that lies in it, where something in there is hidden: rules can allow only."""
    if path in hidden:
        return []
    if not any(other.startswith(f"{path}/") for other in hidden):
        return [path]
    inner = [entry.path for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False) or not entry.is_dir()]
    return [shown for entry in sorted(inner) for shown in _without(entry, hidden)]


def _add(ruleset: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(fd).st_mode):
        rights &= _READ_FILE
    if _call(_ADD, ruleset, 1, ctypes.c_char_p(struct.pack("=Qi", rights, fd)), 0) != 0:
        raise OSError(ctypes.get_errno(), f"Landlock rule for {path} refused")
    os.close(fd)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return int(libc.syscall(ctypes.c_long(number), *arguments))
