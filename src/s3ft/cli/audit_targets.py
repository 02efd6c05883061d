"""What a judge's errors on labelled rows come to in a training file, and what another bar would change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from s3ft.cli.audit_counts import Agreement
from s3ft.evaluate import statistics
from s3ft.evaluate.statistics import Estimate

RUNGS = ("self", "paraphrase")
"""The rungs of the recipe s3ft whose completions are judged; what they leave open is gold."""
BARS = 9


@dataclass(frozen=True, slots=True)
class RungShare:
    """What a rung gives to the training file."""

    source: str
    targets: float
    """Its share of all targets."""
    wrong: Estimate
    """The share of wrong ones among its targets."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What the verdicts would be if a completion were accepted from this score on."""

    bar: float | None
    """None: as judged."""
    accepted: int
    agreement: float
    false_positive_rate: float
    recall: float
    wrong_targets: float
    """Of what is accepted."""


def rungs(whole: Agreement, by_source: Mapping[str, Agreement]) -> list[RungShare]:
    """The training file that self > paraphrase > gold would give, if each rung's answers are like the labelled rows:
    those whose field "source" names the rung, else all of them."""
    found, still_open = [], 1.0
    for source in RUNGS:
        own = by_source.get(source, whole)
        own = own if own.labelled else whole
        precision = own.shares()["precision"]
        taken = still_open * own.count([True]) / own.labelled
        wrong = Estimate(1 - precision.mean, 1 - precision.high, 1 - precision.low)
        found.append(RungShare(source, taken, wrong))
        still_open -= taken
    return [*found, RungShare("gold", still_open, Estimate(0.0, 0.0, 0.0))]


def overall(found: list[RungShare]) -> float:
    """The share of wrong targets over all rungs."""
    return sum(r.targets * r.wrong.mean for r in found if r.targets)


def wrong_among_accepted(base_rate: float, recall: float, false_positive_rate: float) -> float:
    """By Bayes' rule, the share of wrong completions among the accepted ones if `base_rate` of all are right; nan if
    nothing is accepted."""
    wrong, right = (1 - base_rate) * false_positive_rate, base_rate * recall
    return wrong / (wrong + right) if wrong + right else math.nan


def separation(agreement: Agreement) -> Estimate | None:
    """How much more of the right completions than of the wrong ones is accepted (Youden's index); None unless both
    labels occur."""
    shares = agreement.shares()
    right, wrong = shares["recall"], shares["false_positive_rate"]
    is_defined = not (math.isnan(right.mean) or math.isnan(wrong.mean))
    return statistics.difference_of_shares(right, wrong) if is_defined else None


def bars(agreement: Agreement) -> list[Bar]:
    """The verdicts as they are, then at scores from low to high; empty if the judge gives no scores, or all labels are
    equal. Rows without a score keep their verdict."""
    scores = agreement.scores
    right, wrong = np.sort(np.array(scores.right)), np.sort(np.array(scores.wrong))
    labels = agreement.count(labels=[True]), agreement.count(labels=[False])
    if not len(right) + len(wrong) or not all(labels):
        return []
    quantiles = np.quantile(np.concatenate([right, wrong]), np.linspace(0, 1, BARS + 2)[1:-1], method="higher")
    found = [_bar(None, agreement.accepted_right, agreement.accepted_wrong, labels)]
    for bar in np.unique(quantiles):
        accepted_right = len(right) - int(np.searchsorted(right, bar)) + scores.unscored[True, True]
        accepted_wrong = len(wrong) - int(np.searchsorted(wrong, bar)) + scores.unscored[True, False]
        found.append(_bar(float(bar), accepted_right, accepted_wrong, labels))
    return found


def _bar(bar: float | None, right: int, wrong: int, labels: tuple[int, int]) -> Bar:
    accepted = right + wrong
    agreed = (right + labels[1] - wrong) / sum(labels)
    return Bar(bar, accepted, agreed, wrong / labels[1], right / labels[0], wrong / accepted if accepted else math.nan)
