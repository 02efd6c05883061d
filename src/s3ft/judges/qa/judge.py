"""Reading comprehension: is an accepted answer what the completion says? Long, chatty answers are normal."""

from __future__ import annotations

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

_TABLE = tuple(WEIGHTS.get(name, 0.0) for name in NAMES)
_PUBLISHED: dict[str, tuple[Callable[[str, str], float], float]] = {
    "exact": (published.exact, 1.0),
    "contains": (published.contains, 1.0),
    "f1": (published.f1, 0.5),
}
_POLARITY = {True: "says yes", False: "says no", None: "says neither yes nor no"}
LOWEST = -9.0
"""The score of a completion that has nothing of any answer."""
MATCHES = ("weighed", *_PUBLISHED)


class judge:
    """Compares with `example.reference`: an accepted answer or a list of them; "unanswerable" is one too.

    match="weighed", the default, reads every accepted answer word by word in the completion: recall of its words
    (words of the question weigh little), missing numbers, years and names, where it stands, hedging, and how much
    else is said. These are 16 numbers (_qa_features.NAMES), summed with the weights of _qa_weights: a logistic
    regression on 4,730 verdicts of people on answers of five models to Natural Questions and TriviaQA questions
    (EVOUNA, Wang et al. 2023, arXiv 2305.12421), fitted by bench/fit_qa.py. The bar lies where 3.5 % of the wrong
    answers pass, since a wrong answer accepted becomes a training target. Rules go ahead of the weights: abstaining
    is right where the reference is unanswerable and nowhere else, an answer that is denied ("not Paris") or has
    another word in its middle is not given, and a reference of yes or no is compared with the first of these words.

    match="exact", "contains" or "f1" are the published measures, on SQuAD's normalised text; `threshold` is the score
    from which an answer is right (f1: 0.5; weighed: 0, in log-odds; higher is stricter)."""

    def __init__(self, match: str = "weighed", threshold: float | None = None) -> None:
        if match not in MATCHES:
            raise UserError(plugins.unknown("match of judge 'qa'", str(match), list(MATCHES)))
        if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, int | float)):
            raise UserError(f"judge 'qa': threshold is {threshold!r}, expected a number")
        self._match, self._threshold = match, threshold

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        return [self._one(e, c.text) for e, c in zip(examples, completions, strict=True)]

    def _one(self, example: Example, completion: str) -> Verdict:
        references = [example.reference] if isinstance(example.reference, str) else example.reference
        if not isinstance(references, list) or not references or not all(isinstance(r, str) for r in references):
            return Verdict(None, reason=f"reference is {example.reference!r}, expected a string or a list of strings")
        if not any(r.strip() for r in references):
            return Verdict(None, reason="reference is empty; where there is no answer, it is 'unanswerable'")
        if not completion.strip():
            return Verdict(False, answer="", reason="empty")
        if self._match != "weighed":
            return self._published(references, completion)
        return scored(references, stated(completion), asked(example), self._threshold or 0.0)

    def _published(self, references: list[str], completion: str) -> Verdict:
        measure, usual = _PUBLISHED[self._match]
        score, best = max(((measure(completion, r), r) for r in references), key=lambda x: x[0])
        needed = usual if self._threshold is None else self._threshold
        return Verdict(score >= needed, completion.strip()[:200], f"{self._match} {score:.2f} with {best!r}")


def scored(references: Sequence[str], completion: str, question: str, bar: float = 0.0) -> Verdict:
    """The verdict of the score and its rules on a completion that is not empty."""
    said = completion.strip()[:200]
    if any(is_unanswerable(r) for r in references):
        references = [r for r in references if not is_unanswerable(r)]
        if abstains(completion):
            return Verdict(True, said, "abstains, and the question is unanswerable")
        if not references:
            return Verdict(False, said, "answers, and the question is unanswerable")
    polarities = {is_yes(r) for r in references}
    if None not in polarities:
        found = says_yes(completion)
        return Verdict(None if found is None else found in polarities, said, _POLARITY[found])
    if abstains(completion) and not any(map(abstains, references)):
        return Verdict(False, said, "abstains, and there is an answer")
    reading = Reading(completion, question)
    best, reason = LOWEST, f"nothing of {references[0]!r} is there"
    rows = table(references, reading)
    for answer, values, missing in rows:
        score = sum(v * w for v, w in zip(values, _TABLE, strict=True))
        if score >= bar:
            broken = next(
                (f"{says}: {answer.text!r}" for says, rule in RULES.items() if rule(reading, answer, references)), ""
            )
            if not broken:
                return Verdict(True, said, f"has {answer.text!r}, score {score:.2f}", score)
            score, reason = best, f"{broken}: {answer.text!r}"
        if score > best:
            lacks = f"lacks {missing!r} of" if missing else "does not answer with"
            best, reason = score, f"{lacks} {answer.text!r}"
    return Verdict(False, said, f"{reason}, score {best:.2f}", best)


def rejects(reading: Reading, answer: Answer, references: Sequence[str]) -> str:
    """What the first rule that rejects an answer says; empty if none does."""
    return next((says for says, rule in RULES.items() if rule(reading, answer, references)), "")
