"""Amounts with their units, so that 2 hours are 120 minutes and 90 % is 0.9."""

from __future__ import annotations

from collections.abc import Sequence

_TABLE = {
    "time": "second 1 sec 1 minute 60 min 60 hour 3600 hr 3600 day 86400 week 604800",
    "length": "mm 0.001 millimeter 0.001 cm 0.01 centimeter 0.01 m 1 meter 1 km 1000 kilometer 1000",
    "height": "inch 1 in 1 foot 12 feet 12 ft 12",
    "distance": "mile 1 mi 1",
    "mass": "mg 0.001 milligram 0.001 g 1 gram 1 kg 1000 kilogram 1000 kilo 1000 ton 1000000 tonne 1000000",
    "weight": "pound 1 lb 1 ounce 0.0625 oz 0.0625",
    "money": "dollar 1 usd 1",
    "temperature": "celsius 1 c 1",
    "share": "percent 0.01 half 0.5 quarter 0.25",
}
_UNITS: dict[str, tuple[str, float]] = {}
for _dimension, _line in _TABLE.items():
    _parts = _line.split()
    _UNITS |= {_unit: (_dimension, float(_size)) for _unit, _size in zip(_parts[::2], _parts[1::2], strict=True)}
_UNITS |= {f"{unit}s": size for unit, size in _UNITS.items() if len(unit) > 1}
_UNITS |= {unit.replace("meter", "metre"): size for unit, size in _UNITS.items() if "meter" in unit}
_UNITS["inches"] = _UNITS["inch"]


def amounts(words: Sequence[str]) -> frozenset[tuple[str, float]]:
    """(dimension, value in its smallest unit) of every amount; neighbours of one dimension are summed (5 feet 11).

    A bare number below 1 is a share: 0.9 is 90 percent."""
    found: list[tuple[str, float]] = []
    last = -9
    for place, word in enumerate(words):
        if not word[0].isdigit():
            if word in ("half", "quarter") and (place == 0 or not words[place - 1][0].isdigit()):
                found.append(_UNITS[word])
            continue
        try:
            value = float(word)
        except ValueError:
            continue
        after = place + 1
        while after < len(words) and words[after] in ("degree", "degrees"):
            after += 1
        unit = words[after] if after < len(words) else ""
        if unit in _UNITS:
            dimension, size = _UNITS[unit]
            if found and found[-1][0] == dimension and place - last <= 2 and dimension != "share":
                found[-1] = (dimension, round(found[-1][1] + value * size, 6))
            else:
                found.append((dimension, round(value * size, 6)))
            last = after
        elif found and found[-1][0] == "height" and place - last == 1:
            found[-1] = ("height", found[-1][1] + value)
        elif 0 < value < 1:
            found.append(("share", round(value, 6)))
    return frozenset(found)
