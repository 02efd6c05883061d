r"""Where a completion states its answer: the last of \boxed{}, "#### N" and "the answer is", else its closing sentence.

All searches are linear in the length of the text; the prose ones look at its end only."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from s3ft.judges.answer_part import before_next_question
from s3ft.judges.math.doubt import asked, correction, denied, is_cut
from s3ft.judges.math.prose import SENTENCE, closing, readings
from s3ft.judges.math.text import braced, decimal_points

Fits = Callable[[str], bool]

TAIL = 20_000
"""Characters from the end in which a stated answer is looked for."""
CLOSING = 3_000
"""Characters from the end in which the closing sentence is looked for."""
MAX_BOX = 4_000
"""Characters that a box may hold; a longer one is taken as it is, up to here."""
MAX_TRIES = 20
"""Marked places that are looked at, from the end."""

_BOX = re.compile(r"\\?boxed\s{0,5}|\\fbox\s{0,5}")
_UNCLOSED = re.compile(r"\{?([^{}$\n]{0,100})(?=[{}$\n]|\Z)")
_EMPTY_BOX = re.compile(r"\\boxed\s{0,5}\{\s{0,5}\}")
_BEHIND = re.compile(r"\s{0,3}(?:\\?%|percent)|(?:\$|\\[)\]])?\s{0,3}(hundred|thousand|million|billion|trillion)\b")
_WOULD = re.compile(r"would (?:be|have been)\W*$")
_BETWEEN = re.compile(r"(?:[\s$,;&.{}\\]|\\[\[\]()]|\\(?:text|quad|qquad)\b|\band\b|\bor\b|[a-zA-Z]\s*=|\*\*)*")
_STATED = re.compile(
    r"(?:####|^[ \t]{0,8}(?:\*\*)?A(?:\*\*)?[ \t]{0,3}:"
    r"|(?:\b(?:answers?|ans|correct(?:ion| option| choice| result)|antwort|réponse|respuesta|ответ)\b|答案)"
    r"(?:[ \t]{1,3}(?:to|for|of)\b[^.\n:=]{0,100}?)?(?:\*\*|__|\s|\\\)|[}\"']){0,6}"
    r"(?:(?:is|are|was|equals|(?:would|will|should|must) be|comes out to|therefore|then|thus|ist|lautet|est|es|é|è)\b"
    r"|[是为は]|[:=>]|-\s))(?:[\s*:_\"']|\b(?:therefore|then|thus|indeed|simply|just)\b){0,20}",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Stated:
    """Answers a completion states, the likeliest first; the later ones are other readings of the same place."""

    answers: tuple[str, ...]
    where: str
    start: int = 0
    end: int = 0


def stated(text: str, fits: Fits) -> Stated | None:
    """The answer of a completion without thoughts; `fits` says whether a piece of text can be one at all."""
    text = decimal_points(text[-TAIL:] if "boxed" not in text[:-TAIL] else text)
    text = _EMPTY_BOX.sub(" ", text)
    found = _marked(before_next_question(text), fits) or _marked(text, fits)
    if not found:
        return _closing(text, fits)
    corrected = correction(text[found.end :][-CLOSING:])
    return (corrected and _closing(corrected, fits)) or found


def _closing(text: str, fits: Fits) -> Stated | None:
    answers = () if is_cut(text) else closing(text[-CLOSING:], fits)
    return Stated(answers, "closing sentence") if answers else None


def _marked(text: str, fits: Fits) -> Stated | None:
    found = [f for f in (_boxed(text), _said(text, fits)) if f]
    return max(found, key=lambda f: f.start, default=None)


def _boxed(text: str) -> Stated | None:
    """The last box that holds something, with those that only punctuation or "and" sets apart from it."""
    boxes: list[tuple[int, str, int]] = []
    for mark in reversed(list(_BOX.finditer(text))[-MAX_TRIES:]):
        inside, stop = _box(text, mark.end(), unclosed=not boxes)
        if not inside.strip(" \\$") or (not boxes and denied(text, mark.start(), stop)):
            continue
        if boxes and not (stop <= boxes[0][0] <= stop + 60 and _BETWEEN.fullmatch(text[stop : boxes[0][0]])):
            break
        boxes.insert(0, (mark.start(), inside, stop))
    if not boxes:
        return None
    start, last, stop = boxes[-1]
    if behind := _BEHIND.match(text, stop):
        last += "%" if "%" in behind[0] or "p" in behind[0] else f" {behind[1]}"
    either = " or" in "".join(text[a[2] : b[0]] for a, b in pairwise(boxes))
    joined = (" or " if either else ", ").join([*(b[1] for b in boxes[:-1]), last])
    return Stated((joined,) if either or joined == last else (joined, last), "boxed", start, stop)


def _box(text: str, start: int, unclosed: bool) -> tuple[str, int]:
    """What the box whose brace is at `start` holds and where it ends; an `unclosed` one holds the rest of its line."""
    if text[start : start + 1] == "{":
        inside = braced(text, start, start + MAX_BOX)
        if inside is not None:
            return inside, start + len(inside) + 2
        if len(text) > start + MAX_BOX:
            return text[start + 1 : start + MAX_BOX], start + MAX_BOX
    rest = _UNCLOSED.match(text, start) if unclosed else None
    return (rest[1], rest.end()) if rest else ("", start)


def _said(text: str, fits: Fits) -> Stated | None:
    matches = list(_STATED.finditer(text, max(0, len(text) - TAIL)))
    for match in reversed(matches[-MAX_TRIES:]):
        region = _region(text, match.end())
        if not region or not fits(region) or denied(text, match.start(), match.start()):
            continue
        refused = "?" in region and asked(match[0] + region, text[text.find("?", match.end()) + 1 :][:40])
        supposed = " but " in region and _WOULD.search(match[0])
        if not refused and not supposed and (answers := readings(region)):
            return Stated(answers, "stated answer", match.end(), match.end())
    return None


def _region(text: str, start: int) -> str:
    """The statement that begins at `start`, a display formula or a sentence; "" if it is cut."""
    piece = text[start : start + 1000].lstrip(" \n\t*:_>")
    for opening, end in ((r"\[", r"\]"), ("$$", "$$"), (r"\(", r"\)")):
        if piece.startswith(opening) and end in piece[2:]:
            stop = piece.index(end, 2)
            rest = re.match(r"\s*(\\?%|and\b[^.\n]*|or\b[^.\n]*|,[^.\n]*\\\))?", piece[stop + 2 :])
            return piece[2:stop] + " " + (rest[1] or "" if rest else "")
    line = SENTENCE.split(piece, maxsplit=1)[0]
    if text.endswith(line) and is_cut(line):
        return ""
    return re.split(r"\",|</|\.?\s*I hope it is correct", line)[0].strip()
