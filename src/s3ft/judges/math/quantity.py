"""Numbers as people write them: money, percent, units, two units in one; and when two are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from s3ft.judges.math.number_words import SCALES
from s3ft.judges.math.units import UNITS, Unit, unit_of
from s3ft.judges.math.value import Unreadable, Value, decimal, evaluate, whole_number

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
_REPEATING = re.compile(r"(-?)(\d*)\.(\d*)\\overline\{(\d+)\}")
_PERCENT = re.compile(r'\s*"?\s*(?:%|per ?cent\b|percentage points?\b)"?', re.IGNORECASE)
_MIXED = re.compile(r'(\d+)(?:\s+|\s*"?and"?\s*|-|\s*\+\s*)(?:(\d+)\s*/\s*(\d+)|\\frac\{(\d+)\}\{(\d+)\})')
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"\d+,(?:\d{1,2}|\d{4,})")
_BASE = re.compile(r"([\dA-Fa-f]+)_\{?\"?\s*(\d+|[a-z]+)\s*\"?\}?")
_DECIMAL = re.compile(r"\d*\.(\d+)")
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
    if re.fullmatch(r"\d{1,18}", text):
        return Quantity((Fraction(int(text)),))
    core, unit = _split_unit(text)
    money = any(c in text for c in _CURRENCY)
    measured = unit_of(unit) or (unit_of("$") if "$" in text and not unit else None)
    core = re.sub(rf"\s*[{_CURRENCY}]\s*|\b(?:Rs\.?|USD|US)\s*(?=\d)", "", core).strip()
    percent = _PERCENT.search(f"{core} {unit}") is not None and "%" not in core.rstrip('% "')
    core = core.rstrip("% ")
    typed = _number(core)
    value = evaluate(core) if typed is None else typed
    places = _DECIMAL.fullmatch(core.lstrip("-+ ").replace(",", ""))
    readings = tuple(_with_unit(value, core, unit) if unit else [value])
    return Quantity(readings, len(places[1]) if places else None, percent, money, measured)


def _number(core: str) -> Fraction | None:
    """The value of a mixed number, a repeating decimal, "12 345" or "3,5"; None for other forms."""
    if mixed := _MIXED.fullmatch(core):
        whole, top, bottom = (int(n) for n in (mixed[1], mixed[2] or mixed[4], mixed[3] or mixed[5]))
        if not bottom:
            raise Unreadable("division by zero")
        return whole + Fraction(top, bottom)
    if repeating := _REPEATING.fullmatch(core):
        head, cycle = repeating[2] + repeating[3], repeating[4]
        nines = (10 ** len(cycle) - 1) * 10 ** len(repeating[3])
        value = Fraction(whole_number(head + cycle) - whole_number(head or "0"), nines)
        return -value if repeating[1] else value
    if _SPACED.fullmatch(core):
        return decimal(core.replace(" ", ""))
    return decimal(core.replace(",", ".")) if _DECIMAL_COMMA.fullmatch(core) else None


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
    together = _together([(decimal(n), u.split()) for n, u in parts]) if len(parts) == 2 else []
    if together:
        return together
    word = unit.lower().split()[0].strip(".,")
    if word in ("cent", "cents"):
        return [value, value / 100]
    return [value, value * SCALES[word]] if word in SCALES else [value]


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
    if r.unit and a.unit and r.unit[0] == a.unit[0] and r.unit[1] != a.unit[1]:
        u, v = r.readings[0], a.readings[0]
        return abs(_real(u) * r.unit[1] - _real(v) * a.unit[1]) <= abs(_real(u)) * r.unit[1] / 10**9
    if r.percent == a.percent:
        return _any(r, a, Fraction(1))
    if r.percent:
        verdicts = [_any(r, a, Fraction(1)), _any(r, a, Fraction(100))]
    else:
        literal = r.readings[0]
        verdicts = [_any(r, a, Fraction(1, 100))]
        if isinstance(literal, complex) or abs(literal) >= 1:
            verdicts.append(_any(r, a, Fraction(1)))
    return any(verdicts)


def _bases(reference: str, answer: str) -> bool | None:
    r, a = _BASE.fullmatch(reference), _BASE.fullmatch(answer)
    if not r and not a:
        return None
    digits = [m[1] if m else t for m, t in ((r, reference), (a, answer))]
    bases = {m[2] for m in (r, a) if m}
    return digits[0].upper() == digits[1].upper() and len(bases) == 1


def _any(r: Quantity, a: Quantity, factor: Fraction) -> bool:
    return any(_same(x, y, r, a, factor) for x in r.readings for y in a.readings)


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
