"""The part of a completion that answers: without thoughts, special tokens at its end and questions it invents."""

from __future__ import annotations

import re

_NAMES = "think|thinking|thought|reasoning|reflection"
_OPEN = re.compile(rf"<(?:{_NAMES})>|\[THINK\]|<\|begin_of_thought\|>|◁think▷", re.IGNORECASE)
_CLOSE = re.compile(rf"</(?:{_NAMES})>|\[/THINK\]|<\|end_of_thought\|>|◁/think▷", re.IGNORECASE)
_SPECIAL = re.compile(r"\s*(?:</s>|<\|[^|<>\s]{1,30}\|>|<(?:eos|end_of_turn)>)\s*\Z")
_QUESTION = re.compile(
    r"(?:^[ \t>*_#]{0,12}(?:q|question|problem|human|user|instruction)(?: ?\d{1,4})?|(?<=[.!?])[ \t]{1,4}q)"
    r"[ *_]{0,3}[:：]",
    re.IGNORECASE | re.MULTILINE,
)


def answer_part(text: str) -> str:
    """A completion without its thoughts; a thought that never ends leaves nothing."""
    text = _OPEN.split(_CLOSE.split(text)[-1], maxsplit=1)[0]
    while end := _SPECIAL.search(text, max(len(text) - 40, 0)):
        text = text[: end.start()]
    return text


def before_next_question(text: str) -> str:
    """A text up to the first question that follows something; one that repeats the question may begin it."""
    start = 0
    for match in _QUESTION.finditer(text):
        if text[start : match.start()].strip(" \t\r\n?.:*#"):
            return text[: match.start()]
        start = text.find("\n", match.end()) + 1 or match.end()
    return text
