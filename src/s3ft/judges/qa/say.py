"""What a completion does with a question beside naming an answer: it abstains, denies, or says yes or no."""

from __future__ import annotations

import re
from collections.abc import Sequence

from s3ft.types import Example

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
      (?:stated|mentioned|specified|provided|indicated|addressed|discussed)\b
    | \b(?:is|are|was|were)(?:\ not|n't)\ (?:known|given|clear)\s*(?:[.;]|$)
    | \b(?:can(?:not|'t|\ not)|could(?:\ not|n't)|unable\ to|do(?:\ not|n't))\ (?:\w+\ )?
      (?:find|answer|determine|know|tell|say|provide)\b
    | \b(?:no|not\ enough|insufficient|without\ (?:more|further))\ (?:\w+\ )?(?:information|mention|answer|context)\b
    | \bnot\ sure\b""",
    re.IGNORECASE | re.VERBOSE,
)
_TURNS = re.compile(r"\b(?:but|however|nevertheless|nonetheless|that said|although|still)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_ANSWER = re.compile(
    r"(?:^|\n)[ \t>*_#]*(?:(?:the|my|final|short|correct)\s+){0,2}answer(?:\s+is)?[ *_]*[:：][ *_]*(?=\S)",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"(?:^|\n)[ \t>*_#]*question[ *_]*[:：][ *_]*(\S[^\n]*)", re.IGNORECASE)
_ENDS = re.compile(r"[\n.?!]")
LONGEST = 100_000
"""Characters of a completion that are read."""
LONG_PROMPT = 60
"""Words from which a prompt is taken to hold more than the question."""

_POLARITY = re.compile(r"\b(?:(yes|true|yeah|yep)|(no|false|nope))\b", re.IGNORECASE)
_DENIALS = frozenset(("not", "never", "nor", "neither", "isnt", "wasnt", "arent", "werent", "unlike", "except", "than"))
_THAN = frozenset(("rather", "other"))


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


def denies(words: Sequence[str], answer: Sequence[str]) -> bool:
    """Whether every mention of an answer comes with a denial: "not Paris", "rather than Paris", "Paris is not"."""
    if not _DENIALS.isdisjoint(answer) or _DENIALS.isdisjoint(words):
        return False
    size = len(answer)
    places = [i for i, word in enumerate(words) if word == answer[0] and list(words[i : i + size]) == list(answer)]
    return bool(places) and all(_is_denied(words, i) for i in places)


def _is_denied(words: Sequence[str], place: int) -> bool:
    before = words[max(0, place - 3) : place]
    for i, word in enumerate(before):
        if word == "than":
            if i and before[i - 1] in _THAN:
                return True
        elif word in _DENIALS and not {"until", "only", "just", "but", "before"} & set(before[i:]):
            return True
    return list(before[-2:]) == ["instead", "of"]


def is_yes(reference: str) -> bool | None:
    """True and False for a reference that is nothing but yes or no; None for any other."""
    found = _POLARITY.fullmatch(reference.strip(" .!"))
    return None if found is None else found[1] is not None


def says_yes(completion: str) -> bool | None:
    """Yes (True) or no (False) from the first sentence, else the last; None where neither has the word."""
    sentences = [s for s in _SENTENCE.split(completion.strip()) if s]
    for sentence in (sentences[0], sentences[-1]) if sentences else ():
        found = _POLARITY.search(sentence)
        if found:
            return found[1] is not None
    return None


def stated(completion: str) -> str:
    """What stands behind the last line that begins with "Answer:", else all of it; of a huge completion both ends."""
    if len(completion) > LONGEST:
        completion = f"{completion[: LONGEST // 2]}\n{completion[-LONGEST // 2 :]}"
    found = list(_ANSWER.finditer(completion))
    return completion[found[-1].end() :] if found else completion


def asked(example: Example) -> str:
    """The question: the row's own field, else what the prompt marks as one, else a short prompt as it is."""
    field = example.meta.get("question")
    if isinstance(field, str):
        return field
    prompt = next((m["content"] for m in reversed(example.prompt) if m.get("role") == "user"), "")
    if not isinstance(prompt, str):
        return ""
    marked = _QUESTION.findall(prompt)
    if marked:
        return str(marked[-1])
    if len(prompt.split()) <= LONG_PROMPT:
        return prompt
    before, mark, _ = prompt.rpartition("?")
    return f"{_ENDS.split(before)[-1]}?" if mark else ""
