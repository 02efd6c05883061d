"""Files that a program writes: in its own memory, gone with its process, as nothing on disk can be written.

Python's own ways to files lead here, for `/tmp` and for relative paths; a library in C finds nothing to write to."""

from __future__ import annotations

import builtins
import errno
import io
import os
import stat
from collections.abc import Callable, Iterator
from typing import Any

from .memory_file import FILES, HANDLES, MemoryFile, fail

_PLACES = ("/tmp", "/var/tmp")
_real: dict[str, Callable[..., Any]] = {
    name: getattr(os, name)
    for name in (
        *("open", "close", "read", "write", "lseek", "fstat", "ftruncate", "fsync", "stat", "lstat", "listdir"),
        *("scandir", "mkdir", "rmdir", "unlink", "remove", "rename", "replace", "access", "chmod", "utime", "truncate"),
        *("chdir", "getcwd", "symlink", "readlink"),
    )
}
_real_open = io.open
_folders: set[str] = set(_PLACES)
_links: dict[str, str] = {}
"""What symbolic links say, by their absolute path."""
_MOST_LINKS = 40
_at = ["/"]
"""The current folder."""


def install() -> None:
    """For the calling process and its children."""
    builtins.open = io.open = _open
    for name, function in _OURS.items():
        setattr(os, name, function)


def refuse(why: str) -> None:
    """Lets writing a file fail as a missing module does."""

    def open_(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if set(mode) & set("wax+") and not isinstance(file, int):
            raise ImportError(why)
        return _real_open(file, mode, *rest, **named)

    def refused(*_: Any, **__: Any) -> Any:
        raise ImportError(why)

    def os_open(path: Any, flags: int, *rest: Any, **named: Any) -> Any:
        return refused() if flags & (os.O_WRONLY | os.O_RDWR) else _real["open"](path, flags, *rest, **named)

    builtins.open = io.open = open_
    os.open, os.mkdir = os_open, refused


def _where(path: Any, follow: bool = True) -> str | None:
    """The absolute path where it is one of ours, or could be. `follow`: what a link at its end stands for."""
    if isinstance(path, int):
        return None
    name = os.fsdecode(os.fspath(path))
    whole = _followed(os.path.normpath(os.path.join(_at[0], name)), follow)
    ours = not name.startswith("/") or whole in FILES or whole in _folders or whole in _links
    return whole if ours or any(whole.startswith(f"{place}/") for place in _PLACES) else None


def _followed(whole: str, to_its_end: bool) -> str:
    for _ in range(_MOST_LINKS):
        link = next((p for p in _links if whole.startswith(f"{p}/") or (to_its_end and whole == p)), None)
        if link is None:
            return whole
        whole = os.path.normpath(os.path.join(_parent(link), _links[link]) + whole[len(link) :])
    raise fail(errno.ELOOP, whole)


def _known(path: Any) -> str | None:
    whole = _where(path)
    return whole if whole in FILES or whole in _folders else None


def _parent(path: str) -> str:
    return os.path.dirname(path)


def _needs_parent(path: str) -> None:
    parent = _parent(path)
    if parent in FILES:
        raise fail(errno.ENOTDIR, path)
    if parent != "/" and parent not in _folders:
        raise fail(errno.ENOENT, path)


def made(path: Any) -> str | None:
    """The absolute path of a file of ours that is to be; None where the path is not ours. Raises OSError."""
    whole = _where(path)
    if whole is not None and whole not in FILES:
        _needs_parent(whole)
    return whole


def _opened(path: Any, flags: int) -> MemoryFile | None:
    """Ours, or None where the path is not."""
    whole = _where(path)
    if whole is None or (whole not in FILES and whole not in _folders and not flags & os.O_CREAT):
        return None
    if whole in _folders:
        raise fail(errno.EISDIR, path)
    if whole in FILES and flags & os.O_CREAT and flags & os.O_EXCL:
        raise fail(errno.EEXIST, path)
    if whole not in FILES:
        _needs_parent(whole)
        FILES[whole] = bytearray()
    if flags & os.O_TRUNC:
        FILES[whole].clear()
    return MemoryFile(FILES[whole], path, flags)


_FLAGS = {"r": 0, "w": os.O_CREAT | os.O_TRUNC, "a": os.O_CREAT | os.O_APPEND, "x": os.O_CREAT | os.O_EXCL}
_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


def _open(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
    options = dict(zip(("encoding", "errors", "newline", "closefd", "opener"), rest, strict=False)) | named
    opener = options.get("opener")
    kind = next((letter for letter in mode if letter in _FLAGS), "r")
    access = os.O_RDWR if "+" in mode else os.O_RDONLY if kind == "r" else os.O_WRONLY
    raw: MemoryFile | None = None
    if opener is not None:
        fd = opener(file, _FLAGS[kind] | access | os.O_CLOEXEC)
        raw = HANDLES.get(fd)
        options["opener"] = lambda *_: fd
    elif isinstance(file, int):
        raw = HANDLES.get(file)
    elif isinstance(file, str) and file in _STREAMS:
        file, options["closefd"] = _STREAMS[file], False
    else:
        raw = _opened(file, _FLAGS[kind] | access)
    if raw is None:
        return _real_open(file, mode, buffering, **options)
    if "b" in mode and buffering == 0:
        return raw
    shape = io.BufferedRandom if "+" in mode else io.BufferedReader if kind == "r" else io.BufferedWriter
    buffered = shape(raw)
    if kind == "a":
        buffered.seek(0, 2)
    if "b" in mode:
        return buffered
    encoding, errors, newline = (options.get(name) for name in ("encoding", "errors", "newline"))
    text = io.TextIOWrapper(buffered, encoding or "utf-8", errors, newline, line_buffering=buffering == 1)
    text.mode = mode  # type: ignore[misc]
    return text


def _os_open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    if flags & os.O_TMPFILE == os.O_TMPFILE and _known(path):
        raise fail(errno.EISDIR, path)
    found = _opened(path, flags) if dir_fd is None else None
    return found.fd if found is not None else _real["open"](path, flags, mode, dir_fd=dir_fd)


def _by_handle(name: str, ours: Callable[..., Any]) -> Callable[..., Any]:
    def call(fd: Any, *rest: Any) -> Any:
        handle = HANDLES.get(fd) if isinstance(fd, int) else None
        return _real[name](fd, *rest) if handle is None else ours(handle, *rest)

    return call


def _read(handle: MemoryFile, size: int) -> bytes:
    buffer = bytearray(size)
    return bytes(buffer[: handle.readinto(buffer)])


def _status(path: Any, size: int, is_folder: bool, kind: int = stat.S_IFREG) -> os.stat_result:
    mode = stat.S_IFDIR | 0o700 if is_folder else kind | 0o600
    return os.stat_result((mode, abs(hash(path)) + 1, 1, 1, os.getuid(), os.getgid(), size, 0, 0, 0))


def _stat_by(name: str) -> Callable[..., Any]:
    def call(path: Any, *, dir_fd: int | None = None, **named: Any) -> Any:
        if isinstance(path, int) and path in HANDLES:
            return _status(path, len(HANDLES[path].data), False)
        is_link_asked = name == "lstat" or not named.get("follow_symlinks", True)
        if is_link_asked and dir_fd is None and (link := _where(path, follow=False)) in _links:
            return _status(link, len(_links[str(link)]), False, stat.S_IFLNK)
        whole = _known(path) if dir_fd is None else None
        if whole is None:
            return _real[name](path, dir_fd=dir_fd, **named)
        return _status(whole, len(FILES.get(whole, b"")), whole in _folders)

    return call


def _names(whole: str) -> list[str]:
    return sorted(os.path.basename(p) for p in [*FILES, *_folders, *_links] if _parent(p) == whole and p != whole)


def _listdir(path: Any = ".") -> list[str]:
    whole = _where(path) if path not in ("/",) else "/"
    if whole in _folders:
        return _names(str(whole))
    return [*_real["listdir"](path), *(_names("/") if whole == "/" else [])]


class _Entry:
    """An item of `scandir`."""

    def __init__(self, folder: str, name: str) -> None:
        self.name, self.path = name, os.path.join(folder, name)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return _known(self.path) in _folders

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return _known(self.path) in FILES

    def is_symlink(self) -> bool:
        return _where(self.path, follow=False) in _links

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return os.stat(self.path)

    def __fspath__(self) -> str:
        return self.path


class _Scan:
    def __init__(self, entries: list[_Entry]) -> None:
        self._entries = iter(entries)

    def __enter__(self) -> Iterator[_Entry]:
        return self._entries

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[_Entry]:
        return self._entries

    def __next__(self) -> _Entry:
        return next(self._entries)

    def close(self) -> None: ...


def _scandir(path: Any = ".") -> Any:
    whole = _known(path)
    if whole is None:
        return _real["scandir"](path)
    return _Scan([_Entry(os.fsdecode(path), name) for name in _listdir(path)])


def _mkdir(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
    whole = _where(path)
    if whole is None:
        _real["mkdir"](path, mode, dir_fd=dir_fd)
        return
    if whole in FILES or whole in _folders:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    _needs_parent(whole)
    _folders.add(whole)


def _rmdir(path: Any, *, dir_fd: int | None = None) -> None:
    whole = _known(path)
    if whole is None:
        _real["rmdir"](path, dir_fd=dir_fd)
        return
    if whole in FILES:
        raise fail(errno.ENOTDIR, path)
    if _names(whole):
        raise fail(errno.ENOTEMPTY, path)
    _folders.discard(whole)


def _symlink(target: Any, path: Any, *rest: Any, **named: Any) -> None:
    whole = _where(path, follow=False)
    if whole is None:
        _real["symlink"](target, path, *rest, **named)
        return
    if whole in FILES or whole in _folders or whole in _links:
        raise fail(errno.EEXIST, path)
    _needs_parent(whole)
    _links[whole] = os.fsdecode(target)


def _readlink(path: Any, **named: Any) -> str:
    whole = _where(path, follow=False)
    return _links[whole] if whole in _links else str(_real["readlink"](path, **named))


def _chdir(path: Any) -> None:
    whole = _known(path)
    if whole in FILES:
        raise fail(errno.ENOTDIR, path)
    if whole is None:
        _real["chdir"](path)
    _at[0] = whole or _real["getcwd"]()


def _unlink(path: Any, *, dir_fd: int | None = None) -> None:
    if (link := _where(path, follow=False)) in _links:
        del _links[str(link)]
        return
    whole = _known(path)
    if whole is None:
        _real["unlink"](path, dir_fd=dir_fd)
        return
    if whole in _folders:
        raise fail(errno.EISDIR, path)
    del FILES[whole]


def _rename(old: Any, new: Any, **named: Any) -> None:
    source, target = _where(old, follow=False), _where(new, follow=False)
    if source in _links and target is not None:
        _links[target] = _links.pop(str(source))
        return
    source = _known(old)
    if source is None or target is None:
        _real["rename"](old, new, **named)
        return
    _needs_parent(target)
    for path in [p for p in FILES if p == source or p.startswith(f"{source}/")]:
        FILES[target + path[len(source) :]] = FILES.pop(path)
    for path in [p for p in _folders if p == source or p.startswith(f"{source}/")]:
        _folders.discard(path)
        _folders.add(target + path[len(source) :])


def _quiet(name: str, result: Any = None) -> Callable[..., Any]:
    return lambda path, *rest, **named: result if _known(path) else _real[name](path, *rest, **named)


_OURS: dict[str, Callable[..., Any]] = {
    "open": _os_open,
    "close": _by_handle("close", lambda handle: handle.close()),
    "read": _by_handle("read", _read),
    "write": _by_handle("write", lambda handle, data: handle.write(data)),
    "lseek": _by_handle("lseek", lambda handle, *where: handle.seek(*where)),
    "ftruncate": _by_handle("ftruncate", lambda handle, size: handle.truncate(size) and None),
    "fsync": _by_handle("fsync", lambda handle: None),
    "fstat": _by_handle("fstat", lambda handle: _status(handle.fd, len(handle.data), False)),
    **{"stat": _stat_by("stat"), "lstat": _stat_by("lstat"), "listdir": _listdir, "scandir": _scandir},
    **{"mkdir": _mkdir, "rmdir": _rmdir, "unlink": _unlink, "remove": _unlink, "rename": _rename, "replace": _rename},
    **{"symlink": _symlink, "readlink": _readlink, "chdir": _chdir, "getcwd": lambda: _at[0]},
    **{"access": _quiet("access", True), "chmod": _quiet("chmod"), "utime": _quiet("utime")},
}
