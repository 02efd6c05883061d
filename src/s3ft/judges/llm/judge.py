"""Model as judge: given question, answer and reference, a model gives one of the labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, cast

from s3ft import plugins
from s3ft.judges.llm import likelihood, shots
from s3ft.judges.llm.prompt import PROMPT, Grading, question
from s3ft.judges.llm.verdict import read
from s3ft.protocols import Backend, OpenModel, ScoringBackend, require
from s3ft.types import Completion, Example, Request, Sampling, UserError, Verdict

LABELS: dict[str, bool] = {"CORRECT": True, "INCORRECT": False}
BY = ("text", "likelihood")


@dataclass(frozen=True, eq=False)
class judge:
    """Asks a backend, the run's own unless `model` or `backend` name another.

    A verdict is a last line that is only a label, or begins with `label: reason` (verdict.py), and no text inside the
    graded answer can give it: the answer stands between marks that it cannot know, its control tokens are broken, and
    labels that the reply quotes do not count. A reply that failed, was cut or has no label is None.

    How far a model can be trusted as a judge, `s3ft judge llm ROWS.jsonl -o model=NAME` shows on labelled rows."""

    labels: Mapping[str, bool] = field(default_factory=LABELS.copy)
    """Each offered label and what it means."""
    votes: int = 1
    """Replies asked for each completion; a verdict needs more than half of them."""
    temperature: float = 0.7
    """Of the votes if there are several; one is greedy."""
    explain: bool = False
    """The model reasons before its verdict."""
    by: Literal["text", "likelihood"] = "text"
    """text reads the reply; likelihood compares the probabilities of the labels, each over its probability when there
    is nothing to grade (likelihood.py)."""
    threshold: float = 0.5
    """by: likelihood accepts from this probability of being right."""
    both_orders: bool = False
    """Ask twice, with the labels named in either order; when the two verdicts differ, the verdict is None."""
    examples: str | None = None
    """A file of labelled rows, as `s3ft judge` reads them; a few are shown first: as many right as wrong, none on the
    question that is graded."""
    num_examples: int = 4
    """How many of them; even."""
    max_tokens: int | None = None
    """Of a reply; default 16, or 512 with `explain`."""
    prompt: str = PROMPT
    """Another text with the fields {question}, {reference}, {answer}, {labels}, {explain} and {ending}."""
    model: str | None = None
    backend: Mapping[str, Any] | str | None = None
    open_model: OpenModel | None = None

    def __post_init__(self) -> None:
        _check_labels(self.labels)
        if isinstance(self.votes, bool) or not isinstance(self.votes, int) or self.votes < 1:
            raise UserError(f"judge 'llm': votes is {self.votes!r}, expected a whole number from 1")
        if self.by not in BY:
            raise UserError(plugins.unknown("by of judge 'llm'", str(self.by), list(BY)))
        if (
            isinstance(self.threshold, bool)
            or not isinstance(self.threshold, int | float)
            or not 0 < self.threshold < 1
        ):
            raise UserError(f"judge 'llm': threshold is {self.threshold!r}, expected a probability between 0 and 1")
        if self.examples is not None and self.explain:
            raise UserError("judge 'llm': examples show labels without reasons; leave out examples or explain")
        if isinstance(self.num_examples, bool) or not isinstance(self.num_examples, int) or self.num_examples < 2:
            raise UserError(f"judge 'llm': num_examples is {self.num_examples!r}, expected an even number from 2")
        if self.num_examples % 2:
            raise UserError(
                f"judge 'llm': num_examples is {self.num_examples}, expected an even number: half are right"
            )
        _ = self._gradings, self._shots, self._sampling

    def open(self) -> None:
        """Finds the model that is asked, without its weights. Raises UserError."""
        _ = self._opened

    def __call__(self, examples: Sequence[Example], completions: Sequence[Completion]) -> list[Verdict]:
        asked = [(e, c.text) for e, c in zip(examples, completions, strict=True) if c.text.strip()]
        ask = self._by_text if self.by == "text" else self._by_likelihood
        # All orders are asked in one call, so that a backend can use a prompt's beginning for both.
        found = ask(asked) if asked else []
        agreed = iter([_agreed(verdicts) for verdicts in zip(*found, strict=True)])
        return [next(agreed) if c.text.strip() else Verdict(False, "", "empty") for c in completions]

    @cached_property
    def _gradings(self) -> list[Grading]:
        """The prompt with the labels in each order that is asked."""
        labels = tuple(self.labels)
        orders = [labels, labels[::-1]] if self.both_orders else [labels]
        return [Grading(self.prompt, order, self.explain and self.by == "text") for order in orders]

    @cached_property
    def _shots(self) -> list[shots.Shot]:
        return [] if self.examples is None else shots.read(self.examples, self.num_examples)

    @cached_property
    def _sampling(self) -> Sampling:
        several = self.votes > 1
        try:
            return Sampling(
                self.max_tokens or (512 if self.explain else 16), self.temperature if several else 0.0, 1.0, self.votes
            )
        except (ValueError, TypeError) as error:
            raise UserError(f"judge 'llm': {error}") from error

    @cached_property
    def _opened(self) -> Backend:
        """The model that is asked, opened when it is first needed."""
        if self.open_model is None:
            raise UserError("judge 'llm' has no model to ask here; name one with the option model")
        named = {"name": self.backend} if isinstance(self.backend, str) else self.backend
        opened = self.open_model(self.model, named)
        if self.by == "likelihood":
            require(opened, "score", "judge 'llm' with by: likelihood compares probabilities")
        return opened

    def _requests(self, grading: Grading, asked: Sequence[tuple[Example, str]]) -> list[Request]:
        return [
            Request([*self._shown(grading, e), grading.ask(question(e), e.reference, graded)]) for e, graded in asked
        ]

    def _shown(self, grading: Grading, example: Example | None) -> list[dict[str, Any]]:
        few = shots.chosen(self._shots, self.num_examples, example)
        return list(shots.messages(few, grading, self.labels))

    def _by_text(self, asked: Sequence[tuple[Example, str]]) -> list[list[Verdict]]:
        """Verdicts by order and row."""
        requests = [r for grading in self._gradings for r in self._requests(grading, asked)]
        found = [Verdict(None, reason="the judge's model gave no reply")] * len(requests)
        for index, replies in self._opened.generate(requests, self._sampling):
            graded = asked[index % len(asked)][1]
            found[index] = self._voted([self._vote(r, graded) for r in replies], graded)
        return [found[start : start + len(asked)] for start in range(0, len(found), len(asked))]

    def _vote(self, reply: Completion, graded: str) -> tuple[str | None, str]:
        if reply.finish_reason == "length":
            why = "was cut at max_tokens" if reply.num_tokens or reply.text else "cannot take a prompt of this length"
            return None, f"the judge's model {why}"
        if reply.finish_reason == "error":
            return None, "the judge's model failed"
        return read(reply.text, self.labels, graded)

    def _voted(self, votes: Sequence[tuple[str | None, str]], graded: str) -> Verdict:
        counts = Counter(None if label is None else self.labels[label] for label, _ in votes)
        for correct in (True, False):
            if 2 * counts[correct] > self.votes:
                if self.votes == 1:
                    return Verdict(correct, graded.strip()[:200], f"says {votes[0][0]}")
                said = f"{counts[True]} of {self.votes} votes for it"
                return Verdict(correct, graded.strip()[:200], said, counts[True] / self.votes)
        why = next((reason for label, reason in votes if label is None), "no majority")
        return Verdict(None, graded.strip()[:200], why)

    def _by_likelihood(self, asked: Sequence[tuple[Example, str]]) -> list[list[Verdict]]:
        """Verdicts by order and row."""
        scorer = cast(ScoringBackend, self._opened)
        requests = [r for grading in self._gradings for r in self._requests(grading, asked)]
        logprobs = likelihood.of_labels(scorer, requests, list(self.labels))
        found = []
        for i, prior in enumerate(self._priors):
            own = logprobs[i * len(asked) : (i + 1) * len(asked)]
            found.append([self._compared(row, prior, graded) for row, (_, graded) in zip(own, asked, strict=True)])
        return found

    @cached_property
    def _priors(self) -> list[likelihood.Logprobs | None]:
        """Of the labels in each order, when there is nothing to grade."""
        requests = [Request([*self._shown(g, None), g.without_answer()]) for g in self._gradings]
        return likelihood.of_labels(cast(ScoringBackend, self._opened), requests, list(self.labels))

    def _compared(
        self, logprobs: likelihood.Logprobs | None, prior: likelihood.Logprobs | None, graded: str
    ) -> Verdict:
        answer = graded.strip()[:200]
        if logprobs is None or prior is None:
            return Verdict(
                None, answer, "the judge's model gives no likelihoods, or cannot take a prompt of this length"
            )
        right = likelihood.right(logprobs, prior, self.labels)
        return Verdict(right >= self.threshold, answer, f"right with probability {right:.2f}", right)


def _agreed(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict that all orders of the labels give."""
    first = verdicts[0]
    if len(verdicts) == 1:
        return first
    scores = [v.score for v in verdicts if v.score is not None]
    score = sum(scores) / len(scores) if len(scores) == len(verdicts) else None
    correct, reason = first.correct, first.reason
    if undecided := next((v for v in verdicts if v.correct is None), None):
        correct, reason = None, undecided.reason
    elif len({v.correct for v in verdicts}) > 1:
        correct, reason = None, "the verdict changes with the order of the labels"
    return Verdict(correct, first.answer, reason, score)


def _check_labels(labels: Any) -> None:
    is_fine = isinstance(labels, Mapping) and all(isinstance(k, str) and k.strip() for k in labels)
    if not is_fine or set(labels.values()) != {True, False}:
        raise UserError(f"judge 'llm': labels are {labels!r}, expected such as {{CORRECT: true, INCORRECT: false}}")
    if len({x.casefold() for x in labels}) < len(labels):
        raise UserError(f"judge 'llm': labels {', '.join(labels)} differ in case only; choose others")
