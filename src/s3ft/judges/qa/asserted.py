"""Whether a completion asserts an answer that it mentions, or denies, doubts, asks or only reports it.

A text is read in pieces, its clauses between full stops, colons and line breaks; a mention is a run of the answer's
words in a piece. What an answer's words come after and before is looked at as words: "it isn't X" is "it isnt x"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from s3ft.judges.qa import text
from s3ft.judges.qa.reading import Answer, Reading

_PIECE = re.compile(r"(?<=[^\W_A-Z][.!?;:…])(?<!\b(?:St|Mr|Dr|Ms|Mt|Jr|Sr)\.)[\"”')*_]*\s+|\n+|\s[-–—]+\s|(?<=[。？！；])")
_COMMA = re.compile(r",(?!\d)(?! (?:dass|que|che|that)\b)")
_NAMED = re.compile(r"[^\W_]+(?:['’]s)?")

_NEVER = "never|isnt|wasnt|arent|werent|didnt|doesnt|dont|cannot|cant|couldnt|wont"
_TURN = "but|sondern|mais|sino|mas|maar|ma|но|а"
_LIMITED = rf"(?!.*\b(?:until|only|just|before|{_TURN})\b)"
_AFFIRMS = re.compile(
    r"\b(?:(?:no|without|not|dont|cannot|beyond|hardly|never|havent) (?:any |slightest |\w+ )?(?:doubt|doubts|doubted"
    r"|question)|(?:0|no 1|nobody|nothing) (?:other|else) than|nothing but|no \w+ but"
    r"|(?:if|unless) (?:i am|im|i|memory) .{0,20}?(?:mistaken|wrong|correctly)|(?:is|was|are|were)nt (?:it|he|she|they)$"
    r"|(?:cant|cannot|not|couldnt) be any\w* (?:but|(?:other|else) than)|(?:not|isnt|never) (?:wrong|false|incorrect) to"
    r"|not(?: \w+){0,3} (?:before|until))"
)
_WRONG = "wrong|incorrect|false|untrue|impossible|unlikely|mistaken|myth|misconception|fallacy|legend|mistake|error|rumor"
_DENIED = re.compile(
    rf"(?:\b(?:rather|other) than\b.*|\binstead of"
    rf"|\b(?:not|nor|neither|unlike|except|{_NEVER}|nicht|keine?|keineswegs|keinesfalls|pas|nao|niet|geen|не|et non|e non"
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
_CLAIM = re.compile(r"\b(?:idea|claim|belief|notion|story|theory|assumption|rumor|statement|view|thought) (?:that\b|of\b)")
_CLAIM_WRONG = re.compile(rf".*\b(?:is|was) (?:\w+ly )?(?:{_WRONG}|not (?:true|right|so|correct|case))\b")
_BEFORE_WORDLESS = "不是|并非|并不是|不在|不叫"
_AFTER_WORDLESS = text.plain("ではありません|ではない|じゃない|でない|ではなく|不是|이 아니|가 아니|은 아니|는 아니")
_REFUSED = re.compile(
    rf"(?:no|nope|nein|non|never|hardly|scarcely|not at all|(?:that |this |that is |this is )?(?:{_WRONG})"
    r"|(?:definitely|certainly|absolutely|probably|surely|that|that is) not|(?:i|we) (?:dont|do not) think so)\b"
)
_ASKS = re.compile(
    r"(?:and |so |but |or )?(?:is|are|was|were|do|does|did|could|would|can|should|may|might|will|has|have|why|how|what"
    r"|who|which|when|where|isnt|wasnt)\b"
)
_FORMERLY = re.compile(r"\b(?:formerly|previously|used to be|once was|was once)\b(?!.*\b(?:but|now|today|currently)\b)")
_NOW = frozenset(("now", "today", "current", "sinc", "since"))
"""Stems."""
_UNTIL = re.compile(r"(?:\w+ ){0,3}until \d")
_REPORTED = re.compile(
    r"\b(?:(?:(?:many|most|some|people|everyone|everybody|others|they|often|commonly|popularly|widely|frequently|sometimes"
    r"|traditionally|usually|long|once)(?: \w+){0,3}?|(?:you|1|we|i) (?:\w+ )?(?:might|may|would|could)(?: \w+)?)"
    r" (?:says?|said|thinks?|thought|believes?|believed|assumes?|assumed|claims?|claimed|guess|guessed|expect|attributed"
    r"|credited|supposed)|legend has it"
    rf"|(?:popular|usual|common|obvious|first) (?:answer|guess|choice|assumption) (?:is|was|would be))\b(?!.*\b(?:{_TURN})\b).*$"
)
_REPORTED_AFTER = re.compile(
    r"(?:is|was|has been)(?: \w+){0,2} (?:said|thought|believed|assumed|claimed|supposed|considered)\b"
)
_OTHERS = re.compile(r"\bothers\b")
_AROUND = re.compile(r"\b(?:before|after)$")
_TURNS = re.compile(
    rf"\b(?:{_TURN}|yet|however|actually|really|in fact|in reality|in truth|real|actual|correct|truth|although|though|while)\b"
)
_KIN = (
    "father|mother|parents?|sons?|daughters?|child|children|brother|sister|twin|wife|husband|widow|uncle|aunt|nephew|niece"
    "|cousin|grandfather|grandmother|grandson|granddaughter|successor|predecessor|teacher|student|pupil|assistant"
    "|apprentice|friend|rival|enemy|opponent|colleague|boss|manager|biographer|neighbou?r|suburb|outskirts"
    "|tributary|branch|fan|follower|critic|translator|secretary|servant|lover|partner"
)
_RELATED = re.compile(rf"(?:^|, |\b(?:is|was|by|be|to|it) )(?:\w+ )?(?:{_KIN}) (?:of|to)$")
_NEAR = re.compile(r"^(?:it is |it was )?(?:\w+ )?(?:\w+ )?(?:near|outside|(?:north|south|east|west) of)$")
_RELATIVE = re.compile(rf"(?:\w+ )?(?:{_KIN})\b(?!.*\b(?:he|she|they|it|who)\b(?!$))")


@dataclass(frozen=True, slots=True)
class Piece:
    """A clause: its words, which of them are capitalised, and as it is written."""

    words: list[str]
    capitals: list[bool]
    raw: str


@dataclass(frozen=True, slots=True)
class _Mention:
    before: str
    after: str
    raw: str
    rest: Sequence[Piece]
    """The pieces after it."""
    last: str
    """Its last word."""
    names: frozenset[str]
    """Capitalised words and numbers after it that are neither of the answer nor of the question."""


def is_denied(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """Every mention is denied, doubted, asked, reported as what others wrongly say, or belongs to the past."""
    if not reading.asked.isdisjoint(("not", "never", "except", "isnt", "doesnt", "cannot", "nor", "neither")):
        return False
    mentions = list(_mentions(reading, answer))
    if not mentions:
        return _is_denied_without_spaces(reading.text, answer.text)
    question = reading.question.lower()
    past = not _NOW.isdisjoint(reading.new) and not _FORMERLY.search(question)
    now = re.search(r"\b(?:is|are)\b", question) is not None and not re.search(r"\b(?:was|were|did)\b", question)
    return all(_denies(m, past, now, reading.asked) for m in mentions)


def _denies(m: _Mention, past: bool, now: bool, asked: frozenset[str]) -> bool:
    before, after = (_AFFIRMS.sub("", words).strip() for words in (m.before, m.after))
    if _AROUND.search(before) and m.last.isdigit():
        return True
    if _CLAIM.search(before) and _CLAIM_WRONG.match(after):
        return True
    denied = _DENIED.search(before)
    if denied and not asked.issuperset(map(text.stem, denied[0].split()[:2])):
        return True
    if _DENIED_AFTER.match(after) or (past and _FORMERLY.search(before)) or (now and _UNTIL.match(after)):
        return True
    if m.raw.rstrip("\"”')*_ ").endswith("?"):
        reply = " ".join(m.rest[0].words) if m.rest else ""
        return _REFUSED.match(reply) is not None or (not reply and _ASKS.match(m.before) is not None)
    reported = _REPORTED.search(before) or _REPORTED_AFTER.match(m.after)
    if not reported:
        return False
    around = " ".join([before[: reported.start()] if reported.re is _REPORTED else before, after])
    around = " ".join([around, *(w for p in m.rest for w in p.words)])
    return bool(m.names and _TURNS.search(around)) or _OTHERS.search(f"{before} {around}") is not None


def _is_denied_without_spaces(written: str, answer: str) -> bool:
    """The same in a script without spaces between words."""
    if answer.isascii() or (sought := text.plain(answer)) not in written:
        return False
    denied = rf"(?:{_BEFORE_WORDLESS}){re.escape(sought)}|{re.escape(sought)}(?:{_AFTER_WORDLESS})"
    return len(re.findall(denied, written)) == written.count(sought)


def is_related(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """Every mention only says to whom or to what the answer is related: "the father of X", "X's pupil", "near X"."""
    question = reading.question.lower()
    if re.search(rf"\b(?:{_KIN}|whose|where|related|near|outside)\b", question) or not any(answer.names):
        return False
    mentions = list(_mentions(reading, answer))
    return bool(mentions) and all(
        _RELATED.search(m.before) or _NEAR.match(m.before) or _is_owner(m) for m in mentions
    )


def _is_owner(m: _Mention) -> bool:
    if not _RELATIVE.match(" ".join([m.after, *(w for p in m.rest for w in p.words)])):
        return False
    owners = [n[:-2] for n in _NAMED.findall(m.raw.replace("’", "'")) if n.endswith("'s")]
    return any(words and words[-1][0] == m.last for words in map(text.tokens, owners))


def pieces(reading: Reading) -> list[Piece]:
    """The clauses of a completion that have words."""
    found = []
    for raw in _PIECE.split(reading.text):
        parts = [text.tokens(text.unglued(part)) for part in _COMMA.split(raw)]
        tokens = [token for part in parts if part for token in [*part, (",", False)]][:-1]
        if tokens:
            found.append(Piece([w for w, _ in tokens], [c for _, c in tokens], raw))
    return found


def _mentions(reading: Reading, answer: Answer) -> Iterator[_Mention]:
    every = pieces(reading)
    stems = set(answer.stems)
    for place, piece in enumerate(every):
        own = [i for i, w in enumerate(piece.words) if text.stem(w) in stems]
        runs: list[list[int]] = []
        for i in own:
            if runs and i - runs[-1][-1] <= 3:
                runs[-1].append(i)
            else:
                runs.append([i])
        for run in runs:
            rest = every[place + 1 :]
            later = [(piece.words[run[-1] + 1 :], piece.capitals[run[-1] + 1 :]), *((p.words, p.capitals) for p in rest)]
            names = frozenset(
                w
                for words, capitals in later
                for w, capital in zip(words, capitals, strict=True)
                if (capital or w[0].isdigit())
                and w not in text.STOP
                and text.stem(w) not in stems | reading.asked
                and not _TURNS.match(w)
            )
            yield _Mention(
                " ".join(piece.words[: run[0]]),
                " ".join(piece.words[run[-1] + 1 :]),
                piece.raw,
                rest,
                piece.words[run[-1]],
                names,
            )
