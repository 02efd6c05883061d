"""Standard input of a program whose tests run elsewhere: it reads what the tests have patched `input` or `sys.stdin` to
give, which is nothing where they have not."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

_LONGEST = 300


def answer(request: list[Any]) -> list[Any]:
    """In the tests' process: what is read. Raises TypeError for a request that is none."""
    method, prompt = request[1], request[2]
    if method not in ("input", "read", "readline") or not isinstance(prompt, str):
        raise TypeError
    try:
        text = input(prompt) if method == "input" else getattr(sys.stdin, method)()
    except Exception as error:
        return ["raised", [kind.__name__ for kind in type(error).__mro__], str(error)[:_LONGEST]]
    return ["value", text if isinstance(text, str) else str(text)]


class Typed(io.TextIOBase):
    """Standard input in the program's process; `ask` gets the method's name."""

    def __init__(self, ask: Callable[[str], str]) -> None:
        self._ask = ask

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        return self._ask("read")

    @property
    def buffer(self) -> io.BytesIO:
        return io.BytesIO(self.read().encode())

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        return self._ask("readline")
