"""Whether a completion asserts an answer that it mentions, or denies, doubts, asks or only reports it.

A mention is a run of the answer's words in a clause; its rules look at the words before and after it in the clause, as
the judge reads them: "it isn't X" is "it isnt", and "no one" is "no 1"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from s3ft.judges.qa import text
from s3ft.judges.qa.reading import Answer, Reading

_NEVER = "never|isnt|wasnt|arent|werent|didnt|doesnt|dont|cannot|cant|couldnt|wont"
_TURN = "but|sondern|mais|sino|mas|maar|ma|но|а"
_LIMITED = rf"(?!.*\b(?:until|only|just|before|{_TURN})\b)"
_AFFIRMS = re.compile(
    r"\b(?:(?:no|without|not|dont|cannot|beyond|hardly|never|havent) (?:any |slightest |\w+ )?(?:doubt|doubts|doubted"
    r"|question)|(?:0|no 1|nobody|nothing) (?:other|else) than|nothing but|no \w+ but"
    r"|(?:if|unless) (?:i am|im|i|memory) .{0,20}?(?:mistaken|wrong|correctly)|(?:is|was|are|were)nt (?:it|he"
    r"|she|they)$"
    r"|(?:cant|cannot|not|couldnt) be any\w* (?:but|(?:other|else) than)|(?:not|isnt|never) (?:wrong|false"
    r"|incorrect) to"
    r"|not(?: \w+){0,3} (?:before|until))"
)
_WRONG = (
    "wrong|incorrect|false|untrue|impossible|unlikely|mistaken|myth|misconception|fallacy|legend|mistake|error|rumor"
)
_DENIED = re.compile(
    rf"(?:\b(?:rather|other) than\b.*|\binstead of"
    rf"|\b(?:not|nor|neither|unlike|except|{_NEVER}|nicht|keine?|keineswegs|keinesfalls|pas|nao|niet|geen|не"
    rf"|et non|e non"
    rf"|no(?:n)? (?:es|era|fue|e|fu|son|sono))\b{_LIMITED}(?: \w+){{0,2}}"
    rf"|\b(?:any|every)\w*(?: \w+){{0,3}} (?:but|save|besides)(?: for)?"
    rf"|\b(?:doubt|doubts|doubtful|unlikely|refuse to believe|(?:hardly|scarcely|barely|no way)(?! (?:any|a))"
    rf"|(?:false|untrue|wrong|incorrect|mistaken|myth|misconception|fallacy|mistake|error) (?:that|to)"
    rf"|(?:mistakenly|wrongly|falsely|erroneously|incorrectly)(?= \w+)|no (?:evidence|proof|indication|reason)"
    rf"|(?:no 1|nobody) (?:would|could|should|says|believes|thinks|named|called)"
    rf"|if (?:it )?(?:isnt|wasnt|is not|was not|not)|(?:not|isnt) case|nicht dass|nicht glauben)\b{_LIMITED}[^,]*"
    rf")$"
)
_DENIED_AFTER = re.compile(
    rf"{_LIMITED}(?:(?:is|was|did|does|are|were) (?:not|{_NEVER})|{_NEVER})\b"
    rf"|(?:is|was|would be|would have been|seems|sounds) (?:\w+ly )?(?:{_WRONG})\b"
    rf"|.*\b(?:but|and) (?:that|this|it) (?:is|was) (?:{_WRONG}|not (?:true|right|so|correct|case))\b"
    r"|(?:is|was|were|has been)(?: \w+)? (?:wrongly|mistakenly|falsely|erroneously|incorrectly|mistaken)\b"
    r"|(?:played|had|took|has) (?:no part|no role|nothing to do)\b|den(?:ied|ies)\b"
    r"|(?:ist|war|hat|wurde|kann)(?: \w+){0,2} nicht\b|netait pas\b|nest pas\b|na pas\b|ne (?:\w+ ){1,2}pas\b"
    r"|no (?:es|era|fue|ha|la|lo|le|se)\b|non (?:e|era|fu|ha|lha|lo|la)\b|nao\b|is (?:het )?niet\b"
)
_CLAIM = re.compile(
    r"\b(?:idea|claim|belief|notion|story|theory|assumption|rumor|statement|view|thought) (?:that\b|of\b)"
)
_CLAIM_WRONG = re.compile(rf".*\b(?:is|was) (?:\w+ly )?(?:{_WRONG}|not (?:true|right|so|correct|case))\b")
_BEFORE_WORDLESS = "不是|并非|并不是|不在|不叫"
_AFTER_WORDLESS = text.plain("ではありません|ではない|じゃない|でない|ではなく|不是|이 아니|가 아니|은 아니|는 아니")
_REFUSED = re.compile(
    rf"(?:no|nope|nein|non|never|hardly|scarcely|not at all|(?:that |this |that is |this is )?(?:{_WRONG})"
    r"|(?:definitely|certainly|absolutely|probably|surely|that|that is) not|(?:i|we) (?:dont|do not) think so)\b"
)
_ASKS = re.compile(
    r"(?:and |so |but |or )?(?:is|are|was|were|do|does|did|could|would|can|should|may|might|will|has|have|why"
    r"|how|what"
    r"|who|which|when|where|isnt|wasnt)\b"
)
_FORMERLY = r"\b(?:formerly|previously|used to be|once was|was once)\b"
_FORMER = re.compile(rf"{_FORMERLY}(?!.*\b(?:but|now|today|currently)\b)(?: \w+){{0,3}}$")
_NOW = frozenset(("now", "today", "current", "sinc", "since"))
"""Stems."""
_UNTIL = re.compile(r"(?:\w+ ){0,3}until \d")
_REPORTED = re.compile(
    r"\b(?:(?:(?:many|most|some|people|everyone|everybody|others|they|often|commonly|popularly|widely"
    r"|frequently|sometimes"
    r"|traditionally|usually|long|once)(?: \w+){0,3}?|(?:you|1|we|i) (?:\w+ )?(?:might|may|would|could)(?: \w+)?)"
    r" (?:says?|said|thinks?|thought|believes?|believed|assumes?|assumed|claims?|claimed|guess|guessed|expect"
    r"|attributed"
    r"|credited|supposed)|legend has it"
    rf"|(?:popular|usual|common|obvious|first) (?:answer|guess|choice|assumption) (?:is|was"
    rf"|would be))\b(?!.*\b(?:{_TURN})\b).*$"
)
_REPORTED_AFTER = re.compile(
    r"(?:is|was|has been)(?: \w+){0,2} (?:said|thought|believed|assumed|claimed|supposed|considered)\b"
)
_OTHERS = re.compile(r"\bothers\b")
_AROUND = re.compile(r"\b(?:before|after)$")
_TURNS = re.compile(
    rf"\b(?:{_TURN}|yet|however|actually|really|in fact|in reality|in truth|real|actual|correct|truth|although"
    rf"|though|while)\b"
)
_KIN = (
    "father|mother|parents?|sons?|daughters?|child|children|brother|sister|twin|wife|husband|widow|uncle|aunt|nephew|niece"
    "|cousin|grandfather|grandmother|grandson|granddaughter|successor|predecessor|teacher|student|pupil|assistant"
    "|apprentice|friend|rival|enemy|opponent|colleague|boss|manager|biographer|neighbou?r|suburb|outskirts"
    "|tributary|branch|fan|follower|critic|translator|secretary|servant|lover|partner|contemporary"
)
_RELATED = re.compile(
    rf"(?:^|, |\b(?:is|was|by|be|to|it) )(?:\w+ )?(?:{_KIN}) (?:of|to)$"
    r"|^(?:it is |it was )?(?:\w+ ){0,2}(?:near|outside|(?:north|south|east|west) of)$"
)
_OVER = re.compile(
    r"\b(?:defeat(?:ed|ing)|beat(?:s|ing)?|replac(?:ed|es|ing)|succeed(?:ed|s|ing)|preced(?:ed|es|ing)"
    r"|follow(?:ed|s|ing)|ahead of|took (?:\w+ )?(?:over|in) from|(?:years|decades|centuries|long) before)$"
)
_OBJECT_ASKED = re.compile(r"\b(?:did|does|do|whom|before|preceded|predecessor|previous|former|lose|lost|after|last)\b")
_OWNER = re.compile(rf"([^\W_]+)['’]s (?:\w+ )?(?:{_KIN})\b")
_RELATION_ASKED = re.compile(rf"\b(?:{_KIN}|whose|where|related|near|outside)\b")
_RELATIVE = re.compile(rf"(?:\w+ )?(?:{_KIN})\b(?!.*\b(?:he|she|they|it|who)\b(?!$))")


@dataclass(frozen=True, slots=True)
class _Mention:
    before: str
    after: str
    rest: str
    """The clauses after its own."""
    is_question: bool
    last: str
    """Its last word."""
    names: list[str]
    """Capitalised words and numbers after it."""


def is_denied(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """Every mention is denied, doubted, asked, reported as what others wrongly say, or belongs to the past."""
    if not reading.asked.isdisjoint(("not", "never", "except", "isnt", "doesnt", "cannot", "nor", "neither")):
        return False
    mentions = _mentions(reading, answer)
    if not mentions:
        return _is_denied_without_spaces(reading.text, answer.text)
    question = reading.question.lower()
    past = not _NOW.isdisjoint(reading.new) and not re.search(_FORMERLY, question)
    now = re.search(r"\b(?:is|are)\b", question) is not None and not re.search(r"\b(?:was|were|did)\b", question)
    return all(_denies(m, past, now, reading.asked, answer) for m in mentions)


def _denies(m: _Mention, past: bool, now: bool, asked: frozenset[str], answer: Answer) -> bool:
    before, after = (_AFFIRMS.sub("", words).strip() for words in (m.before, m.after))
    denied = _DENIED.search(before)
    if (denied and not asked.issuperset(map(text.stem, denied[0].split()[:2]))) or _DENIED_AFTER.match(after):
        return True
    if (_AROUND.search(before) and m.last.isdigit()) or (_CLAIM.search(before) and _CLAIM_WRONG.match(after)):
        return True
    if (past and _FORMER.search(before)) or (now and _UNTIL.match(after)):
        return True
    if m.is_question:
        return bool(_REFUSED.match(m.rest) or (not m.rest and _ASKS.match(m.before)))
    reported = _REPORTED.search(before)
    if not reported and not _REPORTED_AFTER.match(after):
        return False
    around = " ".join([before[: reported.start()] if reported else before, after, m.rest])
    known = asked.union(answer.stems)
    rival = any(w not in text.STOP and text.stem(w) not in known and not _TURNS.match(w) for w in m.names)
    return bool((rival and _TURNS.search(around)) or _OTHERS.search(around))


def _is_denied_without_spaces(written: str, answer: str) -> bool:
    """The same in a script without spaces between words."""
    if answer.isascii() or (sought := text.plain(answer)) not in written:
        return False
    denied = rf"(?:{_BEFORE_WORDLESS}){re.escape(sought)}|{re.escape(sought)}(?:{_AFTER_WORDLESS})"
    return len(re.findall(denied, written)) == written.count(sought)


def is_related(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """Every mention only says what the answer is to another: "the father of X", "X's pupil", "defeated X", "near X"."""
    question = reading.question.lower()
    owners: set[str] = set()
    if any(answer.names) and ("'s " in reading.text or "’s " in reading.text):
        owners = {words[-1][0] for owner in _OWNER.findall(reading.text) if (words := text.tokens(owner))}

    def is_role(m: _Mention) -> bool:
        if _OVER.search(m.before):
            return not _OBJECT_ASKED.search(question)
        if m.before.endswith("than") and re.search(r"\bor\b", question):
            return True
        relative = m.last in owners and _RELATIVE.match(f"{m.after} {m.rest}".strip())
        related = any(answer.names) and (relative or _RELATED.search(m.before))
        return bool(related) and not _RELATION_ASKED.search(question)

    found = _mentions(reading, answer)
    return bool(found) and all(map(is_role, found))


@lru_cache(maxsize=1)
def _mentions(reading: Reading, answer: Answer) -> tuple[_Mention, ...]:
    return tuple(_found(reading, answer))


def _found(reading: Reading, answer: Answer) -> Iterator[_Mention]:
    words, stems = reading.words, set(answer.stems)
    ends = [place for place, mark in reading.breaks.items() if mark != ","]
    runs: list[list[int]] = []
    for i in [i for i, word in enumerate(words) if text.stem(word) in stems]:
        if runs and i - runs[-1][-1] <= 3 and not any(runs[-1][-1] < e <= i for e in ends):
            runs[-1].append(i)
        else:
            runs.append([i])
    whole = [run for run in runs if len({text.stem(words[i]) for i in run}) == len(stems)]
    for first, last in ((run[0], run[-1]) for run in whole or runs):
        begin = max((e for e in ends if e <= first), default=0)
        stop = min((e for e in ends if e > last), default=len(words))
        yield _Mention(
            _clause(reading, begin, first),
            _clause(reading, last + 1, stop),
            " ".join(words[stop:]),
            reading.breaks.get(stop) == "?",
            words[last],
            [
                w
                for w, capital in zip(words[last + 1 :], reading.capitals[last + 1 :], strict=True)
                if capital or w[0].isdigit()
            ],
        )


def _clause(reading: Reading, begin: int, stop: int) -> str:
    words = [f", {w}" if reading.breaks.get(i) == "," else w for i, w in enumerate(reading.words[begin:stop], begin)]
    return " ".join([*words, ","] if reading.breaks.get(stop) == "," else words)
