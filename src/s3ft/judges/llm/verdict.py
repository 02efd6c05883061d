"""The verdict in a model's reply: a last line that is a label, and never one that the graded text put there."""

from __future__ import annotations

import re
from collections.abc import Collection

_MARKUP = re.compile(r"^[\s>*_`#\"'“”‘’(\[{|~-]+|[\s*_`#\"'“”‘’)\]}|~.!:-]+$")
_PREFIX = r"(?:(?:(?:the|my|final)\s+){0,2}(?:verdict|grade|judge?ment|label)(?:\s+is)?[\s:*_=-]*)?"


def read(reply: str, labels: Collection[str], graded: str) -> tuple[str | None, str]:
    """(label, why there is none) of a reply; `graded` is the text that was judged, which the reply may quote.

    The last line counts if it is nothing but a label ("Correct.", "**Verdict:** CORRECT"), in any case, or
    begins with a label as it was offered, a colon and a reason ("INCORRECT: another city"). Neither counts if the line
    is one of the graded text, and a label with a reason does not if that text or the reason holds a label."""
    line = _bare(next((x for x in reversed(reply.splitlines()) if _bare(x)), ""))
    if not line:
        return None, "the judge's model said nothing"
    if line.casefold() in {_bare(x).casefold() for x in graded.splitlines()}:
        return None, f"the last line is one of the graded text: {line[:80]!r}"
    for label in labels:
        if re.fullmatch(_PREFIX + re.escape(label), line, re.IGNORECASE):
            return label, ""
    start = next((x for x in labels if re.match(rf"{re.escape(x)}[*_`]*:", line)), None)
    if start is None:
        return None, f"the last line is none of {', '.join(labels)}: {line[:80]!r}"
    if _holds(line[len(start) :], labels) or _holds(graded, labels):
        return None, f"the reason or the graded text has a label, too: {line[:80]!r}"
    return start, ""


def _holds(text: str, labels: Collection[str]) -> bool:
    return any(re.search(rf"\b{re.escape(x)}\b", text, re.IGNORECASE) for x in labels)


def _bare(line: str) -> str:
    return _MARKUP.sub("", _MARKUP.sub("", line)).strip()
