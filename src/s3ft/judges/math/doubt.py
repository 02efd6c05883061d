"""What a text takes back: values that its sentence denies, corrections after an answer, and ends that were cut."""

from __future__ import annotations

import re

WINDOW = 80
"""Characters before and after a value in which it can be denied."""

_DENIED_BEFORE = re.compile(
    r"(?:(?:\b(?:not|never|nor|neither|cannot|nicht|n'est pas|no es)|n't|不是)(?![^\W\d_])(?: be| equal(?: to)?)?"
    r"(?:\s+(?!(?:is|are|was|were|be|but|only)\b)[A-Za-z]+){0,2}"
    r"|\b(?:more|greater|less|fewer|larger|smaller|higher|lower) than"
    r"|(?:n't|not|cannot|(?:mistake|wrong|incorrect|tempting) to) (?:say|think|believe|conclude|assume|true|correct)\b"
    r"[^.\n]{0,40}"
    r"|\b(?:earlier|previously|initially|originally|at first|first thought|instead of)\b[^.,\n]{0,30}"
    r"|\\ne|(?<![</\w])[a-zA-Z)]\s?[<>])[\s*_$(\[\\:\"]{0,6}(?:[a-zA-Z]\s?=\s?)?$",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"(?:[\s*_$)\]}]|\\[\])])*(?:(?:is|are|was|does|do|did|can|could|would|must|should|will)\s?(?:not\b|n't)|cannot\b"
    r"|can't\b|fails?\b|\(?(?:extraneous|rejected|invalid|incorrect|wrong)\b"
    r"|(?:is|was|(?:would|must|should|can) be|has to be|seems) (?:an? |the |also )?"
    r"(?:wrong|incorrect|false|extraneous|invalid|impossible|rejected|discarded|excluded|ruled out|mistake|error)\b)",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"\b(?:(?:wait|hold on|oops|sorry|hmm+|actually|correction|corrected|edit|i mean|or rather|scratch that|my mistake"
    r"|(?:made|is|was) an?\b[^.\n]{0,20} (?:mistake|error)|i forgot|i miscounted|on second thought)\b|no,)",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"(?:(?<!\*)[-+*/=^(]|\\(?:times|cdot|div)|\\frac(?:\{[^{}]*\}?)?\{?|\d\s+x|\d [-+*] \$?\d+(?:\.\d+)?"
    r"|\b(?:of|the|an|and|or|to|is|are|was|has|have|had|than|with|for|by|at|from|if|that|which|so|equals|sells|plus"
    r"|minus|times))\s*(?:\\?\$|\\[(\[])?\s*\Z"
)


def denied(text: str, start: int, end: int) -> bool:
    """Whether the sentence around text[start:end] says that this is not the value, or no longer."""
    before, after = text[max(start - WINDOW, 0) : start], text[end : end + WINDOW]
    return _DENIED_BEFORE.search(before) is not None or _DENIED_AFTER.match(after) is not None


def correction(text: str) -> str | None:
    """What follows the last word of a text that takes back what was before; None if there is no such word."""
    last = None
    for last in _CORRECTS.finditer(text):  # noqa: B007
        pass
    return text[last.end() :] if last else None


def is_cut(text: str) -> bool:
    """Whether a text ends in the middle of a formula or a sentence."""
    return _CUT.search(text, max(len(text) - WINDOW, 0)) is not None
