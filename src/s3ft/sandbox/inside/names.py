"""What the program has by the names that the tests use: read again each time where it is plain data, which changes."""

from __future__ import annotations

from array import array
from collections import deque
from typing import Any

from .handles import Exam, Origin

_KEPT = (list, dict, set)


class Names:
    """`held`: what was last seen by each name that the program has."""

    def __init__(self, exam: Exam) -> None:
        self._exam = exam
        self.held: dict[str, Any] = {}
        self._trees: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """None where the program has nothing by that name."""
        self.put_back()
        reply = self._exam.ask(["get", name])
        if reply[0] != "value":
            return None
        old, new = self.held.get(name), self._exam.open(reply[1], Origin("name", name=name))
        if isinstance(old, _KEPT) and type(old) is type(new):
            replace(old, new)
            new = old
        self.held[name] = new
        if isinstance(new, _KEPT):
            self._trees[name] = self._exam.out(new)
        return new

    def own(self, name: str) -> Any:
        """Where the tests read it. Raises NameError."""
        self._exam.asked += 1
        value = self.get(name)
        if name not in self.held:
            raise NameError(f"name {name!r} is not defined", name=name)
        return value

    def put_back(self) -> None:
        """Has the program see what the tests changed in its lists, dicts and sets."""
        for name, before in self._trees.items():
            if (now := self._exam.out(self.held[name])) != before:
                self._trees[name] = now
                self._exam.ask(["put", name, now])


def replace(old: Any, new: Any) -> None:
    """Makes a list, dict, set or array what the program made of it, in place. Raises TypeError for another kind."""
    if isinstance(old, list) and isinstance(new, list):
        for index, (before, after) in enumerate(zip(old, new, strict=False)):
            if isinstance(before, list | dict | set) and type(before) is type(after):
                replace(before, after)
                new[index] = before
        old[:] = new
    elif isinstance(old, bytearray | deque):
        old.clear()
        old.extend(new)
    elif isinstance(old, array):
        old[:] = new
    elif type(old).__name__ == "ndarray":
        if type(new) is not type(old) or new.shape != old.shape:
            raise TypeError
        old[...] = new
    elif isinstance(old, dict | set):
        old.clear()
        old.update(new)
