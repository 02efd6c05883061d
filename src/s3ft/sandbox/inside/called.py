"""Calls of the tests' functions by the program, which runs where it is and hands them what it likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import errors, values
from .handles import Exam, Origin
from .shown import LONGEST

Keep = Callable[[Any], Any]


def answer(exam: Exam, function: Callable[..., Any], request: list[Any], keep: Keep) -> list[Any]:
    """What to tell the program: the value, or what was raised. Raises LookupError or TypeError for no request.

    An assertion that fails here is noted, as the program may catch it."""
    given = Origin("given")
    sent = [exam.open(a, given) for a in request[2]]
    named = {str(name): exam.open(value, given) for name, value in request[3].items()}
    before = [values.encode(a, keep) if isinstance(a, list | dict | set) else None for a in sent]
    asked = exam.asked
    try:
        result = ["value", exam.out(function(*sent, **named))]
    except Exception as error:
        if isinstance(error, AssertionError) and not errors.is_programs(error):
            exam.has_failed_inside |= bool(sent or named or exam.asked > asked)
        index = errors.tree_number(error)
        return ["raised", [k.__name__ for k in type(error).__mro__], str(error)[:LONGEST], index]
    after = [exam.out(a) if b is not None else None for a, b in zip(sent, before, strict=True)]
    return [*result, [[i, a] for i, (a, b) in enumerate(zip(after, before, strict=True)) if a != b]]
