"""Numbers as people write them: money, percent, units, two units in one; and when two are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from s3ft.judges.math.number_words import SCALES
from s3ft.judges.math.value import Value, evaluate
from s3ft.judges.units import UNITS, Unit, unit_of

_CURRENCY = "$€£¥₹₽₩"
_MORE_UNITS = r"lbs hrs secs L mL mph kph kWh kW W Hz N J V A am pm a\.m p\.m sq"
_SHORT = "|".join(sorted({*(u for u in UNITS if len(u) < 5), *_MORE_UNITS.split()}, key=len, reverse=True))
_UNIT = re.compile(
    rf"(?<=\s)(?!and\s+\d)[^\W\d_]{{3,}}|(?<=[\d}})°%π\s])(?:{_SHORT})(?![a-zA-Z]|\s*[-+*=(]\s*\d)|(?<=\d)-?[^\W\d_]{{4,}}"
    rf"|(?<=[\d\s])\\(?:mu|Omega)(?![a-zA-Z])|(?<=\d)\s*/\s*[A-Za-z]{{2,}}|(?<=\s)[{_CURRENCY}]"
    r'|"|[\u3040-\u9fff\uac00-\ud7af]'
)
_HEDGE = re.compile(
    r'^"?(?:\\approx|approximately|approx\.?|about|around|roughly|exactly|only|just|at (?:least|most)|nearly|almost'
    r"|a total of|in total|total of|both|either)(?![a-zA-Z])\"?\s*",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"(?<=\w)\s\([^()]*[A-Za-z]{3}[^()]*\)$")
_NEGATIVE = re.compile(r"^(?:negative|minus)\s+(?=\d)", re.IGNORECASE)
_REPEATING = re.compile(r"(\d*)\.(\d*)\\overline\{(\d+)\}")
_PERCENT = re.compile(r'\s*"?\s*(?:%|per ?cent\b|percentage points?\b)"?', re.IGNORECASE)
_MIXED = re.compile(r'(\d+)(?:\s+|\s*"?and"?\s*|-|\s*\+\s*)(?:(\d+)\s*/\s*(\d+)|\\frac\{(\d+)\}\{(\d+)\})')
_DECIMAL_COMMA = re.compile(r"\d+,(?:\d{1,2}|\d{4,})")
_BASE = re.compile(r"([\dA-Fa-f]+)_\{?\"?\s*(\d+|[a-z]+)\s*\"?\}?")
TYPED = re.compile(r"[-+]?\s?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)(?:\.\d+)?|[-+]?\.\d+", re.ASCII)
_DECIMAL = re.compile(r"[-+ ]*\d*\.(\d+)")
_MONEY = re.compile(rf"\s*[{_CURRENCY}]\s*|\b(?:Rs\.?|USD|US)\s*(?=\d)")
CALCULATED = re.compile(
    r"(?=.*[a-z])(?:(twice|double|triple|half(?: of)?)\s)?([\d.,]+)(?:\s(squared|cubed))?", re.IGNORECASE
)
_FACTORS = {
    "twice": Fraction(2),
    "double": Fraction(2),
    "triple": Fraction(3),
    "half": Fraction(1, 2),
    "half of": Fraction(1, 2),
}
_PART = re.compile(r"(?:and|,)?\s*[$]?(\d[\d,]*(?:\.\d+)?)\s*((?:[A-Za-z][A-Za-z'-]*\s*){1,5})")


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a number says: its readings, the first is the literal one."""

    readings: tuple[Value, ...]
    places: int | None = None
    """Digits after the point of a number that was typed as a decimal."""
    percent: bool = False
    money: bool = False
    unit: Unit | None = None


def quantity(text: str) -> Quantity:
    """Reads text in the notation of `text.plain`. Raises Unreadable or TooLarge."""
    text = _NEGATIVE.sub("-", _ASIDE.sub("", _HEDGE.sub("", text.strip())))
    if TYPED.fullmatch(text):
        return Quantity((_typed(text),), _places(text))
    calculated = CALCULATED.fullmatch(text)
    if calculated and TYPED.fullmatch(calculated[2]):
        power = {"squared": 2, "cubed": 3}.get((calculated[3] or "").lower(), 1)
        factor = _FACTORS.get((calculated[1] or "").lower(), Fraction(1))
        return Quantity((factor * _typed(calculated[2]) ** power,))
    core, unit = _split_unit(text)
    measured = unit_of(unit) or (unit_of("$") if "$" in text and not unit else None)
    core = _MONEY.sub("", core).strip()
    percent = _PERCENT.search(f"{core} {unit}") is not None and "%" not in core.rstrip('% "')
    core = core.rstrip("% ")
    value = _number(core)
    readings = tuple(_with_unit(value, core, unit) if unit else [value])
    money = any(c in text for c in _CURRENCY)
    return Quantity(readings, _places(core), percent, money, measured)


def _typed(text: str) -> Fraction:
    return Fraction(text.replace(",", "").replace(" ", ""))


def _places(text: str) -> int | None:
    decimal = _DECIMAL.fullmatch(text.replace(",", ""))
    return len(decimal[1]) if decimal else None


def _number(core: str) -> Value:
    """The value of an expression, a mixed number, a repeating decimal, "12 345" or "3,5"."""
    if TYPED.fullmatch(core):
        return _typed(core)
    if _DECIMAL_COMMA.fullmatch(core):
        return Fraction(core.replace(",", "."))
    if mixed := _MIXED.fullmatch(core):
        return evaluate(f"{mixed[1]}+{mixed[2] or mixed[4]}/{mixed[3] or mixed[5]}")
    if repeating := _REPEATING.fullmatch(core):
        head, cycle = repeating[1] + repeating[2], repeating[3]
        return Fraction(int(head + cycle) - int(head or "0"), (10 ** len(cycle) - 1) * 10 ** len(repeating[2]))
    return evaluate(core)


def _split_unit(text: str) -> tuple[str, str]:
    match = _UNIT.search(text, 1)
    if match is None or not re.search(r"\d|\\pi|\\sqrt|\\frac|[a-z]", text[: match.start()]):
        return text, ""
    core, unit = text[: match.start()], text[match.start() :]
    return core.rstrip(" -/"), unit.replace('"', " ").strip(" /-")


def _with_unit(value: Value, core: str, unit: str) -> list[Value]:
    """The readings of a number and its unit: 1 hour 30 minutes is 1.5 and 90, 3 dozen is 3 and 36, 50 cents are 50
    and 0.5."""
    if not isinstance(value, Fraction):
        return [value]
    parts = _PART.findall(f"{core} {unit}") if re.search(r"\d", unit) else []
    together = _together([(_typed(n), u.split()) for n, u in parts]) if len(parts) == 2 else []
    if together:
        return together
    word = unit.lower().split()[0].strip(".,")
    if word in ("cent", "cents"):
        return [value, value / 100]
    if word == "dozen":
        return [value, value * 12]
    return [value * SCALES.get(word, 1)]


def _together(parts: list[tuple[Fraction, list[str]]]) -> list[Value]:
    """Two parts as one number, in the unit of the first and of the second; 4 blue boxes and 6 red boxes are 10."""
    (a, a_words), (b, b_words) = parts
    a_words, b_words = ([w for w in words if w.lower() != "and"] for words in (a_words, b_words))
    if not a_words or not b_words:
        return []
    mine, its = unit_of(a_words[0]), unit_of(b_words[0])
    if mine and its and mine[0] == its[0] and mine[1] != its[1]:
        total = a * mine[1] + b * its[1]
        return [total / mine[1], total / its[1]]
    if len(a_words) > 1 and len(b_words) > 1 and a_words[-1] == b_words[-1] and a_words != b_words:
        return [a + b]
    return []


def equal(reference: str, answer: str) -> bool:
    """Whether two numbers are the same.

    With units of one kind on both sides, 2 hours are 120 minutes and not 2 days; a unit on one side is ignored.
    Raises Unreadable or TooLarge."""
    based = _bases(reference, answer)
    if based is not None:
        return based
    r, a = quantity(reference), quantity(answer)
    if r.unit and a.unit and r.unit != a.unit:
        u, v = (_real(q.readings[0]) * q.unit[1] for q in (r, a) if q.unit)
        return r.unit[0] == a.unit[0] and abs(u - v) <= abs(u) / 10**9
    if r.percent == a.percent:
        factors = [Fraction(1)]
    elif r.percent:
        factors = [Fraction(1), Fraction(100)]
    else:  # 50% is 0.5, and 50 where no share was asked for
        factors = [Fraction(1, 100), Fraction(1)] if abs(_real(r.readings[0])) >= 1 else [Fraction(1, 100)]
    return any(_same(x, y, r, a, f) for f in factors for x in r.readings for y in a.readings)


def _bases(reference: str, answer: str) -> bool | None:
    r, a = _BASE.fullmatch(reference), _BASE.fullmatch(answer)
    if not r and not a:
        return None
    digits = [m[1] if m else t for m, t in ((r, reference), (a, answer))]
    bases = {m[2] for m in (r, a) if m}
    return digits[0].upper() == digits[1].upper() and len(bases) == 1


def _same(x: Value, y: Value, r: Quantity, a: Quantity, factor: Fraction) -> bool:
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x == y * factor or _rounded(x, y * factor, r, a)
    x, y = complex(x), complex(y) * complex(factor)
    return abs(x - y) <= 1e-9 * max(abs(x), abs(y), 1e-3) or _rounded(x, y, r, a)


def _rounded(u: Value, v: Value, r: Quantity, a: Quantity) -> bool:
    """Whether one side is the other, rounded as people round: a reference to two places or more, an answer to four;
    money to the cent."""
    if abs(complex(u).imag) > 1e-9 or abs(complex(v).imag) > 1e-9:
        return False
    ways: tuple[tuple[Value, Value, Quantity, Quantity, int], ...] = (
        (u, v, r, a, 2),
        (v, u, a, r, 2 if a.money else 4),
    )
    for rounded, other, mine, its, least in ways:
        places = mine.places
        if places is None or places < least or (its.places is not None and its.places <= places):
            continue
        if isinstance(other, Fraction) and its.places is None and (other * 10**places).denominator == 1:
            continue
        difference = abs(_real(rounded) - _real(other))
        if difference <= Fraction(1, 2 * 10**places) + Fraction(1, 10 ** (places + 9)):
            return True
    return False


def _real(value: Value) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(value.real)
