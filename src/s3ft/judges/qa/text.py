"""Words of questions, answers and references, as the reading-comprehension judge compares them."""

from __future__ import annotations

import re
import unicodedata
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
_MONTHS = _WORD.findall("january february march april june july august september october november december")
_ABBREVIATED = {month[:3]: month for month in _MONTHS} | {"sept": "september", "mt": "mount", "st": "saint"}
MAGNITUDES = frozenset(("thousand", "million", "billion", "trillion"))

_UNITS = _WORD.findall(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = {w: 10 * i for i, w in enumerate(_WORD.findall("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
_ORDINALS = _WORD.findall("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")
_NUMBERS = (
    {w: str(i) for i, w in enumerate(_UNITS)}
    | {w: str(n) for w, n in _TENS.items()}
    | {w: str(i) for i, w in enumerate(_ORDINALS, 1)}
    | {"twentieth": "20", "fourty": "40", "hundred": "100", "none": "0", "nil": "0", "twice": "2"}
)
_ROMANS = _WORD.findall("II III IV V VI VII VIII IX X XI XII XIII XIV XV")
_ROMAN = {roman: str(i) for i, roman in enumerate(_ROMANS, 2) if len(roman) > 1}
_ROMAN |= {roman.lower(): number for roman, number in _ROMAN.items()}
_AFTER_NAME = {"I": "1", "V": "5"}
"""Read as numbers only behind a name: Elizabeth I, Henry V."""

_INITIALS = re.compile(r"\b(?:[A-Za-z]\.){2,}")
_GLUED = re.compile(r"\b(by|in|of|is|was|and|from|to|at|on|as|for|with|the|author)(?=[A-Z][a-z]|\d)")
_TOKEN = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+|[^\W\d_]+(?:['’][^\W\d_]+)*")
_DECADE = re.compile(r"(?<![\d.,$])['’]?\b([2-9]0)['’]?s\b")
_SUFFIXED = re.compile(r"(?<=\d)(?:st|nd|rd|th|s)\b", re.IGNORECASE)
_PUNCTUATION = str.maketrans({"’": "'", "‘": "'", "–": "-", "—": "-", "‐": "-", "‑": "-", "\xa0": " "})


def plain(text: str) -> str:
    """Text without accents and typographic variants; letters keep their case."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text.translate(_PUNCTUATION))
    return "".join(c for c in text if not unicodedata.combining(c))


def tokens(text: str) -> list[tuple[str, bool]]:
    """(word, whether it was capitalised) in order; numbers as digits, articles and possessives gone."""
    text = plain(text)
    if "." in text:
        text = _INITIALS.sub(lambda m: m[0].replace(".", ""), text)
    if "0" in text:
        text = _DECADE.sub(r"19\1", text)
    text = _SUFFIXED.sub("", text)
    found: list[tuple[str, bool]] = []
    tens = False
    for word in _TOKEN.findall(text):
        lower = word.lower()
        if word[0].isdigit():
            found.append((lower.replace(",", ""), False))
            tens = False
            continue
        if "'" in lower:
            lower = lower.removesuffix("'s").replace("'", "")
        if lower in ARTICLES:
            continue
        if lower in _NUMBERS:
            number = _NUMBERS[lower]
            if tens and len(number) == 1:
                found[-1] = (str(int(found[-1][0]) + int(number)), False)
                tens = False
            else:
                found.append((number, False))
                tens = lower in _TENS
            continue
        tens = False
        if word in _ROMAN:
            found.append((_ROMAN[word], False))
        elif word in _AFTER_NAME and found and found[-1][1] and len(found[-1][0]) > 2:
            found.append((_AFTER_NAME[word], False))
        else:
            found.append((_ABBREVIATED.get(lower, lower), word[0].isupper()))
    return found


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
    if len(long) == len(short):
        return short[common + 1 :] == long[common + 1 :]
    return len(long) == len(short) + 1 and short[common:] == long[common + 1 :]
