"""Lists, sets, tuples and intervals: what they hold, and when two are the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from types import EllipsisType

from s3ft.judges.math.quantity import equal
from s3ft.judges.math.value import TooLarge, Unreadable

Compare = Callable[[str, str], bool | None]

MAX_ITEMS = 40
"""Items of lists whose order does not matter."""

_OPEN = {"(": ")", "[": "]", r"\{": r"\}", r"\langle": r"\rangle"}
_ITEM = re.compile(r'\\[a-zA-Z]+|\\.|"[^"]*"|\s(?:and|or)\s|.', re.DOTALL)


def split(text: str, separators: tuple[str, ...]) -> list[str]:
    """Parts at separators outside brackets; a comma before exactly three digits is part of a number."""
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
            thousands = token == "," and re.match(r",\d{3}(?!\d)", text[match.start() :])
            if thousands and re.search(r"(?<!\d)\d{1,3}$|,\d{3}$", text[start : match.start()]):
                continue
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def sequences(r: str, a: str, compare: Compare) -> bool | EllipsisType | None:
    """The verdict on lists and the like; an ellipsis if neither side is one. Raises TooLarge."""
    (r_kind, mine), (a_kind, its) = _items(r), _items(a)
    if not r_kind and not a_kind:
        return ...
    if not r_kind and a_kind == "list" and (_all(compare(r, i) for i in its) or re.fullmatch(r"\D*\d+,\d+\D*", a)):
        return equal(r, a) if re.search(r"\d,\d", a) else True
    kinds = {r_kind, a_kind}
    if "" in kinds and kinds & {"()", "[]", "[)", "(]"}:
        return False
    if len(mine) != len(its):
        if "" in kinds and re.search(r"\d,\d{3}", f"{r} {a}"):
            return equal(r.replace(",", ""), a.replace(",", ""))
        return False if all(_readable(i) for i in (*mine, *its)) else None
    if kinds <= {"list", "{}", ""}:
        return _unordered(mine, its, compare)
    if len(kinds) > 1 and kinds != {"list", "()"}:
        return False
    return _all(compare(x, y) for x, y in zip(mine, its, strict=True))


def _items(text: str) -> tuple[str, list[str]]:
    """The kind of a sequence ("()", "[)", "{}", "list", "" for a single one) and its items."""
    if found := _bracketed(text):
        opening, inside, closing = found
        if ", " not in inside:
            inside = re.sub(r",(?=\d{3}(?!\d))", ", ", inside)
        items = [i.strip() for i in split(inside, (",", ";"))]
        if len(items) > 1 or opening == r"\{":
            return {r"\{": "{}", r"\langle": "()"}.get(opening, opening + closing), [i for i in items if i]
    items = [i for part in split(text, (",", ";", "and", "or")) if (i := part.strip())]
    if len(items) == 1 and r"\pm" in items[0]:
        return "{}", [re.sub(r"\\pm(?![a-zA-Z])", sign, items[0]) for sign in "+-"]
    two_units = re.fullmatch(r'[^,;]*\d[^,;]*[A-Za-z"\s](?:and)\s+[^,;]*', text) and re.search("[a-z]{3}", items[0])
    if len(items) == 2 and two_units:
        return "", [text]
    return ("list" if len(items) > 1 else ""), items


def _bracketed(text: str) -> tuple[str, str, str] | None:
    """(opening, inside, closing) if brackets hold the whole text."""
    text = text.strip()
    opening = next((o for o in _OPEN if text.startswith(o)), None)
    closing = next((c for c in _OPEN.values() if text.endswith(c)), None)
    if opening is None or closing is None or (_OPEN[opening] != closing and {opening, closing} - {"(", "[", ")", "]"}):
        return None
    inside = text[len(opening) : len(text) - len(closing)]
    level = 0
    for match in _ITEM.finditer(inside):
        level += (match[0] in _OPEN) - (match[0] in _OPEN.values())
        if level < 0:
            return None
    return opening, inside, closing


def _readable(item: str) -> bool:
    try:
        equal(item.rpartition("=")[2], "0")
    except Unreadable:
        return False
    return True


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    unsure = False
    for verdict in verdicts:
        if verdict is False:
            return False
        unsure |= verdict is None
    return None if unsure else True


def _unordered(mine: list[str], its: list[str], compare: Compare) -> bool | None:
    if len(mine) > MAX_ITEMS:
        raise TooLarge(f"{len(mine)} items")
    free, sure = set(range(len(its))), True
    for x in mine:
        found = {j: compare(x, its[j]) for j in sorted(free)}
        hit = next((j for wanted in (True, None) for j, verdict in found.items() if verdict is wanted), None)
        if hit is None:
            return False if sure else None
        sure &= found[hit] is True
        free.discard(hit)
    return True if sure else None
