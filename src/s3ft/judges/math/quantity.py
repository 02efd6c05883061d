"""Numbers as people write them: money, percent, units, compound units, number words; and when two are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from s3ft.judges.math.value import NUM_POINTS, Unreadable, Value, decimal, evaluate, has_letters, whole_number

_CURRENCY = "$€£¥₹₽₩"
_SHORT = (
    r"(?:km|cm|mm|dm|m|kg|mg|g|lbs?|oz|ft|in|mi|yd|hrs?|h|min|sec|secs|s|ms|ml|mL|L|l|mph|kph|kWh|kW|W|Hz|N|J|V|A|am|pm"
    r"|USD|EUR|GBP|dollars?|cents?|units?|pts|sq)"
)
_UNIT = re.compile(
    rf'"|(?<=\s)(?!and\s+\d)[A-Za-z]{{3,}}|(?<=[\d}})°%π\s]){_SHORT}(?![a-zA-Z]|\s*[-+*=(]\s*\d)|(?<=\d)-?[A-Za-z]{{4,}}'
    rf"|(?<=[\d\s])\\(?:mu|Omega)(?![a-zA-Z])|(?<=\d)\s*/\s*[A-Za-z]{{2,}}|(?<=\s)[{_CURRENCY}]"
)
_HEDGE = re.compile(
    r'^"?(?:\\approx|\\sim|≈|~|approximately|approx\.?|about|around|roughly|exactly|only|just|at (?:least|most)|nearly'
    r"|almost|a total of|in total|total of|over|under)(?![a-zA-Z])\"?\s*",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^\(?[a-eA-E]\)\s+(?=\S)")
_ASIDE = re.compile(r"(?<=\w)\s\([^()]*[A-Za-z]{3}[^()]*\)$")
_NEGATIVE = re.compile(r"^(?:negative|minus)\s+(?=\d)", re.IGNORECASE)
_REPEATING = re.compile(r"(-?)(\d*)\.(\d*)\\overline\{(\d+)\}")
_PERCENT = re.compile(r'\s*"?\s*(?:%|per ?cent\b|percentage points?\b|pct\b)"?', re.IGNORECASE)
_MIXED = re.compile(r'(\d+)(?:\s+|\s*"?and"?\s*|-|\s*\+\s*)(?:(\d+)\s*/\s*(\d+)|\\frac\{(\d+)\}\{(\d+)\})')
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+(?:\.\d+)?")
_BASE = re.compile(r"([\dA-Fa-f]+)_\{?\"?\s*(\d+|[a-z]+)\s*\"?\}?")
_RATIO = re.compile(r"(\d+)\s*(?::|\"?\s*\bto\b\s*\"?)\s*(\d+)")
_DECIMAL = re.compile(r"\d*\.(\d+)")
_PART = re.compile(r"(?:and|,)?\s*[$]?(\d[\d,]*(?:\.\d+)?)\s*((?:[A-Za-z][A-Za-z'-]*\s*){1,5})")
_SCALE = {
    "hundred": 100,
    "thousand": 1000,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
    "k": 1000,
}
_SYSTEMS: tuple[dict[str, int], ...] = (
    {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "day": 86400, "week": 604800},
    {"inch": 1, "inche": 1, "in": 1, "foot": 12, "feet": 12, "ft": 12, "yard": 36},
    {"cent": 1, "penny": 1, "pennie": 1, "dollar": 100, "buck": 100},
    {"ounce": 1, "oz": 1, "pound": 16, "lb": 16},
    {"month": 1, "year": 12},
    {"gram": 1, "g": 1, "kilogram": 1000, "kg": 1000},
    {"meter": 1, "m": 1, "kilometer": 1000, "km": 1000},
    {"milliliter": 1, "ml": 1, "liter": 1000, "l": 1000},
)
_ONES = {
    **{"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9},
    **{"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16},
    **{"seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50},
    **{"sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90},
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a number says: its readings (the first is the literal one), each at NUM_POINTS points."""

    readings: tuple[tuple[Value, ...], ...]
    places: int | None = None
    """Digits after the point where it was typed as a decimal."""
    percent: bool = False
    money: bool = False
    letters: bool = False


def quantity(text: str) -> Quantity:
    """Reads text in the notation of `_math_text.plain`. Raises Unreadable or TooLarge."""
    text = _ASIDE.sub("", _LABEL.sub("", _HEDGE.sub("", text.strip())))
    text = _NEGATIVE.sub("-", text)
    if not text:
        raise Unreadable("empty")
    if re.fullmatch(r"\d{1,18}", text):
        return Quantity(((Fraction(int(text)),),))
    core, unit = _split_unit(text)
    money = any(c in text for c in _CURRENCY)
    core = re.sub(rf"\s*[{_CURRENCY}]\s*|\b(?:Rs\.?|USD|US)\s*(?=\d)", "", core).strip()
    percent = _PERCENT.search(f"{core} {unit}") is not None and "%" not in core.rstrip('% "')
    core = core.rstrip("% ")
    if not core:
        raise Unreadable("no number")
    letters = False
    if mixed := _MIXED.fullmatch(core):
        whole, top, bottom = (int(n) for n in (mixed[1], mixed[2] or mixed[4], mixed[3] or mixed[5]))
        if not bottom:
            raise Unreadable("division by zero")
        values: tuple[Value, ...] = (whole + Fraction(top, bottom),)
    elif repeating := _REPEATING.fullmatch(core):
        head, cycle = repeating[2] + repeating[3], repeating[4]
        nines = (10 ** len(cycle) - 1) * 10 ** len(repeating[3])
        value = Fraction(whole_number(head + cycle) - whole_number(head or "0"), nines)
        values = (-value if repeating[1] else value,)
    elif _SPACED.fullmatch(core):
        values = (decimal(core.replace(" ", "")),)
    elif ratio := _RATIO.fullmatch(core):
        values = (Fraction(int(ratio[1]), int(ratio[2]) or 1),)
    else:
        letters = has_letters(core)
        values = tuple(evaluate(core, point) for point in range(NUM_POINTS if letters else 1))
    places = _DECIMAL.fullmatch(core.lstrip("-+ ").replace(",", ""))
    readings = [(v,) for v in _with_unit(values[0], core, unit)] if unit and not letters else [values]
    return Quantity(tuple(readings), len(places[1]) if places else None, percent, money, letters)


def _split_unit(text: str) -> tuple[str, str]:
    match = _UNIT.search(text, 1)
    if match is None or not re.search(r"\d|\\pi|\\sqrt|\\frac|[a-z]", text[: match.start()]):
        return text, ""
    core, unit = text[: match.start()], text[match.start() :]
    return core.rstrip(" -/"), unit.replace('"', " ").strip(" /-")


def _with_unit(value: Value, core: str, unit: str) -> list[Value]:
    """The readings of a number and its unit: two parts count as one, 3 dozen is 3 and 36, 50 cents are 50 and 0.5."""
    if not isinstance(value, Fraction):
        return [value]
    parts = _PART.findall(f"{core} {unit}") if re.search(r"\d", unit) else []
    together = _together([(decimal(n), u.split()) for n, u in parts]) if len(parts) == 2 else []
    if together:
        return together
    word = unit.lower().split()[0].strip(".,")
    if word in ("cent", "cents"):
        return [value, value / 100]
    return [value, value * _SCALE[word]] if word in _SCALE else [value]


def _together(parts: list[tuple[Fraction, list[str]]]) -> list[Value]:
    """Two parts as one number: 1 hour 30 minutes is 90 and 1.5; 4 blue boxes and 6 red boxes are 10."""
    (a, a_words), (b, b_words) = parts
    a_words, b_words = ([w for w in words if w.lower() != "and"] for words in (a_words, b_words))
    if not a_words or not b_words:
        return []
    for system in _SYSTEMS:
        sizes = [system.get(w[0].lower().rstrip(".").removesuffix("s")) for w in (a_words, b_words)]
        if sizes[0] and sizes[1] and sizes[0] != sizes[1]:
            total = a * sizes[0] + b * sizes[1]
            return [total / sizes[0], total / sizes[1]]
    if len(a_words) > 1 and len(b_words) > 1 and a_words[-1] == b_words[-1] and a_words != b_words:
        return [a + b]
    return []


def number_word(text: str) -> int | None:
    """The value of "twenty-one" or "three hundred and five"; None where the text is no number word."""
    words = [w for w in re.findall(r"[a-z]+", text.lower()) if w != "and"]
    if not words or any(w not in _ONES and w not in ("hundred", "thousand") for w in words):
        return None
    total = part = 0
    for word in words:
        if word == "hundred":
            part = max(part, 1) * 100
        elif word == "thousand":
            total, part = total + max(part, 1) * 1000, 0
        else:
            part += _ONES[word]
    return total + part


def equal(reference: str, answer: str) -> bool | None:
    """Whether two numbers or expressions are the same, None where only algebra can tell.

    Raises Unreadable or TooLarge."""
    based = _bases(reference, answer)
    if based is not None:
        return based
    r, a = quantity(reference), quantity(answer)
    if r.percent == a.percent:
        return _any(r, a, Fraction(1))
    if r.percent:
        verdicts = [_any(r, a, Fraction(1)), _any(r, a, Fraction(100))]
    else:
        literal = r.readings[0][0]
        verdicts = [_any(r, a, Fraction(1, 100))]
        if isinstance(literal, complex) or abs(literal) >= 1:
            verdicts.append(_any(r, a, Fraction(1)))
    return True if True in verdicts else None if None in verdicts else False


def _bases(reference: str, answer: str) -> bool | None:
    r, a = _BASE.fullmatch(reference), _BASE.fullmatch(answer)
    if not r and not a:
        return None
    digits = [m[1] if m else t for m, t in ((r, reference), (a, answer))]
    bases = {m[2] for m in (r, a) if m}
    return digits[0].upper() == digits[1].upper() and len(bases) == 1


def _any(r: Quantity, a: Quantity, factor: Fraction) -> bool | None:
    verdicts = [_values(x, y, r, a, factor) for x in r.readings for y in a.readings]
    return True if True in verdicts else None if None in verdicts else False


def _values(x: tuple[Value, ...], y: tuple[Value, ...], r: Quantity, a: Quantity, factor: Fraction) -> bool | None:
    if len(x) != len(y):
        x, y = x * (len(y) if len(x) == 1 else 1), y * (len(x) if len(y) == 1 else 1)
    exact = True
    for u, v in zip(x, y, strict=True):
        if isinstance(u, Fraction) and isinstance(v, Fraction):
            if u == v * factor:
                continue
            return _rounded(u, v * factor, r, a)
        exact = False
        u, v = complex(u), complex(v) * complex(factor)
        if abs(u - v) > 1e-9 * max(abs(u), abs(v), 1e-3):
            return _rounded(u, v, r, a)
    return True if exact or not (r.letters or a.letters) else None


def _rounded(u: Value, v: Value, r: Quantity, a: Quantity) -> bool:
    """Whether one side is the other, rounded as people round: a reference to two places or more, an answer to four;
    money to the cent."""
    if r.letters or a.letters or abs(complex(u).imag) > 1e-9 or abs(complex(v).imag) > 1e-9:
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
