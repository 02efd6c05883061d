"""Rows and results of the miniature's benchmarks, as lm-evaluation-harness calls for them."""

from __future__ import annotations

import math
from typing import Any

from s3ft import lab


def facts(**_: Any) -> Any:
    return _rows("facts")


def misconceptions(**_: Any) -> Any:
    return _rows("misconceptions")


def reading(**_: Any) -> Any:
    return _rows("reading")


def comparing(**_: Any) -> Any:
    return _rows("comparing")


def _rows(name: str) -> Any:
    from datasets import Dataset

    return {"test": Dataset.from_list(lab.load(name))}


def choice(row: dict[str, Any], results: list[tuple[float, bool]]) -> dict[str, float]:
    """acc: the right option has the highest likelihood; nll: its nats, normalised over the options."""
    logprobs = [logprob for logprob, _ in results]
    best = max(logprobs)
    total = best + math.log(sum(math.exp(x - best) for x in logprobs))
    right = logprobs[row["label"]]
    return {"acc": float(right == best), "nll": total - right}
