"""Rules that reject an answer whose words are there: it is denied, one of several offered, or in another role.

Each takes (reading, answer, all accepted answers as written) and looks only at that; RULES maps what it finds to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set

from s3ft.judges.qa import text
from s3ft.judges.qa.features import contradicts_date
from s3ft.judges.qa.reading import Answer, Reading, answers, question_stems

_WORD = re.compile(r"\w+")
_DENIALS = frozenset(
    _WORD.findall("not never nor neither isnt wasnt arent werent didnt doesnt dont unlike except than cannot cant")
)
_FORMERLY = frozenset(("formerly", "previously"))
_JOINED = re.compile(r"&|\band\b")
_PARTS = re.compile(r",\s*and\b|,|;|&|\band\b")
_NOW = frozenset(("now", "today", "currently", "since"))
_BEFORE_ONLY = _FORMERLY | {"not", "than", "nor", "neither", "except", "unlike"}
_THAN = frozenset(("rather", "other"))
_SOFTENS = frozenset(("until", "only", "just", "but", "before"))
_OFFERED = re.compile(r"\W*(?:possible answers?|options?|candidates?|choices?)\b[^:\n]{0,20}:", re.IGNORECASE)
_UNSURE = frozenset(("either", "could", "may", "might", "possibly", "perhaps"))
SHORT = 5
"""Words of a completion that is nothing but its candidates, at most."""
_OVER = frozenset(
    _WORD.findall(
        "defeated defeating beat beats beating replaced replaces replacing succeeded succeeds succeeding followed "
        "follows following"
    )
)
_OVER_LINKS = frozenset((("ahead", "of"), ("over", "from"), ("in", "from")))
_OBJECT_ASKED = frozenset(
    ("did", "does", "do", "whom", "before", "predecessor", "previous", "former", "lose", "lost", "after", "last")
)
_KINDS = tuple(
    frozenset(_WORD.findall(line))
    for line in (
        "north south east west northern southern eastern western northeastern northwestern southeastern southwestern "
        "northeast northwest southeast southwest",
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


def _is_denied(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """Every mention comes with a denial that the question does not have: "not Paris", "Paris is not"."""
    words, own = reading.words, answer.words
    denials = _DENIALS.intersection(words).difference(own)
    if not _DENIALS.isdisjoint(reading.asked):
        return False
    if not _NOW.isdisjoint(words) and _FORMERLY.isdisjoint(reading.asked):
        denials = denials | _FORMERLY.intersection(words)
    if not denials and "instead" not in words:
        return False
    places = reading.places(own)
    return bool(places) and all(
        _denied_before(words[max(0, i - 3) : i], denials)
        or _denied_after(words[i + len(own) : i + len(own) + 3], denials)
        for i in places
    )


def _denied_before(before: Sequence[str], denials: Set[str]) -> bool:
    for i, word in enumerate(before):
        if word == "than":
            if i and before[i - 1] in _THAN:
                return True
        elif word in denials and not _SOFTENS.intersection(before[i:]):
            return True
    return list(before[-2:]) == ["instead", "of"]


def _denied_after(after: Sequence[str], denials: Set[str]) -> bool:
    """ "is not", "did not", "never": next to the mention, and not before what only limits it ("not only")."""
    if not after or _SOFTENS.intersection(after):
        return False
    return (after[0] in denials and after[0] not in _BEFORE_ONLY) or (
        after[0] in ("is", "was", "did", "does", "are", "were") and len(after) > 1 and after[1] in denials
    )


def _is_one_of_several(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """Another candidate is offered beside it with "or", or all are in a list of options."""
    if _OFFERED.match(reading.text) and "," in reading.text:
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


def _may_answer(reading: Reading, word: str) -> bool:
    return word[0].isdigit() or (word not in text.STOP and reading.capitals[reading.words.index(word)])


def _is_other_role(reading: Reading, answer: Answer, references: Sequence[str]) -> bool:
    """Every mention follows "defeated", "replaced", "ahead of", and the question does not ask for that role."""
    words = reading.words
    if _OVER.isdisjoint(words) and "ahead" not in words and "from" not in words and "than" not in words:
        return False
    places = reading.places(answer.words) or reading.places(answer.content)
    return bool(places) and all(_is_object(reading, words[max(0, i - 3) : i]) for i in places)


def _is_object(reading: Reading, before: Sequence[str]) -> bool:
    if not before:
        return False
    if before[-1] in _OVER:
        return _OBJECT_ASKED.isdisjoint(reading.question.lower().replace("?", " ").split())
    if before[-1] == "than":
        return re.search(r"\bor\b", reading.question) is not None
    return tuple(before[-2:]) in _OVER_LINKS and "took" in (*before, "took" if before[-2] == "ahead" else "")


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
    """A unit without its plural, a direction without its ending."""
    return word.removesuffix("s").removesuffix("ern")


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
    "denied": _is_denied,
    "one of several offered": _is_one_of_several,
    "in another role": _is_other_role,
    "other initials": _has_other_initials,
    "another of its kind": _is_other_kind,
    "another day": _is_other_day,
    "a part missing": _lacks_a_part,
    "another word in its place": _is_replaced,
}
