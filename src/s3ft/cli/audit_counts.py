"""A judge's verdicts counted beside the labels, with intervals that know which rows are on the same question."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from s3ft.cli.audit_rows import Row
from s3ft.digest import digest
from s3ft.evaluate import statistics
from s3ft.evaluate.statistics import Estimate
from s3ft.types import Verdict

KEPT = 200
"""Disagreements of each kind that are kept to be shown; all are counted."""
QUESTIONS = 20_000
"""Questions that are told apart; those after them share as many groups, so that memory does not grow with the file."""

_ALL = (True, False, None)
_CELL = {pair: place for place, pair in enumerate(product(_ALL, _ALL))}
"""(verdict, label) -> where it is counted."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A verdict that is not the label."""

    row: Row
    verdict: Verdict


@dataclass
class Scores:
    """The scores that a judge gave to labelled rows."""

    right: array[float] = field(default_factory=lambda: array("d"))
    """Of rows labelled right."""
    wrong: array[float] = field(default_factory=lambda: array("d"))
    unscored: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    """Rows without a score, by (accepted, label)."""

    def add(self, verdict: Verdict, label: bool) -> None:
        if verdict.score is None:
            self.unscored[verdict.correct is True, label] += 1
        else:
            (self.right if label else self.wrong).append(verdict.score)


@dataclass
class Agreement:
    """A judge's verdicts and the labels. None counts as rejected: it never makes a target."""

    verdicts: Counter[bool | None] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why the judge was undecided."""
    worst: list[Disagreement] = field(default_factory=list)
    """Wrong answers accepted; each becomes a training target."""
    lost: list[Disagreement] = field(default_factory=list)
    """Right answers rejected."""
    unsure: list[Disagreement] = field(default_factory=list)
    """Right answers on which the judge said None."""
    scores: Scores = field(default_factory=Scores)
    _questions: dict[int, list[int]] = field(default_factory=dict)
    """Rows of each question (prompt and reference), by verdict and label."""

    def add(self, row: Row, verdict: Verdict) -> None:
        self.verdicts[verdict.correct] += 1
        self._question(row)[_CELL[verdict.correct, row.label]] += 1
        if verdict.correct is None and (verdict.reason in self.reasons or len(self.reasons) < KEPT):
            self.reasons[verdict.reason] += 1
        if row.label is None:
            return
        self.scores.add(verdict, row.label)
        accepted = verdict.correct is True
        if accepted != row.label:
            kind = self.worst if accepted else self.unsure if verdict.correct is None else self.lost
            if len(kind) < KEPT:
                kind.append(Disagreement(row.short(), verdict))

    def _question(self, row: Row) -> list[int]:
        key = int(digest([row.example.prompt, row.example.reference])[:15], 16)
        if key not in self._questions and len(self._questions) >= QUESTIONS:
            key %= QUESTIONS
        return self._questions.setdefault(key, [0] * len(_CELL))

    def count(self, verdicts: Sequence[bool | None] = _ALL, labels: Sequence[bool | None] = (True, False)) -> int:
        """Rows with one of these verdicts and one of these labels; without `labels`, labelled ones."""
        return int(self._by_question(verdicts, labels).sum())

    def _by_question(self, verdicts: Sequence[bool | None], labels: Sequence[bool | None]) -> np.ndarray:
        """The same rows, shape (questions,)."""
        counts = np.array(list(self._questions.values()) or [[0] * len(_CELL)])
        summed: np.ndarray = counts[:, [_CELL[pair] for pair in product(verdicts, labels)]].sum(1)
        return summed

    @property
    def labelled(self) -> int:
        return self.count()

    @property
    def questions(self) -> int:
        """Questions with labelled rows."""
        return int((self._by_question(_ALL, (True, False)) > 0).sum())

    @property
    def accepted_right(self) -> int:
        return self.count([True], [True])

    @property
    def accepted_wrong(self) -> int:
        return self.count([True], [False])

    @property
    def rejected_right(self) -> int:
        return self.count([False, None], [True])

    @property
    def rejected_wrong(self) -> int:
        return self.count([False, None], [False])

    @property
    def disagreements(self) -> list[Disagreement]:
        """Worst first."""
        return [*self.worst, *self.lost, *self.unsure]

    def shares(self) -> dict[str, Estimate]:
        """What the verdicts have in common with the labels, each share with its 95 % interval by question."""
        both, undecided_wrong = (True, False), self._by_question([None], [False])
        decided = self._by_question([True], [True]) + self._by_question([False], [False])
        return {
            "agreement": self._share(decided + undecided_wrong, self._by_question(_ALL, both)),
            "agreement_on_decided": self._share(decided, self._by_question(both, both)),
            "precision": self._share(self._by_question([True], [True]), self._by_question([True], both)),
            "recall": self._share(self._by_question([True], [True]), self._by_question(_ALL, [True])),
            "false_positive_rate": self._share(self._by_question([True], [False]), self._by_question(_ALL, [False])),
            "none_share": self.none_share(),
        }

    def none_share(self) -> Estimate:
        """Of all rows, labelled or not."""
        return self._share(self._by_question([None], _ALL), self._by_question(_ALL, _ALL))

    def _share(self, part: np.ndarray, whole: np.ndarray) -> Estimate:
        # One question alone says nothing of others: the interval is then that of further answers to it.
        if len(self._questions) < 2:
            return statistics.wilson(int(part.sum()), int(whole.sum()))
        return statistics.clustered_wilson(part, whole)
