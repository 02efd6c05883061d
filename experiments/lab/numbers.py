"""Arithmetic by itself: sums, differences and comparisons as raw text, in words or in signs."""

from __future__ import annotations

from random import Random

from experiments.lab.problems import LARGEST


def page(rng: Random, lines: int = 10) -> str:
    """`lines` true statements in one of the two ways of writing."""
    signs = rng.random() < 0.5
    return ("\n" if signs else " ").join(_line(rng, signs) for _ in range(lines))


def _line(rng: Random, signs: bool) -> str:
    total = rng.randint(4, LARGEST)
    part = rng.randint(1, total - 1)
    rest = total - part
    form = rng.choice(("sum", "sum", "difference", "difference", "comparison"))
    if form == "sum":
        return f"{part}+{rest}={total}" if signs else f"{part} plus {rest} is {total}."
    if form == "difference":
        return f"{total}-{part}={rest}" if signs else f"{total} minus {part} is {rest}."
    other = rng.choice([n for n in range(max(1, total - 20), total + 20) if n != total])
    sign, words = (">", "more") if total > other else ("<", "fewer")
    return f"{total}{sign}{other}" if signs else f"{total} is {words} than {other}."
