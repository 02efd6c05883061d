"""Verdicts by the probabilities of the labels, each over what it has without an answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from s3ft.protocols import ScoringBackend
from s3ft.types import Completion, Request

Logprobs = dict[str, float]
"""Label -> log probability (nats) of the label as the whole reply."""


def of_labels(backend: ScoringBackend, requests: Sequence[Request], labels: Sequence[str]) -> list[Logprobs | None]:
    """The log probability of every label after each prompt; None if the backend gives none for one of them.

    The labels of a prompt are asked next to one another, so that a backend can use the prompt once for all of them."""
    asked = [r for r in requests for _ in labels]
    scores = backend.score(asked, [Completion(x) for _ in requests for x in labels])
    found: list[Logprobs | None] = []
    for start in range(0, len(scores), len(labels)):
        logprobs = {x: s.logprob for x, s in zip(labels, scores[start : start + len(labels)], strict=True) if s}
        found.append(logprobs if len(logprobs) == len(labels) else None)
    return found


def right(logprobs: Logprobs, prior: Logprobs, labels: Mapping[str, bool]) -> float:
    """The share of the labels that mean right, after each one's prior is divided out.

    A model prefers a label for its wording alone; what it adds on seeing the answer is the evidence (domain-conditional
    pointwise mutual information, Holtzman et al. 2021, arXiv 2104.08315)."""
    gains = {label: logprobs[label] - prior[label] for label in labels}
    most = max(gains.values())
    odds = {label: math.exp(gain - most) for label, gain in gains.items()}
    return sum(o for label, o in odds.items() if labels[label]) / sum(odds.values())
