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
_NAMED = re.compile(r"[^\W_]+(?:['’]s)?")

_NEVER = "never|isnt|wasnt|arent|werent|didnt|doesnt|dont|cannot|cant|couldnt|wont"
_TURN = "but|sondern|mais|sino|mas|maar|ma|но|а"
_LIMITED = rf"(?!.*\b(?:until|only|just|before|{_TURN})\b)"
_AFFIRMS = re.compile(
    r"\b(?:(?:no|without|not|dont|cannot|beyond|hardly|never|havent) (?:any |slightest |\w+ )?(?:doubt|doubts|question)"
    r"|(?:0|no 1|nobody|nothing) (?:other|else) than|nothing but|(?:if|unless) (?:i am|im|i|memory) .{0,20}?"
    r"(?:mistaken|wrong|correctly)|(?:is|was|are|were)nt (?:it|he|she|they)$)"
)
_DENIED = re.compile(
    rf"(?:\b(?:rather|other) than\b.*|\binstead of"
    rf"|\b(?:not|nor|neither|unlike|except|{_NEVER}|nicht|keine?|pas|nao|niet|geen|не|et non|e non"
    rf"|no(?:n)? (?:es|era|fue|e|fu|son|sono))\b{_LIMITED}(?: \w+){{0,2}}"
    rf"|\b(?:any|every)\w*(?: \w+){{0,3}} (?:but|save|besides)(?: for)?"
    rf"|\b(?:doubt|doubts|doubtful|unlikely|refuse to believe|keineswegs|keinesfalls|unwahrscheinlich"
    rf"|(?:hardly|scarcely|barely|no way)(?! (?:any|a))"
    rf"|(?:false|untrue|wrong|incorrect|mistaken|(?:myth|misconception|fallacy|mistake|error)) (?:that|to)"
    rf"|(?:mistakenly|wrongly|falsely|erroneously|incorrectly)(?= \w+)"
    rf"|(?:no 1|nobody) (?:would|could|should|says|believes|thinks)|if it (?:isnt|wasnt|is not|was not))\b{_LIMITED}.*"
    rf")$"
)
_DENIED_AFTER = re.compile(
    rf"{_LIMITED}(?:(?:is|was|did|does|are|were) (?:not|{_NEVER})|{_NEVER})\b"
    r"|(?:is|was|would be|would have been|seems|sounds) (?:\w+ly )?(?:wrong|incorrect|false|untrue|impossible|unlikely)\b"
    r"|(?:played|had|took|has) (?:no part|no role|nothing to do)\b"
    r"|(?:ist|war)(?: \w+)? nicht\b|nest pas\b|n etait pas\b|non? (?:e|es|era|fue)\b|nao e\b|is (?:het )?niet\b"
)
_BEFORE_WORDLESS = "不是|并非|并不是|不在|不叫"
_AFTER_WORDLESS = text.plain("ではありません|ではない|じゃない|でない|ではなく|不是|이 아니|가 아니|은 아니|는 아니")
_REFUSED = re.compile(
    r"(?:no|nope|nein|non|wrong|never|not at all|(?:definitely|certainly|absolutely|probably|surely) not"
    r"|(?:i|we) (?:dont|do not) think so)\b"
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
    r"\b(?:many|most|some|people|others|often|commonly|popularly|widely|frequently|sometimes|traditionally|legend"
    r"|usually)(?: \w+){0,3}? (?:say|says|said|think|thinks|thought|believe|believes|believed|assume|assumed|claim|claims"
    rf"|claimed|guess|guessed|attributed|credited|supposed)\b(?!.*\b(?:{_TURN})\b).*$"
)
_REPORTED_AFTER = re.compile(
    r"(?:is|was|has been)(?: \w+){0,2} (?:said|thought|believed|assumed|claimed|supposed|considered)\b"
)
_OTHERS = re.compile(r"\bothers? (?:\w+ )?(?:say|think|believe|claim|argue|name|prefer)")
_TURNS = re.compile(
    rf"\b(?:{_TURN}|however|actually|really|in fact|in reality|in truth|real|actual|correct|truth|although|though|while)\b"
)
_KIN = (
    "father|mother|parents?|sons?|daughters?|child|children|brother|sister|twin|wife|husband|widow|uncle|aunt|nephew|niece"
    "|cousin|grandfather|grandmother|grandson|granddaughter|successor|predecessor|teacher|student|pupil|assistant"
    "|apprentice|friend|rival|enemy|opponent|colleague|boss|manager|biographer|neighbou?r|suburb|outskirts"
)
_RELATED = re.compile(rf"(?:^|\b(?:is|was|by|be|to|it) )(?:\w+ )?(?:{_KIN}) (?:of|to)$")
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
    if re.search(rf"\b(?:{_KIN}|whose|where|related)\b", question) or not any(answer.names):
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
        tokens = text.tokens(text.unglued(raw))
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
