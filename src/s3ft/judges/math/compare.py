"""Whether an answer is the reference: choices, words, times, ratios and equations over sequences and single numbers."""

from __future__ import annotations

import re
from fractions import Fraction

from s3ft.judges.math.number_words import with_digits
from s3ft.judges.math.quantity import TYPED, equal
from s3ft.judges.math.sequences import sequences, split
from s3ft.judges.math.text import depth, plain
from s3ft.judges.math.value import TooLarge, Unreadable

MAX_LENGTH = 2_000
MAX_DEPTH = 60

_RELATION = re.compile(r"\\(?:le|ge|ne|equiv|rightarrow|Rightarrow|implies|sim)(?![a-zA-Z])|[<>]")
_NAME = re.compile(r"\s*(?:[a-zA-Z]|\\[a-zA-Z]+)(?:_\{?\w+\}?)?(?:\([a-zA-Z, ]+\))?\s*")
_CHOICE = re.compile(
    r'\s*(?:(?:option|choice)\s+)?"?\(?(?:(?P<one>[a-z])(?:[).:]"?|"|\s*$)\s*|(?P<letter>[a-e])[).:]"?\s*(?P<value>\S.*))',
    re.IGNORECASE | re.DOTALL,
)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))?\s*\"?\s*(?:([ap])\.?\s?m\b\.?|(o'?clock))?\"?", re.IGNORECASE)
_RATIO = re.compile(r'\d+(?:\.\d+)?(?:\s*(?::|"?\s*\bto\b\s*"?)\s*\d+(?:\.\d+)?)+')
_RANGE = re.compile(r'(?:"?(between|from)\s*"?)?(\d+)\s?(?:-|"?(?:and|to)\b"?)\s?(\d+)\b.*', re.IGNORECASE)

_NOTHING = re.compile(r"no (?:real )?solutions?|none|empty ?set|does not exist")
_NEGATION = re.compile(r"\b(?:not|no|never|neither|cannot|non|or|isn't)\b")


def compare(reference: str, answer: str) -> bool | None:
    """True or False if that is certain, None if algebra has to say. Raises TooLarge on what is too large.

    The reference sets the form: x = 5 is 5, and y = 2x is 2x, but z = 2x is not y = 2x."""
    if max(len(reference), len(answer)) > MAX_LENGTH:
        raise TooLarge(f"{max(len(reference), len(answer))} characters")
    if max(depth(reference), depth(answer)) > MAX_DEPTH:
        raise TooLarge("brackets nested too deep")
    r, a = plain(reference), plain(answer)
    if _squeezed(r) == _squeezed(a):
        return True
    if not a:
        return False
    try:
        return _compare(r, a)
    except Unreadable:
        return None


def _squeezed(text: str) -> str:
    return re.sub(r'[\s"]+', "", text).rstrip("°")


def is_words(text: str) -> bool:
    """Whether an answer is language, not mathematics."""
    text = plain(text)
    return (
        not re.search(r"[\d=<>^+]|\\(?!emptyset)[a-zA-Z]", text)
        and re.search(r"[^\W\d_]{2,}", text) is not None
        and (text.startswith('"') or re.search(r"[A-Za-z]{3,}|\s", text) is not None)
    )


def _compare(r: str, a: str) -> bool | None:
    mine, its = _CHOICE.fullmatch(r), _CHOICE.fullmatch(a)
    if mine and its and not (_NAME.fullmatch(r) and r.islower()):
        return (mine["one"] or mine["letter"]).upper() == (its["one"] or its["letter"]).upper()
    r, a = ((m and m["value"]) or text for m, text in ((mine, r), (its, a)))
    if TYPED.fullmatch(r) and TYPED.fullmatch(a):
        return equal(r, a)
    worded, r, a = is_words(r), with_digits(r), with_digits(a)
    if worded and not re.fullmatch(r"[-\d/]+", r):
        return _words(r, a)
    if is_words(a):
        return False
    for rule in (_times, _ratios, _ranges):
        if (verdict := rule(r, a)) is not None:
            return verdict
    if r"\approx" in a and r"\approx" not in r:
        return any(compare(r, side) for side in a.split(r"\approx") if side.strip())
    return _mathematics(*_sides(r, a))


def _words(r: str, a: str) -> bool:
    mine, its = (re.findall(r"[^\W_]+(?:'[^\W_]+)?", t.lower().replace("\\", "")) for t in (r, a))
    if _NOTHING.fullmatch(" ".join(mine)):
        return _NOTHING.fullmatch(" ".join(its)) is not None or a == r"\{\}"
    if "".join(mine) == "".join(its):
        return True
    inside = any(its[i : i + len(mine)] == mine for i in range(len(its) - len(mine) + 1))
    more = [w for w in its if w not in mine]
    return inside and len(more) <= 6 and not _NEGATION.search(" ".join(more))


def _times(r: str, a: str) -> bool | None:
    """The verdict on two times of day, None if one is no time; 15:30 is 3:30 pm, and 3:30 can be that too."""
    found = [_CLOCK.fullmatch(t) for t in (r, a)]
    times = [(int(m[1]), int(m[2] or 0), (m[3] or "").lower()) for m in found if m and (m[2] or m[3] or m[4])]
    if len(times) < 2 or all(m and not m[3] and not m[4] and int(m[1]) < 13 for m in found):
        return None
    (hour, minute, half), (its_hour, its_minute, its_half) = ((h % 12, m, "p" if h > 12 else p) for h, m, p in times)
    return (hour, minute) == (its_hour, its_minute) and (half == its_half or "" in (half, its_half))


def _ratios(r: str, a: str) -> bool | None:
    """The verdict on two ratios, or a ratio of two numbers and a fraction; None if there is no ratio."""
    mine, its = ([Fraction(n) for n in re.findall(r"\d+(?:\.\d+)?", t)] if _RATIO.fullmatch(t) else [] for t in (r, a))
    if mine and its:
        return len(mine) == len(its) and all(x * its[0] == y * mine[0] for x, y in zip(mine, its, strict=True))
    one = mine or its
    if len(one) != 2 or not one[1]:
        return False if one else None
    return equal(*(str(one[0] / one[1]) if t is one else side for t, side in ((mine, r), (its, a))))


def _ranges(r: str, a: str) -> bool | None:
    """The verdict on two ranges; False for one range, None if there is none. 5-10 is one, 10-5 and 5 - 10 are not."""
    found = [m for m in (_RANGE.fullmatch(r), _RANGE.fullmatch(a)) if m]
    if any(int(m[2]) >= int(m[3]) for m in found) or not any(m[1] or re.match(r"\d+-\d+$", m[0]) for m in found):
        return None
    return len(found) == 2 and found[0].groups()[1:] == found[1].groups()[1:]


def _mathematics(r: str, a: str) -> bool | None:
    if _squeezed(r) == _squeezed(a):
        return True
    if r"\begin" in r + a or r"\cup" in r + a:
        raise Unreadable("a matrix or a union")
    if not any(_RELATION.search(t) or ("=" in t and not _several(t)) for t in (r, a)):
        verdict = sequences(r, a, compare)
        return equal(r, a) if verdict is ... else verdict
    if any(_RELATION.search(x) and re.fullmatch(r"-?[\d.,]+", y) for x, y in ((r, a), (a, r))):
        return False
    raise Unreadable("a relation")


def _sides(r: str, a: str) -> tuple[str, str]:
    """The sides of equations and memberships that are to be compared."""
    r, a = (re.sub(r"^\s*(?:\w|\([\w, ]+\))\s*\\in(?![a-zA-Z])\s*", "", t) for t in (r, a))
    r_sides, a_sides = ([s.strip() for s in split(t, ("=",))] for t in (r, a))
    if len(r_sides) > 1 and len(a_sides) > 1:
        if _squeezed(r_sides[0]) == _squeezed(a_sides[0]) and _NAME.fullmatch(r_sides[0]):
            return r_sides[-1], a_sides[-1]
        return r, a
    if _several(r) or _several(a):
        return r, a
    if len(a_sides) > 1 and all(a_sides):
        named = _NAME.fullmatch(a_sides[-1]) and not _NAME.fullmatch(a_sides[0])
        a = a_sides[0] if named else a_sides[-1]
    elif len(r_sides) > 1 and all(r_sides) and _NAME.fullmatch(r_sides[0]):
        r = r_sides[-1]
    return r, a


def _several(text: str) -> bool:
    return "=" in text and len(split(text, (",", ";", "and", "or"))) > 1
