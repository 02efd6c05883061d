"""Words of questions, answers and references, as the reading-comprehension judge compares them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

ARTICLES = frozenset(("a", "an", "the"))
_WORD = re.compile(r"\w+")
STOP = ARTICLES | frozenset(
    _WORD.findall(
        "of in on at to for by with from and or is was are were be been being as that this these those it its his her "
        "their he she they who whom which what when where how why do does did has have had will would can could there "
        "then than into about also s t i you we my your our"
    )
)
_MONTHS = _WORD.findall("january february march april may june july august september october november december")
MONTHS = frozenset(_MONTHS)
_ABBREVIATED = {month[:3]: month for month in _MONTHS} | {
    "sept": "september",
    "bce": "bc",
    "ce": "ad",
    "mt": "mount",
    "st": "saint",
}
_WAYS = _WORD.findall("north south east west northeast northwest southeast southwest")
_ABBREVIATED |= {f"{way}ern": way for way in _WAYS}

_UNITS = _WORD.findall(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = {w: 10 * i for i, w in enumerate(_WORD.findall("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
_ORDINALS = _WORD.findall(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
)
_NUMBERS: dict[str, int] = (
    {w: i for i, w in enumerate(_UNITS)}
    | _TENS
    | {w: i for i, w in enumerate(_ORDINALS, 1)}
    | {"fourty": 40, "none": 0, "nil": 0, "twice": 2}
)
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ROMANS = _WORD.findall("II III IV V VI VII VIII IX X XI XII XIII XIV XV")
_ROMAN = {roman: str(i) for i, roman in enumerate(_ROMANS, 2) if len(roman) > 1}
_ROMAN |= {roman.lower(): number for roman, number in _ROMAN.items()}
_AFTER_NAME = {"I": "1", "V": "5"}
"""Read as numbers only behind a name: Elizabeth I, Henry V."""

_INITIALS = re.compile(r"\b(?:[A-Za-z]\. ?){2,} *(?=([A-Z][a-z])?)")
_ACRONYMS = frozenset(("US", "UK", "UN", "EU", "USA", "USS", "DC", "BC", "AD"))
_MOJIBAKE = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0178\u017d\u017e\u02c6\u02dc\u0192\u2013-\u203a\u20ac\u2122]+"
)
_GLUED = re.compile(r"\b(by|in|of|is|was|and|from|to|at|on|as|for|with|the|author)(?=[A-Z][a-z]|\d)")
_TOKEN = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+|[^\W\d_]+(?:['’][^\W\d_]+)*")
_DECADE = re.compile(r"(?<![\d.,$])['’]?\b([2-9]0)['’]?s\b")
_SUFFIXED = re.compile(r"(?<=\d)(?:st|nd|rd|th|s)\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"(?<![\d.,/-])(\d{1,4})[/.-](\d{1,2})[/.-](\d{2,4})(?![\d/-])")
_SIGN = re.compile(
    r"([$£€])\s?(\d[\d,.]*(?: (?:thousand|million|billion|trillion)\b)?)"
    r"|(?<![\w,.])(\d[\d,.]*)\s?([%\"°']|km|kg|cm|mm|ft)(?![a-z])"
)
_SIGNS = {
    "$": "dollars",
    "£": "pounds",
    "€": "euros",
    "%": "percent",
    '"': "inches",
    "°": "degrees",
    "'": "feet",
    "km": "kilometers",
    "kg": "kilograms",
    "cm": "centimeters",
    "mm": "millimeters",
    "ft": "feet",
}
_PUNCTUATION = str.maketrans({"’": "'", "‘": "'", "–": "-", "—": "-", "‐": "-", "‑": "-", "\xa0": " "})


def plain(text: str) -> str:
    """Text without accents, typographic variants and UTF-8 that was read as Latin-1; letters keep their case."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", _MOJIBAKE.sub(_reread, text).translate(_PUNCTUATION))
    return "".join(c for c in text if not unicodedata.combining(c))


def _dated(found: re.Match[str]) -> str:
    """A date of numbers in words; of two possible months, both."""
    first, second, third = (int(part) for part in found.groups())
    if first > 31:
        first, second, third = second, third, first
        return f" {_MONTHS[first - 1]} {second} {third} " if 1 <= first <= 12 and second <= 31 else found[0]
    year = third if third > 99 else 0
    read = [
        f"{_MONTHS[month - 1]} {day}"
        for month, day in {(first, second), (second, first)}
        if 1 <= month <= 12 and day <= 31
    ]
    return f" {' '.join(sorted(read))} {year} " if read and year else found[0]


def _signed(found: re.Match[str]) -> str:
    if found[1]:
        return f"{found[2]} {_SIGNS[found[1]]} "
    return f"{found[3]} {_SIGNS[found[4]]} "


def _reread(found: re.Match[str]) -> str:
    try:
        return b"".join(c.encode("latin-1" if ord(c) < 256 else "cp1252") for c in found[0]).decode()
    except UnicodeDecodeError:
        return found[0]


def tokens(text: str) -> list[tuple[str, bool]]:
    """(word, whether it was capitalised) in order; numbers as digits, articles and possessives gone."""
    text = plain(text)
    if "." in text:
        text = _INITIALS.sub(_joined, text)
    if _DIGIT.search(text):
        text = _SIGN.sub(_signed, _DATE.sub(_dated, text))
        text = _SUFFIXED.sub("", _DECADE.sub(r"19\1", text))
    found: list[tuple[str, bool]] = []
    last = 0.0  # what a number word may be added to: the scale or ten that ends the number before it
    for word in _TOKEN.findall(text):
        lower = word.lower()
        if word[0].isdigit():
            found.append((_number(float(lower.replace(",", ""))) if "." in lower else lower.replace(",", ""), False))
            last = 0.0
            continue
        if "'" in lower:
            lower = lower.removesuffix("'s").replace("'", "")
        if lower in ARTICLES:
            continue
        if lower in _SCALES:
            scale = _SCALES[lower]
            if found and found[-1][0][0].isdigit():
                scale_of = float(found[-1][0])
                found[-1] = (_number(scale_of * scale), False)
            else:
                found.append((str(scale), False))
            last = scale
            continue
        if lower in _NUMBERS:
            number = _NUMBERS[lower]
            if number < last and found:
                if found[-1][0] == "and":
                    found.pop()
                found[-1] = (_number(float(found[-1][0]) + number), False)
            else:
                found.append((str(number), False))
            last = 10.0 if lower in _TENS else 0.0
            continue
        if lower != "and" or last < 100:
            last = 0.0
        if word in _ROMAN:
            found.append((_ROMAN[word], False))
        elif word in _AFTER_NAME and found and found[-1][1] and len(found[-1][0]) > 2:
            found.append((_AFTER_NAME[word], False))
        else:
            found.append((_ABBREVIATED.get(lower, lower), word[0].isupper()))
    return found


def _joined(found: re.Match[str]) -> str:
    """Initials: apart before a surname (J. K. Rowling), else one word (F.B.I.)."""
    letters = re.findall("[A-Za-z]", found[0])
    together = "".join(letters)
    return f"{together if not found[1] or together.upper() in _ACRONYMS else ' '.join(letters)} "


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:g}"


def unglued(text: str) -> str:
    """Text with the spaces that were lost around links ("played byHugo Weaving in2016")."""
    return _GLUED.sub(r"\1 ", text)


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A word without its commonest endings: plurals, -ing, -ed, -ly."""
    if len(word) <= 3 or word[0].isdigit():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    if word.endswith("e") and len(word) > 4:
        word = word[:-1]
    return word


def compact(text: str) -> str:
    """Letters and digits only, in lower case: what survives any difference of spaces and hyphens."""
    return "".join(c for c in plain(text).lower() if c.isalnum())


_SALTS = frozenset(("ate", "ite", "ide", "ric", "ous"))


@lru_cache(maxsize=1 << 14)
def is_near(one: str, other: str) -> bool:
    """Whether two words are forms or spellings of one: a long common beginning, or one letter more, less or other.

    Strict, since names differ by little: Niger and Nigeria, Iran and Iraq, Austria and Australia are not near."""
    short, long = sorted((one, other), key=len)
    if len(short) < 6 or short[0].isdigit():
        return False
    common = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if common >= 6 and common >= 0.7 * len(long):
        return True
    if {short[-3:], long[-3:]} <= _SALTS:
        return False
    if len(long) == len(short):
        return short[common + 1 :] == long[common + 1 :]
    return len(long) == len(short) + 1 and short[common:] == long[common + 1 :]


_FOLDS = ((re.compile("ph|ff|v|w"), "f"), (re.compile("tch|ch"), "K"), (re.compile("c(?=[eiy])|z"), "s"))
_HARD = re.compile("ck|c|q|g(?=h?a)")


@lru_cache(maxsize=1 << 14)
def skeleton(word: str) -> str:
    """The consonants of a word, those that are written for one another as one: theatre, theater; -off, -ov."""
    for pattern, letter in _FOLDS:
        word = pattern.sub(letter, word)
    return re.sub(r"(.)\1+", r"\1", re.sub("[aeiouyh]", "", _HARD.sub("k", word))).upper()


def sounds_alike(one: str, other: str) -> bool:
    """Whether two words of one skeleton are spellings of each other: transcriptions, British and American."""
    if {one[-3:], other[-3:]} <= _SALTS:
        return False
    return abs(len(one) - len(other)) <= 1 and SequenceMatcher(None, one, other).ratio() >= 0.7


_TWINS = (("oe", "o"), ("ue", "u"), ("ae", "a"), ("grey", "gray"))


def umlaut(word: str, stems: Mapping[str, int]) -> tuple[int, float]:
    """(place, 1) of a word that is there with another spelling of its umlaut: Koeln for Koln; else (-1, 0)."""
    for long, short in _TWINS:
        for other in (word.replace(long, short), word.replace(short, long)):
            if other != word and stem(other) in stems:
                return stems[stem(other)], 1.0
    return -1, 0.0


def spelled(word: str) -> str:
    """A small number in letters; any other word as it is."""
    return _UNITS[int(word)] if word.isdigit() and int(word) < len(_UNITS) else word


@dataclass(frozen=True, slots=True)
class Dates:
    """Months and days of the month of a text."""

    months: frozenset[str]
    days: frozenset[str]


def dates(words: Sequence[str]) -> Dates:
    months, days = set(), set()
    for place, word in enumerate(words):
        if word in MONTHS:
            near = (words[i] for i in (place + 1, place - 1, place - 2) if 0 <= i < len(words))
            day = next((w for w in near if w.isdigit() and len(w) <= 2), None)
            if day:
                days.add(day)
            if day or word != "may" or (place + 1 < len(words) and words[place + 1].isdigit()):
                months.add(word)
    return Dates(frozenset(months), frozenset(days))
