"""Rules that reject an answer whose words are there: it is denied, one of several offered, or in another role.

Each takes (reading, answer, all accepted answers as written) and looks only at that; RULES maps what it finds to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from s3ft.judges.qa import text
from s3ft.judges.qa.asserted import is_denied, is_related
from s3ft.judges.qa.features import contradicts_date
from s3ft.judges.qa.reading import Answer, Reading, answers, question_stems

_WORD = re.compile(r"\w+")
_JOINED = re.compile(r"&|\band\b")
_PARTS = re.compile(r",\s*and\b|,|;|&|\band\b")
_OFFERED = re.compile(r"\W*(?:possible answers?|options?|candidates?|choices?)\b[^:\n]{0,20}:", re.IGNORECASE)
_UNSURE = frozenset(("either", "could", "may", "might", "possibly", "perhaps"))
LISTED = 30
"""Words of a completion that is a list of candidates, at most."""
SHORT = 5
"""Words of a completion that is nothing but its candidates, at most."""
_ITEM = re.compile(r"\n+(?:[-*•]|\d{1,2}[.)])?|\s/\s|[,;]|,? (?:and|or) |(?:^|\s)(?:[a-e]|\d)\)\s")
_LETTERED = re.compile(r"\s/\s|\sb\)\s")
_SEVERAL_ASKED = re.compile(
    r"\b(?:(?:who|what|which|where) (?:\w+ )?(?:are|were|wrote|sang|sings)|name|list|\d|two|three|four|five|six"
    r"|both|all|members?|cast)\b",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"\b(?:(?:is|be) 1 of (?:\w+ ){1,4}and|^1 of (?:\w+ ){1,4}and|between (?:\w+ ){1,4}and .*\b(?:decide|choose"
    r"|sure|certain|tell)"
    r"|both (?:are )?(?:possible|plausible|likely|candidates|options|correct|fit))\b"
)
_HEDGES = frozenset(("maybe", "perhaps", "possibly", "might", "could", "may"))
_KINDS = tuple(
    frozenset(_WORD.findall(line))
    for line in (
        "north south east west northeast northwest southeast southwest",
        "left right",
        "upper lower",
        "jr sr",
        "bc ad",
        "monday tuesday wednesday thursday friday saturday sunday",
        "dollar dollars euro euros pound pounds yen rupee rupees",
        "second seconds minute minutes hour hours day days week weeks month months year years",
        "kilometer kilometers mile miles meter meters foot feet",
        "kilogram kilograms pound pounds gram grams ton tons",
    )
)


def _is_one_of_several(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """Another candidate is offered beside it with "or", or all are in a list of options."""
    if _OFFERED.match(reading.text) and "," in reading.text:
        return True
    if len(reading.words) <= LISTED and (_is_listed(reading, answer, references) or _is_hedged(reading, answer)):
        return True
    if "or" not in reading.words or re.search(r"\bor\b", answer.text):
        return False
    if answer.amounts and reading.amounts == answer.amounts:
        return False
    accepted = {s for r in references for a in answers(r) for s in a.stems}
    starts = {w[:4] for w in answer.content}
    for place in (i for i, w in enumerate(reading.words) if w == "or"):
        if len(reading.words) > SHORT and _UNSURE.isdisjoint(reading.words[max(0, place - 6) : place + 3]):
            continue
        sides = (reading.words[max(0, place - 3) : place][::-1], reading.words[place + 1 : place + 5])
        here = [any(text.stem(w) in answer.stems for w in side) for side in sides]
        others = [
            any(
                text.stem(w) not in accepted | reading.asked and w[:4] not in starts and _may_answer(reading, w)
                for w in side
            )
            for side in sides
        ]
        if (here[0] and others[1] and not here[1]) or (here[1] and others[0] and not here[0]):
            return True
    return False


def _is_listed(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """The completion is a list of four names or numbers, of three on lines of their own, and one is accepted."""
    items = [i for item in _ITEM.split(reading.text) if (i := item.strip(" \t.*-•"))]
    on_lines = "\n" in reading.text.strip() or _LETTERED.search(reading.text) is not None
    asks_for_several = _SEVERAL_ASKED.search(reading.question) and "or" not in reading.words
    if len(items) < 4 - on_lines or asks_for_several:
        return False
    accepted = {s for r in references for a in answers(r) for s in a.stems}
    read = [[(text.stem(w), w, capital) for w, capital in text.tokens(item) if w not in text.STOP] for item in items]
    names = all(0 < len(item) < 5 and all(capital or w[0].isdigit() for _, w, capital in item) for item in read)
    stems = [{stem for stem, _, _ in item} for item in read]
    return names and sum(accepted.isdisjoint(own) and not own <= reading.asked for own in stems) == len(items) - 1


def _is_hedged(reading: Reading, answer: Answer) -> bool:
    """Two answers are called possible, and none of them is chosen."""
    names = {
        w
        for w, capital in zip(reading.words, reading.capitals, strict=True)
        if (capital or w[0].isdigit()) and w not in text.STOP | _HEDGES and text.stem(w) not in reading.asked
    }
    if all(text.stem(w) in answer.stems for w in names):
        return False
    return sum(w in _HEDGES for w in reading.words) > 1 or _BOTH.search(" ".join(reading.words)) is not None


def _may_answer(reading: Reading, word: str) -> bool:
    return word[0].isdigit() or (word not in text.STOP and reading.capitals[reading.words.index(word)])


def _is_initial(word: str) -> bool:
    return len(word) == 1 and word.isalpha() and word not in text.STOP


def _has_other_initials(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """The name is there with initials that are not the answer's: George H. W. for George W., D. S. for C. S."""
    own = [w for w in answer.content if _is_initial(w)]
    if not own or len(answer.content[-1]) < 3 or answer.stems[-1] not in reading.stems:
        return False
    lists = []
    for end in (i for i, w in enumerate(reading.words) if text.stem(w) == answer.stems[-1]):
        before = reading.words[max(0, end - 3) : end]
        lists.append([w for w in before if _is_initial(w)])
    return all((found and found != own[-len(found) :]) or len(own) > len(found) > 0 for found in lists)


def _is_other_kind(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """Of a closed class (compass, weekdays, units) the completion has another member than the answer."""
    if answer.amounts and answer.amounts <= reading.amounts:
        return False
    asked = {_bare(stem) for stem in reading.asked}
    for kind in _KINDS:
        own = {_bare(w) for w in kind.intersection(answer.content)}
        said = {_bare(w) for w in kind.intersection(reading.words)}
        if own and said and own.isdisjoint(said) and not said <= asked:
            return True
    return False


def _bare(word: str) -> str:
    """A unit without its plural."""
    return word.removesuffix("s")


def _lacks_a_part(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """Of a list one word is missing (red and blue), or of a place only what it lies in is there (Dover, Delaware)."""
    is_list = _JOINED.search(answer.text) is not None
    if not is_list and answer.text.count(",") != 1:
        return False
    parts = [set(question_stems(part)) & set(answer.stems) for part in _PARTS.split(answer.text)]
    if not all(len(part) == 1 or (part and not is_list and len(part) < 3) for part in parts):
        return False
    missing = {s for (_, share), s in zip(reading.find_all(answer), answer.stems, strict=True) if not share}
    needed = parts if is_list else parts[:1] if all(answer.names) else []
    return any(part <= missing and not part <= reading.asked for part in needed)


def _is_other_day(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """It is a part of accepted dates, and the completion has another day or month than all of them."""
    own = set(answer.words)
    finer = [a for r in references for a in answers(r) if own < set(a.words) and text.dates(a.words).months]
    return bool(finer) and reading.years <= reading.asked | own and all(contradicts_date(a, reading) for a in finer)


def _is_replaced(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """In a short text another word stands where one should: potassium nitrate, World Trade Organization."""
    found = reading.find_all(answer)
    missing = [i for i, (_, share) in enumerate(found) if not share]
    if (
        len(missing) != 1
        or len(reading.words) > 6
        or answer.content[missing[0]][0].isdigit()
        or reading.is_same(answer)
    ):
        return False
    places = {found[i][0] + missing[0] - i for i in (missing[0] - 1, missing[0] + 1) if 0 <= i < len(found)}
    return any(reading.stems[s] in places and reading.words[reading.stems[s]] not in answer.words for s in reading.new)


Rule = Callable[[Reading, Answer, Sequence[str]], bool]
RULES: dict[str, Rule] = {
    "denied": is_denied,
    "one of several offered": _is_one_of_several,
    "in another role": is_related,
    "other initials": _has_other_initials,
    "another of its kind": _is_other_kind,
    "another day": _is_other_day,
    "a part missing": _lacks_a_part,
    "another word in its place": _is_replaced,
}
