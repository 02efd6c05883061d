"""Lists, dicts, arrays and the like that the tests hand to the program, which may keep them: each process has its own,
and sees what the other does to it."""

from __future__ import annotations

import sys
from array import array
from collections import deque
from collections.abc import Callable
from typing import Any

from . import carried, values
from .names import replace

_KINDS = (list, dict, set, bytearray, deque, array)
_MOST = 50
_REFERENCES = 3
"""To an argument that the program does not keep: the row of arguments, a variable, and what counts them."""


def is_mutable(value: Any) -> bool:
    return isinstance(value, _KINDS) or (type(value).__module__, type(value).__name__) == ("numpy", "ndarray")


class Borrowed:
    """In the program's process. `encode` gives a value's tree, `number` an object's number."""

    def __init__(self, encode: Callable[[Any], Any], number: Callable[[Any], int]) -> None:
        self._encode, self._number = encode, number
        self._kept: dict[int, tuple[Any, Any]] = {}
        self._returned: list[list[Any]] = []

    def trees(self, arguments: list[Any]) -> list[Any]:
        return [self._encode(each) if is_mutable(each) else None for each in arguments]

    def give_back(self, arguments: list[Any], before: list[Any], result: Any = None) -> None:
        """After a call: which arguments changed, and which the program still holds."""
        for index, (argument, old) in enumerate(zip(arguments, before, strict=True)):
            if old is None:
                continue
            number, new = None, self._encode(argument)
            is_kept = sys.getrefcount(argument) > _REFERENCES + (result is argument)
            if is_kept and len(self._kept) < _MOST and type(argument).__module__ in values.MODULES:
                number = self._number(argument)
                self._kept[number] = argument, new
            if number is not None or new != old:
                self._returned.append([index, number, new if new != old else None])

    def news(self) -> list[Any] | None:
        """What the tests' process has to hear; None for nothing."""
        changed: list[Any] = []
        for number, (held, old) in self._kept.items():
            if (new := self._encode(held)) != old:
                self._kept[number] = held, new
                changed.append([number, new])
        returned, self._returned = self._returned, []
        return ["lent", returned, changed] if returned or changed else None

    def refill(self, number: int, held: Any, new: Any) -> None:
        """Takes over what the tests did."""
        replace(held, new)
        if number in self._kept:
            self._kept[number] = held, self._encode(held)


class Lent:
    """In the tests' process."""

    def __init__(self, encode: Callable[[Any], Any]) -> None:
        self._encode = encode
        self._kept: dict[int, tuple[Any, Any]] = {}
        self._numbers: dict[int, int] = {}

    def tree(self, value: Any, tree: Any) -> Any:
        """What to send: what the program keeps is not made once more."""
        number = self._numbers.get(id(value))
        return tree if number is None else ["object", number, type(value).__name__]

    def put_back(self, ask: Callable[[list[Any]], Any]) -> None:
        for number, (held, old) in list(self._kept.items()):
            if (new := self._encode(held)) != old:
                self._kept[number] = held, new
                ask(["refill", number, new])

    def hear(self, news: list[Any], arguments: tuple[Any, ...], opened: Callable[[Any], Any]) -> None:
        """`arguments`: of the call that is answered. Raises LookupError or TypeError for what is no news."""
        for row in news[1]:
            argument = arguments[row[0]]
            if not is_mutable(argument):
                raise TypeError
            if row[2] is not None:
                _settle(argument, opened(row[2]))
            if row[1] is not None:
                self._kept[row[1]] = argument, self._encode(argument)
                self._numbers[id(argument)] = row[1]
        for row in news[2]:
            held = self._kept[row[0]][0]
            _settle(held, opened(row[1]))
            self._kept[row[0]] = held, self._encode(held)


def _settle(held: Any, new: Any) -> None:
    replace(held, new)
    carried.settle(held)
