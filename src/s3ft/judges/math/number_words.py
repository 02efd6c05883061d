"""Numbers written as words, made digits: "twenty-one", "two and a half million", "three quarters", "half a dozen"."""

from __future__ import annotations

import re
from fractions import Fraction

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
)
_ONES = dict(zip(_WORDS.split(), (*range(20), *range(20, 100, 10)), strict=True))
SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = dict(
    zip(
        ["half", "halve", "third", "quarter", "fourth", "fifth", "sixth", "eighth", "tenth"],
        (2, 2, 3, 4, 4, 5, 6, 8, 10),
        strict=True,
    )
)

_ONE = "|".join(sorted(_ONES, key=len, reverse=True))
_SCALE = "|".join(SCALES)
_PART = "|".join(f"{p}s?" for p in _PARTS)
_RUN = re.compile(
    rf"\b(?:(?:minus|negative) )?(?:an? )?(?:(?:{_ONE}|{_SCALE}|{_PART})(?:(?:[ -]|,? and )(?:an? )?(?=[a-z]))?)+"
    rf"(?<![ -])(?<! and)(?<! a)\b",
    re.IGNORECASE,
)


def with_digits(text: str) -> str:
    """A text with digits for its number words; as it is if it has digits already.

    "one" alone among other words, and an ordinal, stay: they rarely count anything."""
    if re.search(r"\d", text):
        return text
    alone = text.strip(" .!*").lower()
    return _RUN.sub(lambda m: m[0] if m[0].lower() == "one" != alone else _digits(m[0]), text)


def _digits(run: str) -> str:
    value = _value(re.findall("[a-z]+", run.lower()))
    return run if value is None else str(value)


def _value(words: list[str]) -> Fraction | None:
    """The number that words say; None for an ordinal: "third", "twenty-third"."""
    total, part, counted = Fraction(0), Fraction(0), Fraction(0)  # counted: what came since the last "and"
    for before, word in zip(["", *words], words, strict=False):
        name = word.rstrip("s")
        if name in _PARTS:
            if word == name not in ("half", "quarter") and counted != 1 and before not in ("a", "an"):
                return None
            part += Fraction(counted or 1, _PARTS[name]) - counted
        elif word in ("hundred", "dozen"):
            part = (part or Fraction(1)) * SCALES[word]
        elif word in SCALES:
            total, part = total + (part or Fraction(1)) * SCALES[word], Fraction(0)
        else:
            part += _ONES.get(word, 0)
        counted = Fraction(0) if word == "and" else counted + _ONES.get(word, 0)
    return -(total + part) if words[0] in ("minus", "negative") else total + part
