"""What a completion can say instead of naming an answer: that there is none, yes, or no."""

from __future__ import annotations

import re

_UNANSWERABLE = re.compile(
    r"(?:unanswerable|not answerable|no answer(?: (?:is )?(?:available|possible|given|found))?|n/?a|"
    r"can(?:not|'t) be answered)\W*",
    re.IGNORECASE,
)
_SOURCE = r"(?:passage|text|context|article|paragraph|document|excerpt|source|snippet|story|information|question)s?"
_ABSTAINS = re.compile(
    rf"""\bunanswerable\b | \bnot\ answerable\b | ^\W*(?:no\ answer|n/?a|none|unknown)\W*$
    | \bcan(?:not|'t|\ not)\ be\ (?:answered|determined|inferred|found|known)
    | \b{_SOURCE}\b[^.!?\n]{{0,40}}?\b(?:does|do|did|is|was)(?:\ not|n't)\ (?:\w+\ )?
      (?:say|state|mention|specif|provide|contain|include|give|indicate|answer|address|tell|discuss|clear|enough|available)
    | \b(?:is|are|was|were)(?:\ not|n't)\ (?:\w+\ )?
      (?:stated|mentioned|named|specified|provided|indicated|addressed|discussed)\b
    | \b(?:is|are|was|were)(?:\ not|n't)\ (?:known|given|clear)\s*(?:[.;]|$)
    | \b(?:can(?:not|'t|\ not)|could(?:\ not|n't)|unable\ to|do(?:\ not|n't))\ (?:\w+\ )?
      (?:find|answer|determine|know|tell|say|provide)\b
    | \b(?:no|not\ enough|insufficient|without\ (?:more|further))\ (?:\w+\ )?(?:information|mention|answer|context)\b
    | \b(?:impossible|not\ possible)\ to\ (?:tell|know|say|answer|determine)\b
    | ^\W*no\ (?:\w+\ ){{1,3}}(?:is|are|was|were)\ (?:named|given|mentioned|stated|specified|provided)\b
    | ^\W*nothing\ in\ the\ (?:\w+\ ){{1,2}}(?:says|tells|states|mentions|indicates)\b
    | \bnot\ (?:sure|certain)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_TURNS = re.compile(r"\b(?:but|however|nevertheless|nonetheless|that said|although|still)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")

_POLARITY = re.compile(r"\b(?:(yes|true|yeah|yep)|(no|false|nope))\b", re.IGNORECASE)
_SAYS = re.compile(
    r"\b(?:(yes|true|yeah|yep|correct|right|indeed|absolutely|certainly|definitely)"
    r"|(no|false|nope|incorrect|wrong|not (?:true|correct|right|at all|really)))\b",
    re.IGNORECASE,
)
_NO_DENIAL = re.compile(r"\b(?:no one|no doubt|no question|no wonder|no matter|no longer|no more)\b", re.IGNORECASE)


def is_unanswerable(reference: str) -> bool:
    return _UNANSWERABLE.fullmatch(reference.strip()) is not None


def abstains(completion: str) -> bool:
    """Whether it says that there is no answer, and does not go on to give one all the same."""
    sentences = [s for s in _SENTENCE.split(completion.replace("’", "'").strip()) if s]
    for place, sentence in enumerate(sentences):
        found = _ABSTAINS.search(sentence)
        after = " ".join([sentence[found.end() :], *sentences[place + 1 :]]) if found else ""
        if found and not _TURNS.search(after):
            return True
    return False


def is_yes(reference: str) -> bool | None:
    """True and False for a reference that is nothing but yes or no; None for any other."""
    found = _POLARITY.fullmatch(reference.strip(" .!"))
    return None if found is None else found[1] is not None


def says_yes(completion: str) -> bool | None:
    """Yes (True) or no (False) from the first sentence, else the last; None if neither has such a word."""
    sentences = [_NO_DENIAL.sub(" ", s) for s in _SENTENCE.split(completion.strip()) if s]
    for sentence in (sentences[0], sentences[-1]) if sentences else ():
        found = _POLARITY.match(sentence) or _SAYS.search(sentence)
        if found:
            return found[1] is not None
    return None
