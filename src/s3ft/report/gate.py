"""May this adapter be shipped? One word and one sentence for each recipe, and exit codes for a release script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Word = Literal["KEEP", "DON'T", "UNDECIDED"]

EXIT: dict[Word, int] = {"KEEP": 0, "DON'T": 10, "UNDECIDED": 11}
MARGIN = 0.02
"""The mean drop on the benchmarks that is put up with, as a fraction: below it, nothing counts as lost."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the intervals of a recipe say."""

    recipe: str
    word: Word
    sentence: str


def decide(found: dict[str, Any], recipe: str, margin: float = MARGIN) -> Decision:
    """KEEP if the whole interval of the gain is above 0 and that of the mean drop below `margin`; DON'T if one of the
    two is wholly on the other side; else UNDECIDED. `found`: the content of report.json."""
    result = found["recipes"][recipe]
    gain, drop = result["gain"], result["mean_drop"]
    is_better, task = _side(
        gain, 0.0, ("better at the task", "worse at the task", "not shown to be better at the task")
    )
    loses: bool | None = None
    elsewhere = "what it lost elsewhere was not measured"
    if drop is not None:
        within = f"a mean drop on the benchmarks of {100 * margin:g} points"
        said = (f"loses more than {within}", f"stays below {within}", f"not shown to stay below {within}")
        loses, elsewhere = _side(drop, margin, said)
        elsewhere += f" ({points(drop)})"
    word: Word = "UNDECIDED"
    if is_better is False or loses is True:
        word = "DON'T"
    elif is_better and loses is False:
        word = "KEEP"
    joint = "but" if is_better and loses is not False else "and"
    return Decision(recipe, word, f"{recipe} is {task} ({points(gain)}), {joint} {elsewhere}.")


def decide_all(found: dict[str, Any], margin: float = MARGIN) -> list[Decision]:
    """Every recipe; those that may be kept first, then by gain."""
    every = [decide(found, recipe, margin) for recipe in found["recipes"]]
    return sorted(every, key=lambda d: (d.word != "KEEP", -found["recipes"][d.recipe]["gain"]["mean"]))


def points(estimate: dict[str, Any]) -> str:
    """An estimate in points with its interval."""
    if estimate["low"] is None:
        return f"{100 * estimate['mean']:+.1f} points, too few items for an interval"
    mean, low, high = (100 * estimate[k] for k in ("mean", "low", "high"))
    return f"{mean:+.1f} points [{low:+.1f}, {high:+.1f}]"


def _side(estimate: dict[str, Any], bound: float, said: tuple[str, str, str]) -> tuple[bool | None, str]:
    """Whether an interval lies above `bound` (True), below (False) or on both sides (None), and how that is said."""
    if estimate["low"] is not None and estimate["low"] > bound:
        return True, said[0]
    if estimate["high"] is not None and estimate["high"] < bound:
        return False, said[1]
    return None, said[2]
