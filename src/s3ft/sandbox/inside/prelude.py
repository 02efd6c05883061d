"""The imports that programs written for tests take for granted."""

from __future__ import annotations

import bisect
import collections
import copy
import functools
import heapq
import itertools
import math
import operator
import random
import re
import string
import sys
import typing
from importlib import import_module
from typing import Any

_MODULES = (bisect, collections, copy, functools, heapq, itertools, math, operator, random, re, string, sys, typing)
_ON_DEMAND = (
    *("array", "calendar", "cmath", "contextlib", "dataclasses", "datetime", "decimal", "enum", "fractions", "hashlib"),
    *("json", "numbers", "os", "queue", "statistics", "sys", "textwrap", "time"),
)
MODULES: dict[str, Any] = {module.__name__: module for module in _MODULES}
_NAMES: dict[str, Any] = {
    **{name: getattr(typing, name) for name in typing.__all__},
    **{
        name: getattr(module, name)
        for module in (collections, itertools, functools, heapq, bisect)
        for name in getattr(module, "__all__", dir(module))
        if not name.startswith("_")
    },
    **{name: getattr(math, name) for name in ("ceil", "comb", "factorial", "floor", "gcd", "inf", "log", "pi", "prod", "sqrt")},
    "deepcopy": copy.deepcopy,
    **MODULES,
}


def names(source: str) -> dict[str, Any]:
    """What a program finds defined when it starts; dearer modules only where `source` has their name."""
    found = dict(_NAMES)
    for name in _ON_DEMAND:
        if name in source and name not in found:
            found[name] = import_module(name)
    return found
