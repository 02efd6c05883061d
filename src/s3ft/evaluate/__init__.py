"""Before and after, by the same call: the target task, benchmarks, statistics."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

Sample = dict[str, Any]
"""One measured item: {"set": "target" | benchmark, "id", "score": 0 to 1, ...}."""


def mean(samples: Sequence[Sample], name: str = "target") -> float:
    """Mean score of one set."""
    return fmean(s["score"] for s in samples if s["set"] == name)
