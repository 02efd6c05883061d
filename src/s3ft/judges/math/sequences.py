"""Lists of answers, in any order: what they hold, and when two are the same. Algebra compares what is in brackets."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import EllipsisType

from s3ft.judges.math.quantity import equal
from s3ft.judges.math.value import TooLarge, Unreadable

MAX_ITEMS = 40

_ITEM = re.compile(r'\\[a-zA-Z]+|\\.|"[^"]*"|\s(?:and|or)\s|.', re.DOTALL)
_BRACKETED = re.compile(r"[(\[](.*[,;].*)[)\]]|\\\{.*\\\}", re.DOTALL)
_TWO_UNITS = re.compile(r'[^,;]*\d[^,;]*[a-z]{3}[^,;]*[A-Za-z"\s]and\s+[^,;]*')


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


def sequences(r: str, a: str, compare: Callable[[str, str], bool | None]) -> bool | EllipsisType | None:
    """The verdict on two lists; an ellipsis if neither side is one. Raises TooLarge, and Unreadable for brackets."""
    if max(r.count(","), a.count(",")) > MAX_ITEMS:
        raise TooLarge("a list of too many items")
    held = [_BRACKETED.fullmatch(t) for t in (r, a)]
    mine, its = (_items(m[1] if m and m[1] else t) for m, t in zip(held, (r, a), strict=True))
    if any(held):
        opened = {m[0][0] if m else "" for m in held}
        if "\\" in opened and opened & {"(", "["}:
            return False
        # a list and a tuple are the same only in the same order
        if "" in opened and "\\" not in opened and any(compare(x, y) is False for x, y in zip(mine, its, strict=False)):
            return False
        raise Unreadable("brackets")
    if len(mine) == len(its) == 1:
        return ...
    if len(mine) == 1 and re.fullmatch(r"\D*\d+,\d+\D*", a):
        return equal(r, a)
    if len(mine) == 1 and (same := [i for i in its if compare(r, i)]) and all(compare(same[0], i) for i in its):
        return True
    if len(mine) != len(its):
        return False if all(_readable(i) for i in (*mine, *its)) else None
    return _unordered(mine, its, compare)


def _items(text: str) -> list[str]:
    if _TWO_UNITS.fullmatch(text):
        return [text]
    items = [i for part in split(text, (",", ";", "and", "or")) if (i := part.strip())] or [text]
    if len(items) == 1 and r"\pm" in items[0]:
        return [re.sub(r"\\pm(?![a-zA-Z])", sign, items[0]) for sign in "+-"]
    return items


def _readable(item: str) -> bool:
    try:
        equal(item.rpartition("=")[2], "0")
    except Unreadable:
        return False
    return True


def _unordered(mine: list[str], its: list[str], compare: Callable[[str, str], bool | None]) -> bool | None:
    free, sure = set(range(len(its))), True
    for x in mine:
        found = {j: compare(x, its[j]) for j in sorted(free)}
        hit = next((j for wanted in (True, None) for j, verdict in found.items() if verdict is wanted), None)
        if hit is None:
            return False if sure else None
        sure &= found[hit] is True
        free.discard(hit)
    return True if sure else None
