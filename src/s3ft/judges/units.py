"""Units of measure: which ones measure the same thing, and how large they are."""

from __future__ import annotations

import re
from fractions import Fraction

Unit = tuple[str, Fraction]
"""What is measured, and the size in its smallest unit: minutes are ("time", 60)."""

_TABLE = {
    "time": "second sec s 1|minute min 60|hour hr h 3600|day 86400|week 604800",
    "months": "month 1|year yr 12",
    "length": "mm millimeter 1|cm centimeter centimetre 10|m meter metre 1000|km kilometer kilometre 1000000",
    "feet": "inch inche in 1|foot feet ft 12|yard yd 36|mile mi 63360",
    "mass": "mg milligram 1|g gram 1000|kg kilogram 1000000|tonne 1000000000",
    "pounds": "ounce oz 1|pound lb 16",
    "volume": "ml milliliter millilitre 1|cl 10|l liter litre 1000",
    "gallons": "cup 1|pint 2|quart 4|gallon 16",
    "money": "cent penny pennie ¢ 1|dollar usd buck $ 100",
    "temperature": "celsius 1",
}
UNITS: dict[str, Unit] = {
    name: (kind, Fraction(entry.split()[-1]))
    for kind, entries in _TABLE.items()
    for entry in entries.split("|")
    for name in entry.split()[:-1]
}
_PER = re.compile(r"\s*/\s*|\s+per\s+")
_POWER = re.compile(r"^(?:(square|sq\.?|cubic)\s+)?([A-Za-z$¢]+)\.?(?:\s*\^\s*\{?([23])\}?)?(?:\s|$)")


def unit_of(text: str) -> Unit | None:
    """The unit that a text after a number begins with ("hours", "cm^2", "km per hour"); None if there is none."""
    if re.fullmatch(r"(?:mph|kph)\b.*", text):
        text = {"m": "miles", "k": "km"}[text[0]] + "/h"
    parts = [_simple(p) for p in _PER.split(text.strip(), maxsplit=1)]
    first, last = parts[0], parts[-1]
    if first is None or last is None:
        return None
    return first if len(parts) == 1 else (f"{first[0]}/{last[0]}", first[1] / last[1])


def _simple(text: str) -> Unit | None:
    match = _POWER.match(text)
    if not match:
        return None
    name = match[2].lower()
    unit = UNITS.get(name) or UNITS.get(name.removesuffix("s"))
    power = int(match[3] or {None: 1, "cubic": 3}.get(match[1], 2))
    return unit and (f"{unit[0]}^{power}" if power > 1 else unit[0], unit[1] ** power)
