"""The verdict in a model's reply: an offered label on the last line, and never one that the graded text put there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_MARKUP = re.compile(r"^[\s>*_`#\"'“”‘’(\[{|~-]+|[\s*_`#\"'“”‘’)\]}|~.!:-]+$")
_PREFIX = (
    r"(?:(?:(?:the|my|final)\s+){0,2}(?:verdict|grade|judge?ment|label|answer|decision|result)(?:\s+is)?[\s:*_=-]*)?"
)
_DENIED = re.compile(r"(?:\bnot|n['’]t|\bnever|\bneither|\bnor|\bno)\W+(?:\w+\W+)?$", re.IGNORECASE)


def read(reply: str, labels: Mapping[str, bool], graded: str) -> tuple[bool | None, str]:
    """(verdict, why there is none) of a reply; `graded` is the text that was judged, which the reply may quote.

    A last line that holds nothing but a label, in any case, counts; within a longer line the last label spelt as it was
    offered. Neither counts where the line stands in the graded text, and a longer line does not where that text
    holds a label at all."""
    line = _bare(next((x for x in reversed(reply.splitlines()) if _bare(x)), ""))
    if not line:
        return None, "the judge's model said nothing"
    if line.casefold() in {_bare(x).casefold() for x in graded.splitlines()}:
        return None, f"the last line is one of the graded text: {line[:80]!r}"
    for label, correct in labels.items():
        if re.fullmatch(_PREFIX + re.escape(label), line, re.IGNORECASE):
            return correct, ""
    found = _labels(line, labels)
    if not found:
        return None, f"the last line has none of {', '.join(labels)}: {line[:80]!r}"
    if _labels(graded, labels) or any(re.search(rf"\b{re.escape(x)}\b", graded, re.IGNORECASE) for x in labels):
        return None, f"the graded text has a label, and the last line more than one: {line[:80]!r}"
    place, label = found[-1]
    if _DENIED.search(line[:place]):
        return None, f"the last line denies its label: {line[:80]!r}"
    return labels[label], ""


def _labels(text: str, labels: Collection[str]) -> list[tuple[int, str]]:
    """(place, label) of every label that stands in `text` as a word of its own; of overlapping ones the longest."""
    longest = sorted(labels, key=len, reverse=True)
    word = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])")
    return [(m.start(), m[0]) for m in word.finditer(text)]


def _bare(line: str) -> str:
    return _MARKUP.sub("", _MARKUP.sub("", line)).strip()
