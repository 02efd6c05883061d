"""The judge's talk with the processes that run a program, or a program and its tests."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from s3ft.sandbox.inside import values, wire
from s3ft.sandbox.jail import Jail, Limits, Outcome

_QUIET_MS = 20
"""Most programs end sooner; they are read once, at their end."""


def run_batch(
    jail: Jail, work: Any, limits: Limits, take: Callable[[list[Any]], bool], with_numpy: bool = False
) -> Outcome:
    """Runs a program and a list of calls. Each reply goes to `take`, whose True ends the program.

    Replies are JSON lists and otherwise whatever the program wants them to be; a program that `take` ended has exit
    code 0. Raises JailError."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            jail.start(work, limits, [theirs.fileno()], with_numpy)
        ours.setblocking(False)
        data, enough, open_ = bytearray(), False, True
        poll = select.poll()
        poll.register(jail, select.POLLIN)
        ended = bool(poll.poll(_QUIET_MS))
        poll.register(ours, select.POLLIN)
        while not ended:
            ready = dict(poll.poll((limits.wall_s + 10) * 1000))
            ended = not ready or jail.fileno() in ready
            if ours.fileno() in ready:
                open_ = _read(ours, data)
                if not open_:
                    poll.unregister(ours)
                if not enough and (enough := _feed(data, take)):
                    jail.kill()
        outcome = jail.outcome()
        while open_ and not enough and _read(ours, data):
            enough = _feed(data, take)
        return replace(outcome, code=0) if enough else outcome


@dataclass(frozen=True, slots=True)
class Exam:
    """What came of a program and its tests."""

    report: dict[str, Any] | None
    """The examiner's word; None where it did not get to say one."""
    candidate: Outcome
    examiner: Outcome
    blame: str = ""
    """What the program gave that can keep tests from ending."""


def run_exam(jails: tuple[Jail, Jail], work: Any, tests: Any, limits: tuple[Limits, Limits], with_numpy: bool) -> Exam:
    """Runs a program in the first jail and its tests in the second. Raises JailError."""
    jail, room = jails
    ours, report = socket.socketpair()
    left, right = socket.socketpair()
    with ours:
        with report, left, right:
            jail.start(work, limits[0], [left.fileno()], with_numpy)
            room.start(tests, limits[1], [right.fileno(), report.fileno()], with_numpy)
        ours.setblocking(False)
        data = bytearray()
        poll = select.poll()
        poll.register(room, select.POLLIN)
        poll.register(ours, select.POLLIN)
        # A report can be longer than what a socket holds.
        while room.fileno() not in (ready := dict(poll.poll((limits[1].wall_s + 10) * 1000))) and ready:
            if not _read(ours, data):
                poll.unregister(ours)
        examiner = room.outcome()
        # Its channel is closed now: a program that goes on has nobody left to talk to.
        poll = select.poll()
        poll.register(jail, select.POLLIN)
        if killed := not poll.poll(_QUIET_MS):
            jail.kill()
        candidate = replace(jail.outcome(), code=0) if killed else jail.outcome()
        while _read(ours, data):
            pass
    messages, _ = wire.split(data, values.MAX_BYTES)
    reports = [m for m in messages if "end" in m]
    blame = next((str(m["blame"]) for m in messages if "blame" in m), "")
    return Exam(reports[-1] if reports else None, candidate, examiner, blame)


def _read(channel: socket.socket, data: bytearray) -> bool:
    """Reads what is there; False at the end."""
    part = b""
    with contextlib.suppress(OSError):
        part = channel.recv(1 << 18)
    data += part
    return bool(part)


def _feed(data: bytearray, take: Callable[[list[Any]], bool]) -> bool:
    messages, sound = wire.split(data, values.MAX_BYTES)
    return any(not isinstance(m, list) or not m or take(m) for m in messages) or not sound
