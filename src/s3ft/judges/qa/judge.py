"""Reading comprehension: is an accepted answer what the completion says? Long, chatty answers are normal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from s3ft import plugins
from s3ft.judges.qa import published
from s3ft.judges.qa.features import NAMES, table
from s3ft.judges.qa.final import asked, stated
from s3ft.judges.qa.reading import Answer, Reading
from s3ft.judges.qa.rules import RULES
from s3ft.judges.qa.say import abstains, is_unanswerable, is_yes, says_yes
from s3ft.judges.qa.weights import WEIGHTS
from s3ft.types import Completion, Example, UserError, Verdict

_PUBLISHED: dict[str, tuple[Callable[[str, str], float], float]] = {
    "exact": (published.exact, 1.0),
    "contains": (published.contains, 1.0),
    "f1": (published.f1, 0.5),
}
_POLARITY = {True: "says yes", False: "says no", None: "says neither yes nor no"}
LOWEST = -9.0
"""The score of a completion that has nothing of any answer, or only what a rule rejects."""
MATCHES = ("scored", *_PUBLISHED)


class judge:
    """Compares with `example.reference`: an accepted answer or a list of them; "unanswerable" is one too.

    match="scored", the default, reads the part of the completion that answers (final.py) and scores every accepted
    answer in it: the numbers named in features.FEATURES, summed with the weights of weights.py. These are a logistic
    regression on 14,869 verdicts of people on answers of five models to Natural Questions and TriviaQA questions
    (EVOUNA, Wang et al. 2023, arXiv 2305.12421), fitted by bench/fit_qa.py. The bar, 0, is where at most 4.5 % of the
    wrong answers of either data set pass when questions are held out, since a wrong answer accepted becomes a training
    target. An answer that a rule of rules.RULES rejects ("not Paris") does not count. Abstaining is right if the
    reference is unanswerable and only then; a reference of yes or no is compared with such a word in the completion.

    match="exact", "contains" or "f1" are the published measures, on SQuAD's normalised text. `threshold` is the score
    from which an answer is right (f1: 0.5; scored: 0, in log-odds; higher is stricter). `undecided`: [low, high]
    leaves scores from low up to high, high excluded, undecided (None), for another judge to decide."""

    def __init__(
        self, match: str = "scored", threshold: float | None = None, undecided: Sequence[float] | None = None
    ) -> None:
        if match not in MATCHES:
            raise UserError(plugins.unknown("match of judge 'qa'", str(match), list(MATCHES)))
        if threshold is not None and not _is_number(threshold):
            raise UserError(f"judge 'qa': threshold is {threshold!r}, expected a number")
        if undecided is not None and not _is_band(undecided):
            raise UserError(
                f"judge 'qa': undecided is {undecided!r}, expected two numbers, [low, high], low below high"
            )
        self._match = match
        usual = _PUBLISHED[match][1] if match in _PUBLISHED else 0.0
        self._threshold = usual if threshold is None else threshold
        self._low, self._high = undecided or (math.inf, -math.inf)

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [self._one(e, c.text) for e, c in zip(examples, completions, strict=True)]

    def _one(self, example: Example, completion: str) -> Verdict:
        references = [example.reference] if isinstance(example.reference, str) else example.reference
        if not isinstance(references, list) or not references or not all(isinstance(r, str) for r in references):
            return Verdict(None, reason=f"reference is {example.reference!r}, expected a string or a list of strings")
        if not any(r.strip() for r in references):
            return Verdict(None, reason="reference is empty; if there is no answer, it is 'unanswerable'")
        if not completion.strip():
            return Verdict(False, answer="", reason="empty")
        if self._match in _PUBLISHED:
            measure = _PUBLISHED[self._match][0]
            score, best = max(((measure(completion, r), r) for r in references), key=lambda x: x[0])
            return self._verdict(score, completion.strip()[:200], f"{self._match} {score:.2f} with {best!r}")
        completion = stated(completion)
        said = completion.strip()[:200]
        if not said:
            return Verdict(False, said, "nothing but thoughts")
        settled = _settled(references, completion, said)
        if settled is not None:
            return settled
        references = [r for r in references if not is_unanswerable(r)]
        score, reason = scored(references, completion, asked(example))
        return self._verdict(score, said, f"{reason}, score {score:.2f}")

    def _verdict(self, score: float, said: str, reason: str) -> Verdict:
        if self._low <= score < self._high:
            return Verdict(None, said, f"undecided: {reason}", score)
        return Verdict(score >= self._threshold, said, reason, score)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _is_band(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_number, value)) and value[0] < value[1]


def _settled(references: Sequence[str], completion: str, said: str) -> Verdict | None:
    """The verdict if references or completion speak of no answer, or the references only of yes and no; else None."""
    answerable = [r for r in references if not is_unanswerable(r)]
    if len(answerable) < len(references):
        if abstains(completion):
            return Verdict(True, said, "abstains, and the question is unanswerable")
        if not answerable:
            return Verdict(False, said, "answers, and the question is unanswerable")
    polarities = {is_yes(r) for r in answerable}
    if None not in polarities:
        found = says_yes(completion)
        return Verdict(None if found is None else found in polarities, said, _POLARITY[found])
    if abstains(completion) and not any(map(abstains, answerable)):
        return Verdict(False, said, "abstains, and there is an answer")
    return None


def scored(references: Sequence[str], completion: str, question: str) -> tuple[float, str]:
    """(the highest score of the answers that no rule rejects, what was found)."""
    reading = Reading(completion, question)
    rows = [
        (sum(v * WEIGHTS.get(n, 0.0) for n, v in zip(NAMES, values, strict=True)), place, answer, missing)
        for place, (answer, values, missing) in enumerate(table(references, reading))
    ]
    reason = f"nothing of {references[0]!r} is there"
    for score, _, answer, missing in sorted(rows, key=lambda row: (-row[0], row[1])):
        broken = rejects(reading, answer, references)
        if not broken:
            return score, f"lacks {missing!r} of {answer.text!r}" if missing else f"has {answer.text!r}"
        reason = f"{broken}: {answer.text!r}"
    return LOWEST, reason


def rejects(reading: Reading, answer: Answer, references: Sequence[str]) -> str:
    """What the first rule that rejects an answer says; empty if none does."""
    return next((says for says, rule in RULES.items() if rule(reading, answer, references)), "")
