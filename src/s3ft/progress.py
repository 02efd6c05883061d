"""Progress of long work: how far it is and how long it takes, and never 10 s without a line."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from s3ft import processes

console = Console(stderr=True, highlight=False)

QUIET_S = 10.0
"""Seconds after which a process that works says so."""

# C0 and C1 without tab and newline, and the marks that turn the direction of text.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """Text of a model or of data as a terminal or a log may get it: control characters are written out."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def say(text: str) -> None:
    """One line, as it is, on the terminal."""
    _pulse.last = time.monotonic()
    console.print(shown(text), soft_wrap=True, markup=False)


def duration(seconds: float) -> str:
    """Seconds in words, to two figures or so."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


@dataclass
class Bar:
    """How far one piece of work is; calling it with a number advances it."""

    what: str
    total: float | None
    unit: str
    detail: Callable[[], str] = lambda: ""
    """What else there is to say now, such as a loss."""
    done: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def __call__(self, number: float) -> None:
        self.done += number

    def left(self) -> float | None:
        """Seconds left at the rate so far; None if that cannot be said."""
        if not self.total or not self.done:
            return None
        return (time.monotonic() - self.began) / self.done * max(0.0, self.total - self.done)

    def line(self) -> str:
        parts = [f"{self.done:.0f}{f'/{self.total:.0f}' if self.total else ''} {self.unit}", self.detail()]
        seconds, left = time.monotonic() - self.began, self.left()
        parts.append(f"{self.done / seconds:,.1f}/s" if self.done and seconds else f"{duration(seconds)} so far")
        if left is not None:
            parts.append(f"{duration(left)} left")
            if (after := processes.seconds_after()) is not None:
                parts.append(f"run: {duration(left + after)} left")
        return f"{self.what}: {', '.join(part for part in parts if part)}"


class _Pulse:
    """What this process says if nothing else was said for some time."""

    def __init__(self) -> None:
        self.last = self.began = time.monotonic()
        self.what = ""
        self.bars: list[Bar] = []
        self._is_on = False

    def start(self, what: str) -> None:
        self.what, self.began = what, time.monotonic()
        if not self._is_on:
            self._is_on = True
            threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(QUIET_S / 10)
            now = time.monotonic()
            if not self.what or now - self.last < QUIET_S or (self.bars and console.is_terminal):
                continue
            say(self.bars[-1].line() if self.bars else f"{self.what}: {duration(now - self.began)} so far")


_pulse = _Pulse()


def working(what: str) -> None:
    """From now on a line is shown whenever this process has shown none for 10 s; `what` if no bar says more. An empty
    text ends that. Of several processes side by side the first one speaks."""
    number, _ = processes.part()
    _pulse.start("" if number or not processes.is_first_rank() else what)


@contextmanager
def progress(what: str, total: float | None, unit: str = "rows") -> Iterator[Bar]:
    """Yields what is called with every part done; of several processes the first one shows its progress. Without a
    terminal, lines every ten seconds instead of a bar."""
    number, parts = processes.part()
    bar = Bar(what if parts == 1 else f"{what} (one of {parts} side by side)", total, unit)
    if number or not processes.is_first_rank():
        yield bar
        return
    was = _pulse.what
    if not was:
        working(what)
    _pulse.bars.append(bar)
    try:
        if console.is_terminal:
            with Live(console=console, get_renderable=lambda: _drawn(bar), transient=True):
                yield bar
        else:
            yield bar
    finally:
        _pulse.bars.remove(bar)
        _pulse.what = was
    if bar.done:
        seconds = time.monotonic() - bar.began
        rate = f"{bar.done / max(seconds, 1e-9):,.1f}/s"
        say(", ".join(p for p in (f"{bar.what}: {bar.done:.0f} {unit}", bar.detail(), duration(seconds), rate) if p))


def _drawn(bar: Bar) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_row(ProgressBar(total=bar.total, completed=bar.done, width=16), Text(shown(bar.line())))
    return row


@contextmanager
def share(advance: Callable[[int], None], units: int) -> Iterator[Callable[[int], None]]:
    """A part of a bar: yields an advance that never goes beyond `units`, and fills them up at the end."""
    done = 0

    def inner(n: int) -> None:
        nonlocal done
        n = min(n, units - done)
        done += n
        advance(n)

    yield inner
    inner(units)
