"""Rules that hold across fields of a config. Each raises ValueError with what was found and what was expected."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_args

from s3ft.recipes import RECIPES, described
from s3ft.types import Recipe, Rung, Sampling

SEEDS = 2**32
"""Seeds are below this: NumPy takes no others."""


def finite(value: Any, where: str = "") -> None:
    """Every number in plain data is finite, and no text has a null byte, which no path may have."""
    if isinstance(value, str) and "\0" in value:
        raise ValueError(f"{where}: found {value!r}, expected text without null bytes")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where}: found {value}, expected a finite number")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            finite(inner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            finite(inner, where)


def no_bool(value: Any, annotation: Any) -> None:
    """No yes or no where a number is expected; pydantic reads true as 1."""
    kinds = [annotation, *_kinds(annotation)]
    if any(k in kinds for k in (int, float, Rung, Sampling)) and bool not in kinds and Any not in kinds:
        for found in _leaves(value):
            if isinstance(found, bool):
                raise ValueError(f"found {str(found).lower()}, expected a number")


def _kinds(annotation: Any) -> list[Any]:
    return [kind for inner in get_args(annotation) for kind in (inner, *_kinds(inner))]


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    return (leaf for inner in value for leaf in _leaves(inner)) if isinstance(value, list | tuple) else [value]


def rates(found: float | Mapping[str, float] | Sequence[float], name: str) -> None:
    """Learning rates are above 0; AdamW moves every weight by about the rate in a step, so 1 is the most."""
    for rate in found.values() if isinstance(found, Mapping) else found if isinstance(found, Sequence) else [found]:
        if not 0 < rate <= 1:
            raise ValueError(f"{name}: found {rate:g}, expected above 0 and at most 1, such as 1e-4")


def each_once(found: Sequence[Any], name: str) -> None:
    if len(set(found)) < len(found):
        raise ValueError(f"{name}: found {list(found)}, expected each once")


def seeds(found: Sequence[int], name: str) -> None:
    each_once(found, name)
    for seed in found:
        if not 0 <= seed < SEEDS:
            raise ValueError(f"{name}: found {seed}, expected 0 or more and below 2**32")


def scales(found: Sequence[float], method: str) -> None:
    """Adapter scales have names of their own in evals/, and 1 is measured anyway."""
    if found and method == "full":
        raise ValueError("evaluate.scales: only adapters have a scale, and train.method is full; leave one of them out")
    for scale in found:
        if not scale > 0 or f"{scale:g}" == "1":
            raise ValueError(
                f"evaluate.scales: found {scale:g}, expected scales above 0 other than 1, which is measured anyway, "
                "such as [0.25, 0.5]"
            )
    each_once([float(f"{scale:g}") for scale in found], "evaluate.scales")


def day(found: str, name: str) -> None:
    try:
        is_day = date.fromisoformat(found).isoformat() == found
    except ValueError:
        is_day = False
    if not is_day:
        raise ValueError(f"{name}: found {found!r}, expected a day as YYYY-MM-DD")


def revision(model: str, found: str | None) -> None:
    if found is not None and (model == "lab" or Path(model).expanduser().is_dir()):
        what = "ships with s3ft" if model == "lab" else "is a folder"
        raise ValueError(f"revision: found {found!r}, but the model {model!r} {what} and has none; leave it out")


def recipes(ladders: Mapping[str, Recipe], names: Sequence[str]) -> None:
    """Names that a folder can have, each once; one of s3ft's own stands for s3ft's own ladder; gold has no options."""
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9_][\w.+-]*", name) or name == "base":
            raise ValueError(
                f"recipes: found the name {name!r}, expected letters, digits, '_', '-', '+' and '.', and not 'base'"
            )
    if not names or len(set(names)) < len(names):
        raise ValueError(f"recipes: found {list(names)}, expected one or more names, each once")
    for name, rungs in ladders.items():
        if name in RECIPES and rungs != RECIPES[name]:
            raise ValueError(
                f"recipes: found {name!r} as {described(rungs)}, but s3ft's own {name!r} is {described(RECIPES[name])}"
                "; choose another name"
            )
        for rung in rungs:
            if rung.source == "gold" and (rung.num_samples, rung.temperature, rung.keep) != (1, None, "first"):
                raise ValueError(f"recipes: {name!r} gives gold options, but gold is taken as it is; write just gold")
