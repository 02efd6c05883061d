"""Which assertions held, and whether each says anything: comparing the program with itself does not."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .remote import is_same

Mark = tuple[int, int]
"""How often the program was asked, and how many comparisons of its objects were decided here, up to a point."""


class Evidence:
    """`mark`: gives the Mark of now."""

    def __init__(self, mark: Callable[[], Mark]) -> None:
        self.mark = mark
        self.line = 0
        """Where the last assertion started."""
        self.held = 0
        self.circular = 0
        """Assertions that held and only compared the program with itself."""
        self._is_circular = self._is_independent = self._is_left_asked = False
        self._is_word = False
        self._known = 0

    def hold(self, line: int) -> None:
        """Gets minus the line before an assertion, and the line once it held."""
        if line < 0:
            self.line, self._known, self._is_circular, self._is_independent = -line, self.mark()[1], False, False
            self._is_word = False
        elif (self._is_word or (self._is_circular and not self._is_independent)) and self.mark()[1] == self._known:
            self.circular += 1
        else:
            self.held += 1

    def start(self, line: int, function: Any) -> Any:
        """A function that is an assertion, before its arguments are known."""
        self.hold(-line)
        return function

    def compare(self, sign: str, start: Mark, left: Any, middle: Mark, right: Any, end: Mark) -> Any:
        """A comparison, with the marks before, between and after its sides."""
        result = is_same(left, right) if sign == "is" else getattr(operator, sign)(left, right)
        self._note(start[0] < middle[0], middle[0] < end[0], self.mark()[1] > start[1])
        return result

    def circle(self, start: Mark, value: Any, is_comparison: bool) -> Any:
        """What the program says, or what comes of a comparison, where the program is held against itself only."""
        if isinstance(value, bool) and self.mark()[1] == start[1]:
            self._is_circular = True
            self._is_word = self._is_word or is_comparison
        return value

    def left(self, mark: Mark, value: Any) -> Any:
        """The first of two values that a function compares, and the mark before it."""
        self._is_left_asked = mark[0] < self.mark()[0]
        return value

    def right(self, mark: Mark, value: Any) -> Any:
        """The second."""
        self._note(self._is_left_asked, mark[0] < self.mark()[0], False)
        return value

    def _note(self, is_left_asked: bool, is_right_asked: bool, is_decided: bool) -> None:
        if is_left_asked and is_right_asked and not is_decided:
            self._is_circular = True
        elif is_left_asked or is_right_asked:
            self._is_independent = True
