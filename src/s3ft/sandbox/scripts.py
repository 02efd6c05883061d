"""The judge's talk with a process that runs a program as a script."""

from __future__ import annotations

import os
import select
import socket
from dataclasses import dataclass, replace
from typing import Any

from s3ft.sandbox.inside import wire
from s3ft.sandbox.jail import Jail, JailError, Limits, Outcome

_REPORT_BYTES = 1 << 20
_PART = 1 << 18


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one run."""

    output: bytes
    is_cut: bool
    """It wrote more than it may, and was ended."""
    messages: list[Any]
    """What its process told about it; whatever the program wants it to be."""
    outcome: Outcome


def run(jail: Jail, work: Any, limits: Limits, given: bytes, most: int, with_numpy: bool) -> Ran:
    """Runs a program on `given` as its standard input; at most `most` bytes of output are read. Raises JailError."""
    output, written = socket.socketpair()
    report, told = socket.socketpair()
    source = os.memfd_create("input")
    try:
        with output, report:
            with written, told:
                try:
                    _write(source, given)
                except OSError as error:
                    raise JailError(f"an input of {len(given)} bytes: {error}") from error
                jail.start(work | {"is_script": True}, limits, [written.fileno(), told.fileno(), source], with_numpy)
            return _read(jail, output, report, most)
    finally:
        os.close(source)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)


def _read(jail: Jail, output: socket.socket, report: socket.socket, most: int) -> Ran:
    parts = {output.fileno(): bytearray(), report.fileno(): bytearray()}
    bounds = {output.fileno(): most, report.fileno(): _REPORT_BYTES}
    channels = {channel.fileno(): channel for channel in (output, report)}
    poll = select.poll()
    for channel in channels.values():
        channel.setblocking(False)
        poll.register(channel, select.POLLIN)
    poll.register(jail, select.POLLIN)
    is_cut = ended = False
    while not ended or channels:
        ready = dict(poll.poll(0 if ended else None))
        if ended and not ready:
            break
        if not ended and jail.fileno() in ready:
            ended = True
            poll.unregister(jail)
        for fd in [fd for fd in channels if fd in ready]:
            part = _part(channels[fd])
            parts[fd] += part
            too_much = len(parts[fd]) > bounds[fd]
            if too_much and not is_cut and not ended:
                jail.kill()
            is_cut = is_cut or too_much
            if not part or too_much:
                poll.unregister(fd)
                del channels[fd]
    outcome = jail.outcome()
    messages, _ = wire.split(parts[report.fileno()], _REPORT_BYTES)
    found = bytes(parts[output.fileno()][:most])
    return Ran(found, is_cut, messages, replace(outcome, code=0) if is_cut else outcome)


def _part(channel: socket.socket) -> bytes:
    try:
        return channel.recv(_PART)
    except OSError:
        return b""
