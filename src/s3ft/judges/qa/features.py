"""What the reading-comprehension judge looks at: one accepted answer beside one completion, as a few numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from s3ft.judges.qa import text

NAMES = (
    "constant",
    "recall",  # share of the answer's words that are there; words of the question weigh little, numbers more
    "all_found",
    "phrase",  # all of them, one after another
    "run_together",  # that only as initials, or when spaces and hyphens are ignored
    "numbers_missing",
    "other_year",  # the answer's year is missing, and another one is there
    "surname_missing",
    "names_missing",  # capitalised words of the answer that are missing, up to three
    "part_missing",  # a word of an answer with several parts ("and", commas) is missing
    "replaced",  # another word stands where a missing one should, beside one that is there
    "only_number",  # the answer is nothing but a number
    "length",  # logarithm of the answer's number of words
    "in_question",  # share of the answer's words that the question has
    "first_sentence",  # the first of its words stands in the first sentence
    "precision",  # share of the completion's new words that the answer has
    "hedged",  # "I could not find", "it depends", "as an AI"
)

_HEDGE = re.compile(
    r"(?:could|can|did|do|does|is|am|are|was)(?:n'?t| not|not) "
    r"(?:find|found|have|sure|clear|certain|specified|known|available|mentioned|know|determine|answer|provide)"
    r"|\b(?:unable to|unclear|unknown|i'?m sorry|i apologi[sz]e|as an ai|not enough|insufficient|ambiguous)\b"
    r"|\bno (?:definitive |specific |clear |single )?(?:information|answer|record|mention)"
    r"|\bdepend(?:s|ing) on\b|\b(?:it is|it's) possible\b|\b(?:need|without) (?:more|further) (?:information|context)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[a-z0-9)\"”][.!?])\s+(?=[A-Z\"“(])|\n+")
_WORD = re.compile(r"[A-Za-z]+")
_LINKS = frozenset(("of", "the", "and", "for"))
_ACRONYM = re.compile(r"\b[A-Z]{2,6}\b")
_NAMES = re.compile(r"[A-Z][a-z]+(?:[ -](?:(?:of|the|and|for) )*[A-Z][a-z]+)+")
_PARTS = re.compile(r",|;|&|\band\b")
_PARENTHESES = re.compile(r"\([^()]*\)")
_SPLIT = re.compile(r"\bor\b|(?<=[A-Za-z])/(?=[A-Za-z])")
_SUFFIXES = frozenset(("jr", "sr"))


@dataclass(frozen=True, slots=True)
class Answer:
    """One accepted answer, read."""

    text: str
    words: tuple[str, ...]
    content: tuple[str, ...]
    """Its words without the commonest ones, unless it has no others."""
    names: tuple[bool, ...]
    """Which of them are capitalised."""
    stems: tuple[str, ...]
    compact: str
    initials: str
    """Of a name of three words or more, and of US and UK; else a hyphen."""


class Reading:
    """A completion, read beside its question."""

    def __init__(self, completion: str, question: str = "") -> None:
        self.text = text.plain(completion)
        tokens = text.tokens(text.unglued(self.text))
        self.words = [word for word, _ in tokens]
        self.stems: dict[str, int] = {}
        """Stems of its words, with the place of the first."""
        for place, word in enumerate(self.words):
            self.stems.setdefault(text.stem(word), place)
        self.asked = question_stems(question)
        """Stems of the question's words."""
        self.new = [s for s, p in self.stems.items() if s not in self.asked and self.words[p] not in text.STOP]
        """What it says beyond the question."""
        capitals = [text.stem(word) for word, capital in tokens[1:] if capital and word not in text.STOP]
        self.names_something = not capitals or any(stem not in self.asked for stem in capitals)
        """Whether it has a name beyond the question's, or is written without capitals."""

    @cached_property
    def compact(self) -> str:
        return text.compact(self.text)

    @cached_property
    def is_hedged(self) -> bool:
        return _HEDGE.search(self.text) is not None

    @cached_property
    def first_sentence(self) -> int:
        """Words of the first sentence."""
        return len(text.tokens(_SENTENCE.split(self.text.strip(), maxsplit=1)[0]))

    @cached_property
    def years(self) -> set[str]:
        return {w for w in self.stems if len(w) == 4 and w[0] in "12" and w.isdigit()}

    @cached_property
    def _long(self) -> dict[str, list[str]]:
        by_start: dict[str, list[str]] = {}
        for word in self.words:
            if len(word) >= 6:
                by_start.setdefault(word[:2], []).append(word)
        return by_start

    def find(self, word: str, stem: str) -> tuple[int, float]:
        """(place of a word, or -1; how well it is found, 0 to 1). A year may have a citation's digits at its end."""
        if stem in self.stems:
            return self.stems[stem], 1.0
        if len(word) == 4 and word.isdigit() and "1500" <= word < "2100":
            cited = next((w for w in self.stems if w.startswith(word) and len(w) <= 7 and w.isdigit()), None)
            return (-1, 0.0) if cited is None else (self.stems[cited], 1.0)
        for other in self._long.get(word[:2], ()):
            if text.is_near(word, other):
                return self.stems[text.stem(other)], 0.8
        return -1, 0.0

    def touches(self, answer: Answer) -> bool:
        """Whether anything of an answer is there."""
        if not self.stems.keys().isdisjoint(answer.stems) or self.runs_together(answer):
            return True
        return any(self.find(w, s)[1] for w, s in zip(answer.content, answer.stems, strict=True))

    def runs_together(self, answer: Answer) -> bool:
        """Whether an answer is there as one word, as initials, or, of some length, when spaces are ignored."""
        if len(answer.words) > 1 and (answer.compact in self.stems or answer.initials in self.acronyms):
            return True
        if len(answer.words) == 1 and answer.text.isupper() and 2 < len(answer.text) < 7:
            return answer.text in self.initials
        shortest = 8 if answer.compact.isascii() else 2
        has_number = any(word[0].isdigit() for word in answer.words)
        return len(answer.compact) >= shortest and not has_number and answer.compact in self.compact

    @cached_property
    def acronyms(self) -> set[str]:
        found = set(_ACRONYM.findall(self.text.replace(".", "")))
        return found | {"US"} if "USA" in found else found

    @cached_property
    def initials(self) -> str:
        """First letters of capitalised words; a space where others stand between."""
        runs = _NAMES.findall(self.text)
        return " ".join("".join(w[0] for w in _WORD.findall(run) if w not in _LINKS) for run in runs)

    def replaces(self, answer: Answer, found: Sequence[tuple[int, float]], missing: int) -> bool:
        """Whether a word of neither answer nor question stands where the missing one should: Emily Brontë, say."""
        for neighbour, step in ((missing + 1, -1), (missing - 1, 1)):
            place = found[neighbour][0] + step if 0 <= neighbour < len(found) and found[neighbour][1] else -1
            if 0 <= place < len(self.words) and self.words[place] not in text.STOP:
                stem = text.stem(self.words[place])
                if stem not in answer.stems and stem not in self.asked:
                    return True
        return False

    def swaps(self, answer: Answer) -> str:
        """The word that stands in the middle of an answer instead of its own (World Trade Organization), or nothing.

        A middle name is none where it begins like the answer's: John Fitzgerald Kennedy, John F. Kennedy."""
        for left, own, right in zip(answer.stems, answer.stems[1:], answer.stems[2:], strict=False):
            place = self.stems.get(left, -1)
            if own not in self.stems and 0 <= place < len(self.words) - 2:
                other = self.words[place + 1]
                is_between = text.stem(self.words[place + 2]) == right and other not in text.STOP
                if is_between and other[0] != own[0] and other not in self.asked:
                    return other
        return ""

    def has(self, words: Sequence[str]) -> bool:
        """Whether the words stand one after another."""
        first, size = words[0], len(words)
        return any(w == first and self.words[i : i + size] == list(words) for i, w in enumerate(self.words))


@lru_cache(maxsize=1 << 12)
def question_stems(question: str) -> frozenset[str]:
    return frozenset(text.stem(word) for word, _ in text.tokens(question))


@lru_cache(maxsize=1 << 14)
def answers(reference: str) -> tuple[Answer, ...]:
    """What one reference accepts: itself, itself without parentheses, and each side of "or" and "/"."""
    found = [reference]
    if "(" in reference:
        found = [reference.replace("(disambiguation)", " "), _PARENTHESES.sub(" ", reference)]
    if " or " in reference or "/" in reference:
        found += [part for one in found for part in _SPLIT.split(one)]
    read: dict[tuple[str, ...], Answer] = {}
    for one in found:
        tokens = text.tokens(one)
        words = tuple(word for word, _ in tokens)
        if words and words not in read:
            content = [t for t in tokens if t[0] not in text.STOP] or tokens
            stems = tuple(text.stem(word) for word, _ in content)
            names = tuple(capital for _, capital in content)
            compact, initials = text.compact(one), _initials(content)
            read[words] = Answer(one.strip(), words, tuple(w for w, _ in content), names, stems, compact, initials)
    return tuple(read.values())


def _initials(content: Sequence[tuple[str, bool]]) -> str:
    letters = "".join(word[0] for word, capital in content if capital).upper()
    return letters if len(letters) == len(content) and (len(letters) > 2 or letters in ("US", "UK")) else "-"


def features(answer: Answer, reading: Reading, uncased: bool = False) -> tuple[list[float], str]:
    """The numbers named in NAMES, and the first word of the answer that is missing.

    `uncased`: the references are written without capitals, so that any of their words may be a name."""
    asked = reading.asked
    found = [reading.find(w, s) for w, s in zip(answer.content, answer.stems, strict=True)]
    echoes = all(s in asked for s in answer.stems)
    counts = [echoes or s not in asked for s in answer.stems]
    weights = [
        (1.4 if w[0].isdigit() else 1.0) * (1.0 if c else 0.2) for w, c in zip(answer.content, counts, strict=True)
    ]
    recall = sum(f * w for (_, f), w in zip(found, weights, strict=True)) / sum(weights)
    together = recall < 0.999 and reading.runs_together(answer)
    if together:
        place = 0 if answer.compact in reading.compact[: 6 * reading.first_sentence + len(answer.compact)] else 10**6
        found, recall = [(place, 1.0)] * len(found), 1.0
    full = recall > 0.999
    missing = [i for i, (_, f) in enumerate(found) if not f and counts[i]]
    every = uncased and reading.names_something
    numbers = [
        w for w, (_, f) in zip(answer.content, found, strict=True) if not f and (w[0].isdigit() or w in text.MAGNITUDES)
    ]
    surname = [i for i, w in enumerate(answer.content) if w not in _SUFFIXES and not w[0].isdigit()][-1:]
    is_name = len(answer.content) >= 2 and all(answer.names)
    place = min((p for (p, _), c in zip(found, counts, strict=True) if p >= 0 and c), default=-1)
    values = (
        1.0,
        recall,
        full,
        together or (full and reading.has(answer.words)),
        together,
        bool(numbers),
        any(len(w) == 4 and w.isdigit() for w in numbers) and not reading.years <= asked,
        is_name and not full and not found[surname[0]][1],
        min(3, sum(every or answer.names[i] for i in missing)) / 3,
        bool(missing) and _PARTS.search(answer.text) is not None,
        any(reading.replaces(answer, found, i) for i in missing),
        all(w[0].isdigit() for w in answer.content),
        math.log(len(answer.content)),
        sum(s in asked for s in answer.stems) / len(answer.stems),
        0 <= place < reading.first_sentence,
        sum(s in answer.stems for s in reading.new) / len(reading.new) if reading.new else 0.0,
        reading.is_hedged,
    )
    return [float(v) for v in values], answer.content[missing[0]] if missing else ""
