"""Messages over a file descriptor: four bytes of length, then JSON. What comes from the untrusted side is bounded."""

from __future__ import annotations

import json
import os
import struct
from typing import Any

REQUEST = struct.Struct("=c?Id")
"""To a zygote: RUN or KILL, whether numpy is needed, CPU seconds, seconds by the clock."""
RUN, KILL = b"r", b"k"
ANSWER = struct.Struct("=id??")
"""From a zygote: exit code or minus the signal, CPU seconds, whether the clock ended it, whether a process is left."""
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Broken(Exception):
    """The other side is gone, or what it sent is no message."""


def pack(message: Any) -> bytes:
    body = _encode(message).encode()
    return len(body).to_bytes(4, "big") + body


def send(fd: int, message: Any) -> None:
    data = memoryview(pack(message))
    while data:
        data = data[os.write(fd, data) :]


def receive(fd: int, limit: int) -> Any:
    """The next message. Raises Broken at the end, for a message over `limit` bytes and for what is no JSON."""
    size = int.from_bytes(_read(fd, 4), "big")
    if size > limit:
        raise Broken(f"message of {size} bytes, at most {limit} are read")
    return parse(_read(fd, size))


def split(data: bytearray, limit: int) -> tuple[list[Any], bool]:
    """Takes the complete messages off the front of `data`; False where the rest can never become one."""
    messages: list[Any] = []
    start, is_sound = 0, True
    while len(data) - start >= 4:
        size = int.from_bytes(data[start : start + 4], "big")
        is_sound = size <= limit
        if not is_sound or len(data) - start < 4 + size:
            break
        try:
            messages.append(parse(bytes(data[start + 4 : start + 4 + size])))
        except Broken:
            is_sound = False
            break
        start += 4 + size
    del data[:start]
    return messages, is_sound


def parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Broken(f"no JSON: {error}") from error


def _read(fd: int, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(fd, min(size - len(parts), 1 << 20))
        if not part:
            raise Broken("the other side is gone")
        parts += part
    return bytes(parts)
