"""Intervals and paired tests over items: how sure the before and after is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 4000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float | None]:
        """As JSON, which has no number for what is undefined: null."""
        return {name: None if np.isnan(value) else value for name, value in asdict(self).items()}


def wilson(successes: int, total: int) -> Estimate:
    """A share with its Wilson score interval (Wilson 1927); 0 to 1 where nothing was counted."""
    if total == 0:
        return Estimate(float("nan"), 0.0, 1.0)
    from scipy.stats import binomtest

    interval = binomtest(successes, total).proportion_ci(method="wilson")
    return Estimate(successes / total, float(interval.low), float(interval.high))


def bootstrap(strata: Sequence[np.ndarray], statistic: Callable[[list[np.ndarray]], float], seed: int = 0) -> Estimate:
    """Percentile bootstrap that resamples items within every stratum.

    `strata` are arrays whose last axis runs over items; `statistic` takes them, resampled, and gives a number.
    Arms that are compared stand in the same stratum, as further rows, so that their items are drawn together."""
    draws = np.random.default_rng(seed)
    values = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        values[i] = statistic([s[..., draws.integers(0, s.shape[-1], s.shape[-1])] for s in strata])
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Estimate(float(statistic(list(strata))), float(low), float(high))


def mean_over_items(scores: np.ndarray) -> Estimate:
    """Mean of per-item scores, shape (items,) or (seeds, items), averaged over seeds first.

    Where all items are right, or all wrong, resampling would show no doubt: the interval is Wilson's."""
    if scores.size and (scores.min() == scores.max()) and scores.flat[0] in (0.0, 1.0):
        items = scores.shape[-1]
        return wilson(items * int(scores.flat[0]), items)
    return bootstrap([np.atleast_2d(scores)], lambda s: float(s[0].mean()))


def difference(ours: np.ndarray, theirs: np.ndarray) -> Estimate:
    """Paired difference of per-item scores, each of shape (items,) or (seeds, items), over the same items."""
    return mean_difference([(ours, theirs)])


def mean_difference(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Estimate:
    """Mean over benchmarks of the paired difference; items are resampled within their benchmark."""
    strata = [np.atleast_2d(a).mean(0) - np.atleast_2d(b).mean(0) for a, b in pairs]
    return bootstrap(strata, lambda s: float(np.mean([x.mean() for x in s])))


def ratio_of_drops(arms: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Estimate:
    """What one recipe lost over what another lost: per benchmark (base, numerator, denominator), paired by item.

    The paper's ratio is 2.5 / 4.4 = 0.57. The interval is unbounded in effect where the denominator's own
    interval reaches zero."""
    strata = [np.stack([np.atleast_2d(x).mean(0) for x in arm]) for arm in arms]

    def ratio(resampled: list[np.ndarray]) -> float:
        base, ours, theirs = np.mean([s.mean(-1) for s in resampled], axis=0)
        lost = base - theirs
        return float((base - ours) / lost) if abs(lost) > 1e-12 else float("nan")

    return bootstrap(strata, ratio)
