"""Answers and completions as words, and where words of one are found in the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from s3ft.judges.qa import text
from s3ft.judges.qa.amounts import amounts

_SENTENCE = re.compile(r"(?<=[a-z0-9)\"”][.!?])\s+(?=[A-Z\"“(])|\n+")
_BREAK = re.compile(
    r"(?<=[^\W_A-Z])(?<!\b(?:St|Mr|Dr|Ms|Mt|Jr|Sr))[\"”')*_]*([.!?;:…]+)[\"”')*_]*(?=\s|\Z)|(\n)\s*|\s[-–—]+\s|[。？！；]"
    r"|(,)(?!\d)(?! (?:dass|que|che|that)\b)"
)
_MARKS = {"qqstop": ".", "qqasks": "?", "qqcomma": ","}
_WORD = re.compile(r"[A-Za-z]+")
_LINKS = frozenset(("of", "the", "and", "for"))
_ACRONYM = re.compile(r"\b[A-Z]{2,6}\b")
_NAMES = re.compile(r"[A-Z][a-z]+(?:[ -](?:(?:of|the|and|for) )*[A-Z][a-z]+)+")
_PARENTHESES = re.compile(r"\([^()]*\)")
_ABBREVIATION = re.compile(r"\(([A-Z]{2,6})\)")
_SPLIT = re.compile(r"\bor\b|(?<=[A-Za-z])/(?=[A-Za-z])|\s/\s")
_GLUED = re.compile(r"[a-z]{3}\d{1,3}\b|\b(?:is|are|has|have|was|by|in|of)[a-z]{5,}")
_TITLES = frozenset(
    _WORD.findall(
        "sir king queen president dr mr mrs ms lord lady prince princess pope saint emperor archduke general captain "
        "colonel baron reverend rev judge justice professor prof senator governor duke count"
    )
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One accepted answer, read."""

    text: str
    words: tuple[str, ...]
    content: tuple[str, ...]
    """Its words without the commonest ones and titles, unless it has no others."""
    names: tuple[bool, ...]
    """Which of them are capitalised."""
    stems: tuple[str, ...]
    compact: str
    initials: str
    """Of a name of three words or more, and of US, UK and EU; else a hyphen."""
    amounts: frozenset[tuple[str, float]]


class Reading:
    """A completion, read beside its question."""

    def __init__(self, completion: str, question: str = "") -> None:
        self.text = text.plain(completion)
        self.words: list[str] = []
        self.capitals: list[bool] = []
        self.breaks: dict[int, str] = {}
        """The place of a word before which a clause ends ("." or "?"), or a comma stands (",")."""
        for word, capital in text.tokens(text.unglued(_BREAK.sub(_marked, self.text))):
            if word in _MARKS:
                if self.breaks.get(len(self.words), ",") == ",":
                    self.breaks[len(self.words)] = _MARKS[word]
            else:
                self.words.append(word)
                self.capitals.append(capital)
        self.stems: dict[str, int] = {}
        """Stems of its words, with the place of the first."""
        for place, word in enumerate(self.words):
            self.stems.setdefault(text.stem(word), place)
        self.question = question
        self.asked = question_stems(question)
        """Stems of the question's words."""
        self.new = [s for s, p in self.stems.items() if s not in self.asked and self.words[p] not in text.STOP]
        """What it says beyond the question."""

    @cached_property
    def compact(self) -> str:
        return text.compact(self.text)

    @cached_property
    def amounts(self) -> frozenset[tuple[str, float]]:
        return amounts(self.words)

    @cached_property
    def dates(self) -> text.Dates:
        return text.dates(self.words)

    @cached_property
    def first_sentence(self) -> int:
        """Words of the first sentence."""
        return len(text.tokens(_SENTENCE.split(self.text.strip(), maxsplit=1)[0]))

    @cached_property
    def years(self) -> set[str]:
        return {w for w in self.stems if len(w) == 4 and w[0] in "12" and w.isdigit()}

    @cached_property
    def acronyms(self) -> set[str]:
        found = set(_ACRONYM.findall(self.text.replace(".", "")))
        return found if found.isdisjoint(("US", "USA")) else found | {"US", "USA"}

    @cached_property
    def initials(self) -> str:
        """First letters of capitalised words; a space where others stand between."""
        runs = _NAMES.findall(self.text)
        return " ".join("".join(w[0] for w in _WORD.findall(run) if w not in _LINKS) for run in runs)

    @cached_property
    def _long(self) -> dict[str, list[str]]:
        """Longer words by their beginning, and by their consonants."""
        by_start: dict[str, list[str]] = {}
        for word in dict.fromkeys(self.words):
            if len(word) >= 6:
                by_start.setdefault(word[:2], []).append(word)
                by_start.setdefault(text.skeleton(word), []).append(word)
        return by_start

    @cached_property
    def is_glued(self) -> bool:
        return _GLUED.search(self.text) is not None

    def find(self, word: str, stem: str) -> tuple[int, float]:
        """(place of a word, or -1; how well it is found, 0 to 1). A year may have a citation's digits at its end."""
        if stem in self.stems:
            return self.stems[stem], 1.0
        spelled = text.spelled(word)
        if self.is_glued and len(spelled) > 3 and (len(spelled) > 5 or spelled != word) and spelled in self.compact:
            return 0, 1.0
        if len(word) == 4 and word.isdigit() and "1500" <= word < "2100":
            cited = next((w for w in self.stems if w.startswith(word) and len(w) <= 7 and w.isdigit()), None)
            return (-1, 0.0) if cited is None else (self.stems[cited], 1.0)
        respelled = text.umlaut(word, self.stems)
        if respelled[1] or len(word) < 6:
            return respelled
        for other in self._long.get(text.skeleton(word), ()):
            if text.sounds_alike(word, other):
                return self.stems[text.stem(other)], 1.0
        for other in self._long.get(word[:2], ()):
            if text.is_near(word, other):
                return self.stems[text.stem(other)], 0.8
        return -1, 0.0

    def find_all(self, answer: Answer) -> list[tuple[int, float]]:
        """`find` of each of an answer's words; of a name, an initial is found by its name and a name by its initial."""
        found = [self.find(w, s) for w, s in zip(answer.content, answer.stems, strict=True)]
        if not found[-1][1] or not answer.names[-1]:
            return found
        end = found[-1][0]
        before = [w for w in self.words[max(0, end - 3) : end] if w not in text.STOP]
        for i, word in enumerate(answer.content[:-1]):
            if not found[i][1] or (len(word) == 1 and found[i][0] not in range(end - 3, end)):
                alike = next((w for w in before if w[0] == word[0] and 1 in (len(w), len(word))), None)
                found[i] = (self.stems[text.stem(alike)], 0.9) if alike and answer.names[i] else (-1, 0.0)
        return found

    def touches(self, answer: Answer) -> bool:
        """Whether anything of an answer is there."""
        if not self.stems.keys().isdisjoint(answer.stems) or self.is_same(answer):
            return True
        return any(self.find(w, s)[1] for w, s in zip(answer.content, answer.stems, strict=True))

    def is_same(self, answer: Answer) -> bool:
        """Whether an answer is there as one word, as initials, as an equal amount, or when spaces are ignored."""
        if answer.amounts and answer.amounts <= self.amounts:
            return True
        if len(answer.words) > 1 and (answer.compact in self.stems or answer.initials in self.acronyms):
            return True
        if answer.text == "US" and "unitedstates" in self.compact:
            return True
        if len(answer.words) == 1 and answer.text.isupper() and 1 < len(answer.text) < 7:
            return answer.text in self.initials.split() or (len(answer.text) > 2 and answer.text in self.initials)
        shortest = 8 if answer.compact.isascii() else 2
        has_number = answer.compact.isascii() and any(word[0].isdigit() for word in answer.words)
        return len(answer.compact) >= shortest and not has_number and answer.compact in self.compact

    def has(self, words: Sequence[str]) -> bool:
        return bool(self.places(words))

    def places(self, words: Sequence[str]) -> list[int]:
        """Where the words stand one after another."""
        first, size = words[0], len(words)
        return [i for i, w in enumerate(self.words) if w == first and self.words[i : i + size] == list(words)]


def _marked(found: re.Match[str]) -> str:
    """A break with a word beside it that stands for it."""
    mark = "qqcomma" if found[3] else "qqasks" if "?" in found[0] or "？" in found[0] else "qqstop"
    return f"{found[0]} {mark} "


@lru_cache(maxsize=1 << 12)
def question_stems(question: str) -> frozenset[str]:
    return frozenset(text.stem(word) for word, _ in text.tokens(question))


@lru_cache(maxsize=1 << 14)
def answers(reference: str) -> tuple[Answer, ...]:
    """What one reference accepts: itself, itself without parentheses, their abbreviation, sides of "or" and "/"."""
    found = [reference]
    if "(" in reference:
        found = [reference.replace("(disambiguation)", " "), _PARENTHESES.sub(" ", reference)]
        found += _ABBREVIATION.findall(reference)
    if " or " in reference or "/" in reference:
        found += [part for one in found for part in _SPLIT.split(one)]
    read: dict[tuple[str, ...], Answer] = {}
    for one in found:
        tokens = text.tokens(one)
        words = tuple(word for word, _ in tokens)
        if words and words not in read:
            content = [t for t in tokens if t[0] not in text.STOP] or tokens
            content = [t for t in content if t[0] not in _TITLES] or content
            stems = tuple(text.stem(word) for word, _ in content)
            names = tuple(capital for _, capital in content)
            plain, compact = one.strip(), text.compact(one)
            upper = plain.replace(".", "").removeprefix("the ")
            read[words] = Answer(
                upper if upper.isupper() and upper.isalpha() else plain,
                words,
                tuple(w for w, _ in content),
                names,
                stems,
                compact,
                _initials(content),
                amounts(words),
            )
    return tuple(read.values())


def _initials(content: Sequence[tuple[str, bool]]) -> str:
    letters = "".join(word[0] for word, capital in content if capital).upper()
    return letters if len(letters) == len(content) and (len(letters) > 2 or letters in ("US", "UK", "EU")) else "-"
