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
_PARTS = {
    "half": 2,
    "halve": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
}

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
    if words[0] in ("minus", "negative"):
        value = _value(words[1:])
        return None if value is None else -value
    scale = 1
    if words[-1] in SCALES and any(w.rstrip("s") in _PARTS for w in words):
        scale = SCALES[words[-1]]
        words = words[:-2] if words[-2] in ("a", "an") else words[:-1]
    if words[-1].rstrip("s") not in _PARTS:
        return _whole(words) * scale
    if words[-1] in ("third", "fourth", "fifth", "sixth", "eighth", "tenth") and len(words) == 1:
        return None
    before = words[:-1]
    cut = len(before) - 1 - before[::-1].index("and") if "and" in before else -1
    count = [w for w in before[cut + 1 :] if w not in ("a", "an")]
    part = Fraction(_whole(count) if count else 1, _PARTS[words[-1].rstrip("s")])
    return ((_whole(before[:cut]) if cut > 0 else 0) + part) * scale


def _whole(words: list[str]) -> Fraction:
    total = part = 0
    for word in words:
        if word in ("hundred", "dozen"):
            part = max(part, 1) * SCALES[word]
        elif word in SCALES:
            total, part = total + max(part, 1) * SCALES[word], 0
        else:
            part += _ONES.get(word, 0)
    return Fraction(total + part)
