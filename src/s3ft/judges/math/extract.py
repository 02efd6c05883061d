r"""Where a completion states its answer: the last of \boxed{}, "#### N" and "the answer is", else its closing sentence.

All searches are linear in the length of the text; the prose ones look at its end only."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from s3ft.judges.math.doubt import correction, denied, is_cut
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

_CALCULATION = re.compile(r"<<[^<>\n]{0,300}>>")
_BOX = re.compile(r"(?:boxed|\\fbox)\s{0,5}\{")
_EMPTY_BOX = re.compile(r"\\boxed\s{0,5}\{\s{0,5}\}")
_OPEN_BOX = re.compile(r"boxed\s{0,5}\{?([^{}$\n]{0,100})(?=[{}$\n]|\Z)")
_BETWEEN = re.compile(r"(?:[\s$,;&.{}\\]|\\[\[\]()]|\\(?:text|quad|qquad)\b|\band\b|\bor\b|[a-zA-Z]\s*=|\*\*)*")
_HASHES = re.compile(r"####[ \t]*([^\n]+)")

_STATED = re.compile(
    r"(?:\b(?:answers?|ans|correct(?:ion| option| choice| result)|antwort|réponse|respuesta|ответ)\b|答案)"
    r"(?:[ \t]{1,3}(?:to|for|of)\b[^.\n:=]{0,100}?)?(?:\*\*|__|\s|\\\)|[}\"']){0,6}"
    r"(?:(?:is|are|was|equals|(?:would|will|should|must) be|comes out to|therefore|then|thus|ist|lautet|est|es|é|è)\b"
    r"|[是为は]|[:=>]|-\s)(?:[\s*:_\"']|\b(?:therefore|then|thus|indeed|simply|just)\b){0,20}",
    re.IGNORECASE,
)
_LETTER_A = re.compile(r"^[ \t]{0,8}(?:\*\*)?A(?:\*\*)?[ \t]{0,3}:(?:\*\*)?[ \t]{0,8}(?=\S)", re.MULTILINE)
_NEXT = re.compile(
    r"^[ \t]{0,8}(?:\*\*|#{1,6}[ \t]{0,3})?(?:Q|Question|Problem|Human|User|Instruction)(?: ?\d{1,4})?(?:\*\*)?:",
    re.IGNORECASE | re.MULTILINE,
)
_THOUGHT_NAMES = r"think|thinking|thought|reasoning|reflection"
_THOUGHT_END = re.compile(rf"</(?:{_THOUGHT_NAMES})>|\[/THINK\]|<\|end_of_thought\|>|◁/think▷", re.IGNORECASE)
_THOUGHT = re.compile(rf"\s*(?:<(?:{_THOUGHT_NAMES})>|\[THINK\]|<\|begin_of_thought\|>|◁think▷)", re.IGNORECASE)
_END_OF_TEXT = re.compile(r"\s*(?:</s>|<\|[^|<>\s]{1,30}\|>|<(?:eos|end_of_turn)>)\s*\Z")


@dataclass(frozen=True, slots=True)
class Stated:
    """Answers a completion states, the likeliest first; the later ones are other readings of the same place."""

    answers: tuple[str, ...]
    where: str
    start: int = 0
    end: int = 0


def answer_part(text: str) -> str:
    """A completion without its thoughts; a thought that never ends leaves nothing."""
    last = None
    for last in _THOUGHT_END.finditer(text):  # noqa: B007
        pass
    text = text[last.end() :] if last else text
    while end := _END_OF_TEXT.search(text, max(len(text) - 40, 0)):
        text = text[: end.start()]
    return "" if not last and _THOUGHT.match(text) else text


def stated(text: str, fits: Fits, prompt: Callable[[], str] = str) -> Stated | None:
    """The answer of a completion without thoughts; `fits` says whether a piece of text can be one at all.

    `prompt` gives the question, asked for only if a closing sentence holds several numbers."""
    text = _CALCULATION.sub("", text) if "<<" in text else text
    text = decimal_points(text[-TAIL:]) if "boxed" not in text[:-TAIL] else text
    text = _EMPTY_BOX.sub(" ", text)
    found = _marked(text, fits)
    if found and (more := _NEXT.search(text)) and (before := _marked(text[: more.start()], fits)):
        return before
    if not found:
        return _closing(text, fits, prompt)
    corrected = correction(text[found.end :][-CLOSING:])
    return (corrected and _closing(corrected, fits, prompt)) or found


def _closing(text: str, fits: Fits, prompt: Callable[[], str]) -> Stated | None:
    answers = () if is_cut(text) else closing(text[-CLOSING:], fits, prompt)
    return Stated(answers, "closing sentence") if answers else None


def _marked(text: str, fits: Fits) -> Stated | None:
    base = max(0, len(text) - TAIL)
    found = [f for f in (_boxed(text), _hashes(text, base, fits), _said(text, base, fits)) if f]
    return max(found, key=lambda f: f.start, default=None)


def _boxed(text: str) -> Stated | None:
    """The last box that holds something, with those that only punctuation or "and" sets apart from it."""
    end = len(text)
    boxes: list[tuple[int, str, int]] = []
    for _ in range(8):
        start = end = max(text.rfind("boxed", 0, end), text.rfind(r"\fbox", 0, end))
        if start < 0:
            break
        inside, stop = _box(text, start, unclosed=not boxes)
        if not inside.strip(" \\$") or (not boxes and denied(text, start, stop)):
            continue
        if boxes and not (stop <= boxes[-1][0] <= stop + 60 and _BETWEEN.fullmatch(text[stop : boxes[-1][0]])):
            break
        boxes.append((start, inside, stop))
    if not boxes:
        return None
    start, last, stop = boxes[0]
    if "%" not in last and re.match(r"\s{0,3}(?:\\?%|percent)", text[stop : stop + 12]):
        last += "%"
    if len(boxes) == 1:
        return Stated((last,), "boxed", start, stop)
    either = any(" or" in text[b[2] : a[0]] for a, b in pairwise(boxes))
    joined = (" or " if either else ", ").join([*(b[1] for b in reversed(boxes[1:])), last])
    return Stated((joined,) if either else (joined, last), "boxed", start, stop)


def _box(text: str, start: int, unclosed: bool) -> tuple[str, int]:
    """What the box at `start` holds and where it ends; an `unclosed` one holds the rest of its line."""
    match = _BOX.match(text, start)
    if match:
        inside = braced(text, match.end() - 1, match.end() + MAX_BOX)
        if inside is not None:
            return inside, match.end() + len(inside) + 1
        if len(text) > match.end() + MAX_BOX:
            return text[match.end() : match.end() + MAX_BOX], match.end() + MAX_BOX
    rest = _OPEN_BOX.match(text, start) if unclosed else None
    return (rest[1], rest.end()) if rest else ("", start)


def _hashes(text: str, base: int, fits: Fits) -> Stated | None:
    for match in reversed(list(_HASHES.finditer(text, base))[-MAX_TRIES:]):
        line = match[1].strip()
        if len(line) <= 200 and fits(line):
            return Stated((line,), "after ####", match.start(), match.end())
    return None


def _said(text: str, base: int, fits: Fits) -> Stated | None:
    matches = [*_STATED.finditer(text, base), *_LETTER_A.finditer(text, base)]
    for match in sorted(matches, key=lambda m: m.end(), reverse=True)[:MAX_TRIES]:
        region = _region(text, match.end())
        if region and fits(region) and not denied(text, match.start(), match.start()):
            return Stated(readings(region), "stated answer", match.end(), match.end())
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
