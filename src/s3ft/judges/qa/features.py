"""What the reading-comprehension judge scores: one accepted answer beside one completion, as a few numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from s3ft.judges.qa import text
from s3ft.judges.qa.reading import Answer, Reading, answers

FEATURES = {
    "constant": "1",
    "recall": "share of the answer's words that are there; words of the question count little, numbers more",
    "phrase": "all of them, one after another",
    "numbers_missing": "a number is missing",
    "date_parts": "of a date only the day, or day and month, are missing, and no others are there",
    "other_date": "another month or day is there",
    "surname_missing": "the last word of a name is missing",
    "length": "logarithm of the answer's number of words",
    "in_question": "share of the answer's words that the question has",
    "first_sentence": "the first of its words stands in the first sentence",
    "precision": "share of the completion's new words that the answer has",
    "names_there": "logarithm of the completion's number of names beyond the question's",
    "completion_length": "logarithm of the completion's number of words, by five",
    "others_found": "mean share of the words of each accepted answer that are there",
}

NAMES = tuple(FEATURES)
_RECALL = NAMES.index("recall")


def table(references: Sequence[str], reading: Reading) -> list[tuple[Answer, list[float], str]]:
    """(answer, numbers in the order of FEATURES, its first missing word) of every answer of which anything is there."""
    read = dict.fromkeys(a for r in references for a in answers(r))
    scored = [(a, *_of_answer(a, reading)) for a in read if reading.touches(a)]
    if not scored:
        return []
    names = sum(
        w not in text.STOP and text.stem(w) not in reading.asked
        for w, capital in zip(reading.words, reading.capitals, strict=True)
        if capital
    )
    last = [
        math.log(1 + names) / 3,
        math.log(1 + len(reading.words)) / 5,
        sum(values[_RECALL] for _, values, _ in scored) / len(read),
    ]
    return [(a, values + last, missing) for a, values, missing in scored]


def _of_answer(answer: Answer, reading: Reading) -> tuple[list[float], str]:
    content, stems, asked = answer.content, answer.stems, reading.asked
    found = reading.find_all(answer)
    echoes = all(s in asked for s in stems)
    counts = [echoes or s not in asked for s in stems]
    weights = [(1.4 if w[0].isdigit() else 1.0) * (1.0 if c else 0.2) for w, c in zip(content, counts, strict=True)]
    recall = sum(f * w for (_, f), w in zip(found, weights, strict=True)) / sum(weights)
    same = recall < 0.999 and reading.is_same(answer)
    if same:
        early = answer.compact in reading.compact[: 6 * reading.first_sentence + len(answer.compact)]
        found, recall = [(0 if early or answer.amounts else 10**6, 1.0)] * len(found), 1.0
    other_form = same and answer.compact not in reading.compact
    full = recall > 0.999
    missing = [i for i, (_, f) in enumerate(found) if not f and counts[i]]
    surname = [f for w, (_, f) in zip(content, found, strict=True) if w not in ("jr", "sr") and not w[0].isdigit()][-1:]
    numbers = [w for w, (_, f) in zip(content, found, strict=True) if not f and w[0].isdigit()]
    place = min((p for (p, _), c in zip(found, counts, strict=True) if p >= 0 and c), default=-1)
    lacks_date = [w for w in (content[i] for i in missing) if w in text.MONTHS or (w.isdigit() and len(w) <= 2)]
    values = (
        1.0,
        recall,
        same or (full and (reading.has(answer.words) or _is_respelled(answer, reading, found))),
        bool(numbers),
        0 < len(lacks_date) == len(missing)
        and not text.MONTHS.isdisjoint(content)
        and not contradicts_date(answer, reading),
        not full and contradicts_date(answer, reading),
        len(content) >= 2 and all(answer.names) and not full and not surname[0],
        math.log(len(content)),
        sum(s in asked for s in stems) / len(stems),
        0 <= place < reading.first_sentence,
        _precision(answer, reading, other_form),
    )
    return [float(v) for v in values], content[missing[0]] if missing else ""


def contradicts_date(answer: Answer, reading: Reading) -> bool:
    """Whether another month, or another day of a month, is there than the answer has."""
    own, said = text.dates(answer.words), reading.dates
    if not own.months or not said.months:
        return False
    return own.months.isdisjoint(said.months) or bool(own.days and said.days and own.days.isdisjoint(said.days))


def _precision(answer: Answer, reading: Reading, other_form: bool) -> float:
    if not reading.new:
        return 0.0
    if other_form:
        return min(
            1.0, max(len(answer.content), len(answer.compact) if answer.text.isupper() else 1) / len(reading.new)
        )
    return sum(s in answer.stems for s in reading.new) / len(reading.new)


def _is_respelled(answer: Answer, reading: Reading, found: Sequence[tuple[int, float]]) -> bool:
    """Whether the words follow one another, and one is there in another spelling."""
    places = [place for place, _ in found]
    in_a_row = places == list(range(places[0], places[0] + len(places)))
    return in_a_row and not reading.stems.keys() >= set(answer.stems)
