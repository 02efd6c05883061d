"""A file in a program's own memory, as Python's input and output see it."""

from __future__ import annotations

import errno
import io
import os
from typing import Any

LARGEST = 16 << 20
"""Bytes of all files together."""
_FIRST = 1 << 20
"""Descriptors from here on are ours; the kernel gives none so high."""
FILES: dict[str, bytearray] = {}
"""Contents by absolute path."""
HANDLES: dict[int, MemoryFile] = {}
"""What is open, by descriptor."""


def fail(number: int, path: Any) -> OSError:
    return OSError(number, os.strerror(number), path)


class MemoryFile(io.RawIOBase):
    """One opening of a file."""

    def __init__(self, data: bytearray, name: Any, flags: int) -> None:
        self.data, self._at, self._flags = data, 0, flags
        self.name, self.mode = name, "rb+"
        self.fd = next(n for n in range(_FIRST, 2 * _FIRST) if n not in HANDLES)
        HANDLES[self.fd] = self

    def fileno(self) -> int:
        # A library in C would read another file, or none.
        raise io.UnsupportedOperation("fileno")

    def readable(self) -> bool:
        return self._flags & os.O_ACCMODE != os.O_WRONLY

    def writable(self) -> bool:
        return self._flags & os.O_ACCMODE != os.O_RDONLY

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.readable():
            raise io.UnsupportedOperation("not readable")
        part = self.data[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def write(self, data: Any) -> int:
        if not self.writable():
            raise io.UnsupportedOperation("not writable")
        data = memoryview(data).cast("B")
        if self._flags & os.O_APPEND:
            self._at = len(self.data)
        if sum(map(len, FILES.values())) + len(data) > LARGEST:
            raise fail(errno.ENOSPC, self.name)
        if self._at > len(self.data):
            self.data.extend(bytes(self._at - len(self.data)))
        self.data[self._at : self._at + len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, len(self.data))[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def truncate(self, size: int | None = None) -> int:
        size = self._at if size is None else size
        if size > LARGEST:
            raise fail(errno.ENOSPC, self.name)
        del self.data[size:]
        self.data.extend(bytes(size - len(self.data)))
        return size

    def close(self) -> None:
        HANDLES.pop(self.fd, None)
        super().close()
