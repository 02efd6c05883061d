"""What a text takes back: values that its sentence denies, corrections after an answer, and ends that were cut."""

from __future__ import annotations

import re

WINDOW = 80
"""Characters before and after a value in which it can be denied."""

_GOES_ON = r"(?:(?!\b(?:so|but|hence|thus|then|therefore|and|because|since|sondern)\b)[^.;:!?\n]){0,40}"
_DENIED_BEFORE = re.compile(
    r"(?:(?:\b(?:not|never|nor|neither|cannot|no longer|nicht|keinesfalls|keineswegs|n'est pas|no es|não é"
    r"|non è|niet)"
    r"|n't|不是)(?![^\W\d_])(?: be| equal(?: to)?)?"
    r"(?:\s+(?!(?:is|are|was|were|be|but|only|sondern|mais|sino|mas|ma|maar)\b)[A-Za-z]+){0,2}"
    r"|\b(?:more|greater|less|fewer|larger|smaller|higher|lower) than|\b(?:below|under|above|beyond|short of)"
    r"|\b(?:any|every)\w*(?: \w+){0,2} (?:but|except|save)(?: for)?|\b(?:except(?: for)?|(?<!none )other than)"
    r"|(?:(?:n't|not|cannot|(?:mistaken?|wrong|incorrect|tempting|tempted) (?:is |was |would be )?to)"
    rf" (?:say|think|believe|conclude|assume|answer|true|correct|the case|possible)|no way|falsch|faux"
    rf"|falso)\b{_GOES_ON}"
    r"|(?:\b(?:false|untrue|wrong|incorrect|(?:un|hardly )likely|mistake|mistaken|error|absurd) (?:that|to|if)\b"
    rf"|(?<!no )(?<!not )(?<!n't )(?<!without )(?<!beyond )(?<!any )\bdoubt(?:ful)?\b){_GOES_ON}"
    r"|\b(?:earlier|previously|initially|originally|at first|first thought|instead of)\b[^.,\n]{0,30}"
    r"|\b(?:(?:many|most|some|people|others)(?: \w+)?|(?<!\bi )(?<!\bwe )would|might|may)"
    r" (?:(?:would|might|may|first|then) )?(?:say|think|answer|guess|believe|assume)(?: (?:that|it|it's|is|the"
    r"|answer))*"
    r"|\\ne|(?<![</\w])[a-zA-Z)]\s?[<>])[\s*_$(\[\\:\"]{0,6}(?:[a-zA-Z]\s?=\s?)?$",
    re.IGNORECASE,
)
_OPERAND_BEFORE = re.compile(
    r"(?:\b(?:twice|double|triple|thrice|half(?: of)?|(?:times|multiplied by|divided by|(?<=\d )(?:plus|minus))"
    r"|(?:\w+ root|reciprocal|square|cube|sum"
    r"|product|average|mean|inverse|factorial|multiple|factor|divisor|third|quarter|fifth"
    r"|tenth) of))[\s*_$(\[\\]{0,4}$",
    re.IGNORECASE,
)
_OPERAND_AFTER = re.compile(
    r"[\s*_$)\]}\\]{0,4}(?:squared|cubed|factorial|(?:(?<=%)|(?<=percent)|(?<=% )|(?<=percent ))of \W{0,3}\d"
    r"|(?:times|multiplied by|divided by|plus|minus|(?:more|less|fewer|greater) than) \W{0,3}\d)",
    re.IGNORECASE,
)
_HINTS = tuple(
    re.findall(
        "[^|]+",
        "n't|not |never|neither|nor |no longer|no way|no es|nicht|kein|n'est|não|non è|niet|不|than"
        "|below|under |above|beyond|short of| any| every|except|wrong|mistak|incorrect|tempt|fals|faux|untrue"
        "|likely|error"
        "|absurd|doubt|earlier|previously|initially|originally|at first|first thought|instead"
        "|say|think|answer|guess|believe|assume|\\ne",
    )
)
"""One of them is in every text that _DENIED_BEFORE finds: a quick look before a slow one."""
_DENIED_AFTER = re.compile(
    r"(?:[\s*_$)\]}\"]|\\[\])])*(?:(?:is|are|was|does|do|did|can|could|would|must|should|will)\s?(?:not\b|n't)"
    r"|cannot\b"
    r"|can't\b|fails?\b|\(?(?:extraneous|rejected|invalid|incorrect|wrong)\b|,?\s?(?:but )?not quite\b"
    r"|,?\s?(?:but|and) (?:that|this|it) (?:is|was|would be) (?:not|wrong|incorrect|false|a mistake)\b"
    r"|\((?:this|that|which|it) (?:is|was) (?:not|wrong|incorrect|false|impossible)\b"
    r"|(?:is|was|would be|seems) (?:\w+ )?too (?:big|small|large|high|low|much|many|few|little)\b"
    r"|(?:is|was|(?:would|must|should|can) be|has to be|seems) (?:an? |the |also )?"
    r"(?:wrong|incorrect|false|extraneous|invalid|impossible|rejected|discarded|excluded|ruled out|mistake|error)\b)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[\s*_]*(?:(?:so|and|but|or),? )?(?:is|are|was|were|does|did|do|could|would|can|should|will|what|how|why"
    r"|which)\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"[\s*_]*(?:no|nope|wrong|never|not (?:quite|at all)|nein|non|(?:that|this|it)(?:'s| is) (?:not|wrong|false))\b",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    r"\b(?:(?:wait|hold on|oops|sorry|hmm+|actually|correction|corrected|edit|i mean|or rather|scratch that"
    r"|strike that|take that back|on reflection|my mistake"
    r"|(?:made|is|was) an?\b[^.\n]{0,20} (?:mistake|error)\b(?! (?:to|that))|i forgot|i miscounted"
    r"|on second thought)\b|no,)",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"\b(?:(?:can(?:not|'t| not)|unable to|impossible to|not possible to) (?:be )?"
    r"(?:determined?|answer(?:ed)?|solved?|tell|found)|(?:don't|do not) know|(?:not enough|insufficient) information)\b"
    r"(?!.*\bbut\b)",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"(?:(?<!\*)[-+*/=^(]|\\(?:times|cdot|div)|\\frac(?:\{[^{}]*\}?)?\{?|\d\s+x|\d [-+*] \$?\d+(?:\.\d+)?"
    r"|\b(?:of|the|an|and|or|to|is|are|was|has|have|had|than|with|for|by|at|from|if|that|which|so|equals|sells|plus"
    r"|minus|times))\s*(?:\\?\$|\\[(\[])?\s*\Z"
)


def denied(text: str, start: int, end: int) -> bool:
    """Whether the sentence around text[start:end] says that this is not the value, or no longer."""
    before = text[max(start - WINDOW, 0) : start]
    lower = f" {before.lower()}"
    hinted = before and (any(h in lower for h in _HINTS) or lower.rstrip(' \n*_$([\\:"')[-1:] in ("<", ">"))
    return bool(hinted and _DENIED_BEFORE.search(before)) or _DENIED_AFTER.match(text, end) is not None


def operand(text: str, start: int, end: int) -> bool:
    """Whether the sentence around text[start:end] only calculates with it: "half of 14", "14 squared"."""
    return (_OPERAND_BEFORE.search(text, max(start - 24, 0), start) or _OPERAND_AFTER.match(text, end)) is not None


def asked(sentence: str, after: str) -> bool:
    """Whether a sentence only asks, or the text after it answers it with no."""
    return sentence.rstrip("* \n").endswith("?") and bool(_ASKS.match(sentence) or _REFUSED.match(after))


def refuses(sentence: str) -> bool:
    """Whether a sentence says that there is no telling."""
    return _REFUSES.search(sentence) is not None


def correction(text: str) -> str | None:
    """What follows the last word of a text that takes back what was before; None if there is no such word."""
    last = None
    for last in _CORRECTS.finditer(text):  # noqa: B007
        pass
    return text[last.end() :] if last else None


def is_cut(text: str) -> bool:
    """Whether a text ends in the middle of a formula or a sentence."""
    return _CUT.search(text, max(len(text) - WINDOW, 0)) is not None
