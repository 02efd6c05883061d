"""Progress of long work: a bar with rate and time left, on the terminal only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Task as Bar
from rich.text import Text

from s3ft import processes

console = Console(stderr=True, highlight=False)


# C0 and C1 without tab and newline, and the marks that turn the direction of text.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """Text of a model or of data as a terminal or a log may get it: control characters are written out."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def say(text: str) -> None:
    """One line, as it is, on the terminal."""
    console.print(shown(text), soft_wrap=True, markup=False)


class _Rate(ProgressColumn):
    def render(self, task: Bar) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f}/s" if speed else "-/s")


@contextmanager
def progress(what: str, total: int | None, unit: str = "rows") -> Iterator[Callable[[int], None]]:
    """Yields advance(n); of several processes the first one shows its progress. Without a terminal, lines every ten
    seconds instead of a bar."""
    number, parts = processes.part()
    what = what if parts == 1 else f"{what} (one of {parts} side by side)"
    if number or not processes.is_first_rank():
        yield lambda n: None
        return
    if not console.is_terminal:
        with _plain(what, total, unit) as advance:
            yield advance
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn(unit), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(what, total=total)
        yield lambda n: bars.advance(bar, n)


@contextmanager
def _plain(what: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    import time

    start, done, last = time.monotonic(), 0, time.monotonic()

    def advance(n: int) -> None:
        nonlocal done, last
        done += n
        now = time.monotonic()
        if now - last >= 10 and total and done:
            rate = done / (now - start)
            left = (total - done) / rate
            console.print(f"{what}: {done}/{total} {unit}, {rate:,.1f}/s, {left:,.0f} s left", soft_wrap=True)
            last = now

    yield advance
    seconds = time.monotonic() - start
    if done:
        console.print(f"{what}: {done} {unit} in {seconds:.1f} s, {done / max(seconds, 1e-9):,.1f}/s", soft_wrap=True)


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
