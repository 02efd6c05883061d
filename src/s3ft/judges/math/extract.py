r"""Where a completion states its answer: the last of \boxed{}, "#### N" and "the answer is", else its closing sentence.

All searches are linear in the length of the text; the prose ones look at its end only."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from s3ft.judges.math.prose import SENTENCE, closing, readings
from s3ft.judges.math.text import braced

TAIL = 20_000
"""Characters from the end in which a stated answer is looked for."""
CLOSING = 3_000
"""Characters from the end in which the closing sentence is looked for."""

MAX_BOX = 4_000
"""Characters that a box may hold; a longer one is taken as it is, up to here."""

_CALCULATION = re.compile(r"<<[^<>\n]{0,300}>>")
_BOX = re.compile(r"\\(?:boxed|fbox)\s{0,5}\{")
_OPEN_BOX = re.compile(r"\\boxed\s{0,5}\{?([^{}$\n]{0,100})(?=[{}$\n]|\Z)")
_BETWEEN = re.compile(r"(?:[\s$,;&.{}]|\\[\[\]()]|\\(?:text|quad|qquad)\b|\band\b|\bor\b|[a-zA-Z]\s*=|\*\*)*")
_HASHES = re.compile(r"####[ \t]*([^\n]+)")
_HEADING = re.compile(r"\d+[.)]\s+[A-Za-z]|[A-Za-z*]")

_STATED = re.compile(
    r"\b(?:answers?|ans|correct (?:option|choice))\b(?:[ \t]{1,3}(?:to|for|of)\b[^.\n:=]{0,100}?)?"
    r"(?:\*\*|__|\s|\\\)|\}){0,6}"
    r"(?:(?:is|are|was|equals|(?:would|will|should|must) be|comes out to|therefore|then|thus)\b|[:=＝：]|[-–—]\s)"
    r"(?:[\s*:_]|\b(?:therefore|then|thus|indeed|simply|just)\b){0,20}",
    re.IGNORECASE,
)
_LETTER_A = re.compile(r"^[ \t]{0,8}(?:\*\*)?A(?:nswer)?(?:\*\*)?[ \t]{0,3}:(?:\*\*)?[ \t]{0,8}(?=\S)", re.MULTILINE)
_NEXT = re.compile(
    r"^[ \t]{0,8}(?:\*\*|#{1,6}[ \t]{0,3})?(?:Q|Question|Problem|Human|User|Instruction)(?: ?\d{1,4})?(?:\*\*)?:",
    re.IGNORECASE | re.MULTILINE,
)
_THOUGHT = re.compile(
    r"</(?:think|thinking|thought|reasoning|reflection)>|\[/THINK\]|<\|end_of_thought\|>|◁/think▷", re.IGNORECASE
)
_END_OF_TEXT = re.compile(r"\s*(?:</s>|<\|[^|<>\s]{1,30}\|>|<(?:eos|end_of_turn)>)\s*\Z")
_THINKING = re.compile(
    r"\s*(?:<(?:think|thinking|thought|reasoning)>|\[THINK\]|<\|begin_of_thought\|>|◁think▷)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Stated:
    """Answers a completion states, the likeliest first; the later ones are other readings of the same place."""

    answers: tuple[str, ...]
    where: str


def answer_part(text: str) -> str:
    """A completion without its thoughts; a thought that never ends leaves nothing."""
    last = None
    for last in _THOUGHT.finditer(text):  # noqa: B007
        pass
    text = text[last.end() :] if last else text
    while end := _END_OF_TEXT.search(text, max(len(text) - 40, 0)):
        text = text[: end.start()]
    return "" if not last and _THINKING.match(text) else text


def stated(text: str, fits: Callable[[str], bool], prompt: Callable[[], str] = str) -> Stated | None:
    """The answer of a completion without thoughts; `fits` says whether a piece of text can be one at all.

    `prompt` gives the question, asked for only where a closing sentence holds several numbers."""
    text = _CALCULATION.sub("", text) if "<<" in text else text
    found = _explicit(text, fits)
    if found and (more := _NEXT.search(text)) and (before := _explicit(text[: more.start()], fits)):
        return before
    if found:
        return found
    answers = closing(text[-CLOSING:], fits, prompt)
    return Stated(answers, "closing sentence") if answers else None


def _explicit(text: str, fits: Callable[[str], bool]) -> Stated | None:
    base = max(0, len(text) - TAIL)
    tail = text[base:]
    found = [f for f in (_boxed(text), _hashes(tail, base, fits), _said(tail, base, fits)) if f]
    if not found:
        return None
    return max(found, key=lambda f: f[0])[1]


def _boxed(text: str) -> tuple[int, Stated] | None:
    """The last box that holds something, with those that only punctuation or "and" sets apart from it."""
    end = len(text)
    boxes: list[tuple[int, str, int]] = []
    for _ in range(8):
        start = max(text.rfind(r"\boxed", 0, end), text.rfind(r"\fbox", 0, end))
        if start < 0:
            break
        end = start
        inside, stop = _box(text, start, unclosed=not boxes)
        if not inside.strip(" \\$"):
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
        return start, Stated((last,), "boxed")
    either = any(" or" in text[b[2] : a[0]] for a, b in pairwise(boxes))
    joined = (" or " if either else ", ").join([*(b[1] for b in reversed(boxes[1:])), last])
    return start, Stated((joined,) if either else (joined, last), "boxed")


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


def _hashes(tail: str, base: int, fits: Callable[[str], bool]) -> tuple[int, Stated] | None:
    for match in reversed(list(_HASHES.finditer(tail))[-20:]):
        line = match[1].strip()
        if len(line) <= 200 and fits(line) and not _HEADING.match(line):
            return base + match.start(), Stated((line,), "after ####")
    return None


def _said(tail: str, base: int, fits: Callable[[str], bool]) -> tuple[int, Stated] | None:
    matches = [*_STATED.finditer(tail), *_LETTER_A.finditer(tail)]
    for match in sorted(matches, key=lambda m: m.end(), reverse=True)[:20]:
        region = _region(tail[match.end() : match.end() + 1000])
        if region and fits(region):
            return base + match.end(), Stated(readings(region), "stated answer")
    return None


def _region(text: str) -> str:
    """The statement that begins a text: a display formula, or a sentence up to its end."""
    text = text.lstrip(" \n\t*:_>")
    for opening, end in ((r"\[", r"\]"), ("$$", "$$"), (r"\(", r"\)")):
        if text.startswith(opening) and end in text[2:]:
            inner = text[2 : text.index(end, 2)]
            rest = re.match(r"\s*(\\?%|and\b[^.\n]*|or\b[^.\n]*|,[^.\n]*\\\))?", text[text.index(end, 2) + 2 :])
            return inner + " " + (rest[1] or "" if rest else "")
    line = SENTENCE.split(text, maxsplit=1)[0]
    return re.sub(r"\.?\s*I hope it is correct.*", "", line).strip()
