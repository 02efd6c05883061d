"""The imports that programs written for tests take for granted."""

from __future__ import annotations

import bisect
import builtins
import collections
import contextlib
import copy
import functools
import heapq
import importlib
import itertools
import math
import operator
import random
import re
import string
import sys
import typing
from typing import Any

_MODULES = (bisect, collections, copy, functools, heapq, itertools, math, operator, random, re, string, sys, typing)
_ON_DEMAND = (
    *("array", "calendar", "cmath", "contextlib", "dataclasses", "datetime", "decimal", "enum", "fractions", "hashlib"),
    *("io", "json", "numbers", "os", "pathlib", "queue", "statistics", "tempfile", "textwrap", "time"),
    *("threading", "unicodedata", "uuid", "zoneinfo", "np", "numpy", "pd", "pandas"),
)
ALIASES = {"np": "numpy", "pd": "pandas"}
"""Names that everybody gives to a package."""
_USES = re.compile(rf"(?<![\w.])({'|'.join(_ON_DEMAND)})\.")

MODULES: dict[str, Any] = {module.__name__: module for module in _MODULES}
BUILTINS: dict[str, Any] = {
    **{name: getattr(typing, name) for name in typing.__all__},
    **{
        name: getattr(module, name)
        for module in (collections, itertools, functools, heapq, bisect)
        for name in getattr(module, "__all__", dir(module))
        if not name.startswith("_")
    },
    **{
        name: getattr(math, name)
        for name in ("ceil", "comb", "factorial", "floor", "gcd", "inf", "log", "pi", "prod", "sqrt")
    },
    "deepcopy": copy.deepcopy,
    # What the module site gives to every script.
    "exit": sys.exit,
    "quit": sys.exit,
    **MODULES,
    **vars(builtins),
}
"""Builtins of a program's own, with all of this among them: nothing has to be copied when it starts."""


SHOWN = 100_000
"""Characters of a program that are reported."""


def bind(space: dict[str, Any], names: list[str]) -> None:
    """Imports `names` into a program's space; what is not there is left to the program to miss."""
    for name in names:
        with contextlib.suppress(ImportError):
            space[name] = importlib.import_module(ALIASES.get(name, name))


def describe(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:300]
    except BaseException:
        return type(error).__name__[:80]


def modules(source: str) -> list[str]:
    """The dearer modules that a program takes for granted: those it takes something from."""
    return sorted(set(_USES.findall(source)))
