"""Whether an answer is the reference: lists, tuples, intervals, matrices, equations and words over single numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import permutations
from types import EllipsisType

from s3ft.judges.math.quantity import equal, number_word
from s3ft.judges.math.text import depth, plain
from s3ft.judges.math.value import TooLarge, Unreadable

MAX_LENGTH = 2_000
MAX_DEPTH = 60
MAX_ITEMS = 40
"""Items of lists whose order does not matter."""

_OPEN = {"(": ")", "[": "]", r"\{": r"\}", r"\langle": r"\rangle"}
_ITEM = re.compile(r'\\[a-zA-Z]+|\\.|"[^"]*"|\s(?:and|or)\s|.', re.DOTALL)
_MATRIX = re.compile(r"\\begin\{([pbvBV]?matrix|array|smallmatrix)\}(?:\{[clr|]*\})?(.*)\\end\{\1\}", re.DOTALL)
_RELATION = re.compile(r"\\(?:le|ge|ne|equiv|rightarrow|Rightarrow|implies|sim)(?![a-zA-Z])|[<>]")
_NAME = re.compile(r"\s*(?:[a-zA-Z]|\\[a-zA-Z]+)(?:_\{?\w+\}?)?(?:\([a-zA-Z, ]+\))?\s*")
_CHOICE = re.compile(r'\s*"?\(?([A-Za-z])\)?"?\s*')
_CHOSEN = re.compile(
    r'\s*(?:(?:option|choice)\s+)?"?(?:\(([A-Za-z])\)|([A-Za-z])(?=[.):"]))[.):"]*(?:\s.*)?', re.I | re.DOTALL
)
_NOTHING = frozenset(
    ("no solution", "no solutions", "no real solutions", "no real solution", "none", "empty set", "emptyset")
)
_FILLER = frozenset(["a", "an", "the", "it", "is", "was", "are", "on", "option", "answer", "choice", "of", "day"])
_NEGATION = frozenset(["not", "no", "never", "neither", "cannot", "isn't", "non"])


def compare(reference: str, answer: str) -> bool | None:
    """True or False where that is certain, None where algebra has to say. Raises TooLarge on what is too large.

    The reference sets the form: x = 5 is 5, and y = 2x is 2x, but z = 2x is not y = 2x."""
    if max(len(reference), len(answer)) > MAX_LENGTH:
        raise TooLarge(f"{max(len(reference), len(answer))} characters")
    if depth(answer) > MAX_DEPTH or depth(reference) > MAX_DEPTH:
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
    if choice := _CHOICE.fullmatch(r):
        chosen = _CHOICE.fullmatch(a) or _CHOSEN.fullmatch(a)
        if chosen and (choice[1].isupper() or not _NAME.fullmatch(r)):
            return choice[1].upper() == next(g for g in chosen.groups() if g).upper()
    if is_words(r):
        return _words(r, a)
    if is_words(a):
        number = number_word(a.split(",")[0])
        if number is None and a.split():
            number = next((n for k in (3, 2, 1) if (n := number_word(" ".join(a.split()[:k]))) is not None), None)
        return False if number is None else _compare(r, str(number))
    r, a = _sides(r, a)
    rows = [_rows(t) for t in (r, a)]
    if rows[0] and rows[1]:
        return _matrices(rows[0], rows[1])
    if (rows[0] is None) != (rows[1] is None):
        return _vector(rows, r, a)
    if r"\cup" in r or r"\cup" in a:
        return _sets([_split(t, (r"\cup",)) for t in (r, a)])
    if not any(_RELATION.search(t) or ("=" in t and not _multiple(t)) for t in (r, a)):
        sequence = _sequences(r, a)
        if sequence is not ...:
            return sequence
        return equal(r, a)
    if any(_RELATION.search(x) and re.fullmatch(r"-?[\d.,]+", y) for x, y in ((r, a), (a, r))):
        return False
    raise Unreadable("a relation")


def _words(r: str, a: str) -> bool | None:
    mine, its = (re.findall(r"[^\W_]+(?:'[^\W_]+)?", t.lower().replace("\\text", "")) for t in (r, a))
    if " ".join(mine) in _NOTHING:
        return " ".join(its) in _NOTHING or a in (r"\{\}", r"\emptyset")
    if (number := number_word(r)) is not None:
        return equal(str(number), a) if re.search(r"\d", a) else number_word(a) == number
    mine, its = ([w for w in t if w not in _FILLER] or t for t in (mine, its))
    if mine == its or "".join(mine) == "".join(its):
        return True
    inside = any(its[i : i + len(mine)] == mine for i in range(len(its) - len(mine) + 1))
    more = [w for w in its if w not in mine]
    return inside and len(more) <= 6 and not _NEGATION.intersection(more) and "or" not in more


def _sides(r: str, a: str) -> tuple[str, str]:
    r"""The sides of equations and memberships that are to be compared."""
    r, a = (re.sub(r"^\s*(?:\w|\([\w, ]+\))\s*\\in(?![a-zA-Z])\s*", "", t) for t in (r, a))
    if r"\approx" in a and r"\approx" not in r:
        left, right = a.split(r"\approx")[:2]
        a = right if _NAME.fullmatch(left) or not left.strip() else left
    r_sides, a_sides = ([s.strip() for s in _split(t, ("=",))] for t in (r, a))
    if len(r_sides) > 1 and len(a_sides) > 1:
        if _squeezed(r_sides[0]) == _squeezed(a_sides[0]) and _NAME.fullmatch(r_sides[0]):
            return r_sides[-1], a_sides[-1]
        return r, a
    if _multiple(r) or _multiple(a):
        return r, a
    if len(a_sides) > 1 and all(a_sides):
        named = _NAME.fullmatch(a_sides[-1]) and not _NAME.fullmatch(a_sides[0])
        a = a_sides[0] if named else a_sides[-1]
    elif len(r_sides) > 1 and all(r_sides) and _NAME.fullmatch(r_sides[0]):
        r = r_sides[-1]
    return r, a


def _multiple(text: str) -> bool:
    return "=" in text and len(_split(text, (",", ";", "and", "or"))) > 1


def _split(text: str, separators: tuple[str, ...]) -> list[str]:
    """Parts at separators that stand in no bracket; a comma before exactly three digits is part of a number."""
    parts, level, start = [], 0, 0
    for match in _ITEM.finditer(text):
        token = match[0]
        word = token.strip().strip('"').strip()
        if token in "([{" or token in (r"\{", r"\langle"):
            level += 1
        elif token in ")]}" or token in (r"\}", r"\rangle"):
            level -= 1
        elif level == 0 and word in separators:
            if token == "=" and text[max(match.start() - 1, 0)] in "<>!":
                continue
            if (
                token == ","
                and re.match(r",\d{3}(?!\d)", text[match.start() :])
                and re.search(r"(?<!\d)\d{1,3}$|,\d{3}$", text[start : match.start()])
            ):
                continue
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def _bracketed(text: str) -> tuple[str, str, str] | None:
    """(opening, inside, closing) where brackets hold the whole text."""
    text = text.strip()
    opening = next((o for o in _OPEN if text.startswith(o)), None)
    closing = next((c for c in _OPEN.values() if text.endswith(c)), None)
    if opening is None or closing is None or (_OPEN[opening] != closing and {opening, closing} - {"(", "[", ")", "]"}):
        return None
    inside = text[len(opening) : len(text) - len(closing)]
    level = 0
    for match in re.finditer(r"\\[a-zA-Z]+|\\.|.", inside, re.DOTALL):
        level += (match[0] in "([" or match[0] in (r"\{", r"\langle")) - (
            match[0] in ")]" or match[0] in (r"\}", r"\rangle")
        )
        if level < 0:
            return None
    return opening, inside, closing


def _items(text: str) -> tuple[str, list[str]]:
    """The kind of a sequence ("()", "[)", "{}", "list", "" for a single one) and its items."""
    found = _bracketed(text)
    if found:
        opening, inside, closing = found
        if ", " not in inside:
            inside = re.sub(r",(?=\d{3}(?!\d))", ", ", inside)
        items = [i.strip() for i in _split(inside, (",", ";"))]
        if len(items) > 1 or opening == r"\{":
            return {r"\{": "{}", r"\langle": "()"}.get(opening, opening + closing), [i for i in items if i]
    items = [i.strip() for i in _split(text, (",", ";", "and", "or"))]
    items = [i for i in items if i]
    if len(items) == 1 and r"\pm" in items[0]:
        return "{}", [re.sub(r"\\pm(?![a-zA-Z])", sign, items[0]) for sign in "+-"]
    if (
        len(items) == 2
        and re.fullmatch(r'[^,;]*\d[^,;]*[A-Za-z"\s](?:and)\s+[^,;]*', text)
        and re.search("[a-z]{3}", items[0])
    ):
        return "", [text]
    return ("list" if len(items) > 1 else ""), items


def _sequences(r: str, a: str) -> bool | EllipsisType | None:
    """The verdict on lists and the like; an ellipsis where neither side is one."""
    (r_kind, mine), (a_kind, its) = _items(r), _items(a)
    if not r_kind and not a_kind:
        return ...
    if {r_kind, a_kind} in ({"", "()"}, {"", "[]"}, {"", "[)"}, {"", "(]"}):
        return False
    if not r_kind and a_kind == "list" and _all(compare(r, i) for i in its):
        return True
    if len(mine) != len(its):
        if "" in (r_kind, a_kind) and re.search(r"\d,\d{3}", f"{r} {a}"):
            return equal(r.replace(",", ""), a.replace(",", ""))
        return False if all(_readable(i) for i in (*mine, *its)) else None
    ordered = "{}" not in (r_kind, a_kind) and {r_kind, a_kind} != {"list"} and "" not in (r_kind, a_kind)
    if ordered:
        if r_kind != a_kind and "list" not in (r_kind, a_kind):
            return False
        if "list" in (r_kind, a_kind) and {r_kind, a_kind} - {"list", "()"}:
            return False
        mine, its = _unnamed(mine), _unnamed(its)
        return _all(compare(x, y) for x, y in zip(mine, its, strict=True))
    if {r_kind, a_kind} & {"()", "[)", "(]"}:
        return False
    return _unordered([_value(i) for i in mine], [_value(i) for i in its])


def _readable(item: str) -> bool:
    try:
        equal(_value(item), "0")
    except Unreadable:
        return False
    return True


def _value(item: str) -> str:
    sides = _split(item, ("=",))
    return sides[-1].strip() if len(sides) == 2 and _NAME.fullmatch(sides[0]) else item


def _unnamed(items: list[str]) -> list[str]:
    """The values of x = 1, y = 2 in the order of their names; other items as they are."""
    sides = [_split(i, ("=",)) for i in items]
    if all(len(s) == 2 and _NAME.fullmatch(s[0]) for s in sides):
        sides.sort(key=lambda s: s[0].strip())
        return [s[1] for s in sides]
    return items


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    unsure = False
    for verdict in verdicts:
        if verdict is False:
            return False
        unsure |= verdict is None
    return None if unsure else True


def _unordered(mine: list[str], its: list[str]) -> bool | None:
    if len(mine) > MAX_ITEMS:
        raise TooLarge(f"{len(mine)} items")
    table = [[compare(x, y) for y in its] for x in mine]
    if len(mine) > 6:
        if any(True not in row and None not in row for row in table):
            return False
        free = set(range(len(its)))
        for row in table:
            hit = next((j for j in free if row[j]), None)
            if hit is None:
                return None
            free.discard(hit)
        return True
    verdicts = {_all(table[i][j] for i, j in enumerate(order)) for order in permutations(range(len(its)))}
    return True if True in verdicts else None if None in verdicts else False


def _sets(parts: list[list[str]]) -> bool | None:
    if len(parts[0]) != len(parts[1]):
        return None
    return True if _unordered([p.strip() for p in parts[0]], [p.strip() for p in parts[1]]) else None


def _rows(text: str) -> list[list[str]] | None:
    match = _MATRIX.fullmatch(text.strip())
    if not match:
        return None
    rows = [r for r in re.split(r"\\\\(?:\[[^\]]*\])?|\\cr\b", match[2]) if r.strip()]
    return [[c.strip() for c in row.split("&")] for row in rows]


def _matrices(r: list[list[str]], a: list[list[str]]) -> bool | None:
    if [len(x) for x in r] != [len(x) for x in a]:
        return False
    return _all(compare(x, y) for mine, its in zip(r, a, strict=True) for x, y in zip(mine, its, strict=True))


def _vector(rows: list[list[list[str]] | None], r: str, a: str) -> bool | None:
    """A column or row against a tuple of the same numbers."""
    matrix, other = (rows[0], a) if rows[0] else (rows[1], r)
    assert matrix is not None
    kind, items = _items(other)
    flat = [c for row in matrix for c in row]
    if kind not in ("()", "[]", "list") or (len(matrix) != 1 and any(len(row) != 1 for row in matrix)):
        raise Unreadable("a matrix against no vector")
    if len(flat) != len(items):
        return False
    return _all(compare(x, y) for x, y in (zip(flat, items, strict=True) if rows[0] else zip(items, flat, strict=True)))
