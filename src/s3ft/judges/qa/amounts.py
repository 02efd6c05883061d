"""Amounts with their units, so that 2 hours are 120 minutes and 90 % is 0.9."""

from __future__ import annotations

from collections.abc import Sequence

from s3ft.judges.units import unit_of

_SHARES = {"percent": 0.01, "half": 0.5, "quarter": 0.25}


def amounts(words: Sequence[str]) -> frozenset[tuple[str, float]]:
    """(what is measured, value in its smallest unit) of every amount; neighbours of one kind are summed (5 feet 11).

    A bare number below 1 is a share: 0.9 is 90 percent."""
    found: list[tuple[str, float]] = []
    last = -9
    for place, word in enumerate(words):
        counted = place > 0 and words[place - 1].isdigit()
        share = _SHARES.get(word.removesuffix("s"))
        if share and (counted or word != "percent"):
            found.append(("share", round(share * float(words[place - 1] if counted else 1), 6)))
        if not word[0].isdigit() or not word.isascii():
            continue
        value = float(word)
        unit = next((w for w in words[place + 1 : place + 3] if w not in ("degree", "degrees")), "")
        measured = unit_of("celsius" if unit == "c" else unit)
        if measured:
            kind, size = measured
            if found and found[-1][0] == kind and place - last <= 2:
                found[-1] = (kind, round(found[-1][1] + value * float(size), 6))
            else:
                found.append((kind, round(value * float(size), 6)))
            last = place + 1
        elif found and found[-1][0] == "feet" and place - last == 1:
            found[-1] = ("feet", found[-1][1] + value)
        elif 0 < value < 1:
            found.append(("share", round(value, 6)))
    return frozenset(found)
