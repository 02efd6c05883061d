"""Warnings of the program's, given once more where the tests run, which may look for them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any

from . import errors
from .handles import Exam

_MOST, _LONGEST = 100, 300


def forward(tell: Callable[[type, str], None]) -> None:
    """In the program's process: `tell` gets the class and the text of each warning."""
    count = 0

    def show(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
        nonlocal count
        count += 1
        if count <= _MOST:
            tell(category, str(message)[:_LONGEST])

    warnings.simplefilter("always")
    warnings.showwarning = show


def repeat(exam: Exam, tree: Any, text: Any) -> None:
    """In the tests' process. Raises TypeError for what is no warning."""
    try:
        kind = errors.mirror(exam, tree)
    except ValueError:
        raise TypeError from None
    # One of the program's own is made where the program is: the class of Python's that it comes from has to do.
    if not issubclass(kind, Warning):
        raise TypeError
    with contextlib.suppress(Warning):
        warnings.warn(_told(kind, str(text)), stacklevel=2)


def _told(kind: type[Warning], text: str) -> Warning:
    made = kind.__new__(kind, text)
    made.args = (text,)
    made.__dict__["_s3ft_text"] = text
    return made
