"""Intervals and paired tests over items: how sure the before and after is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

RESAMPLES = 4000
AT_ONCE = 4_000_000
"""Numbers in memory at once while items are resampled."""


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


def bootstrap(
    strata: Sequence[np.ndarray], statistic: Callable[[list[np.ndarray]], np.ndarray], seed: int = 0
) -> Estimate:
    """Percentile bootstrap that resamples items within every stratum.

    `strata` have the shape (arms, items); arms that are compared are rows of the same stratum, so that their items are
    drawn together. `statistic` takes the means of each stratum, shape (resamples, arms), and gives one number a
    resample."""
    draws = np.random.default_rng(seed)
    means = [_resampled_means(np.atleast_2d(stratum), draws) for stratum in strata]
    values = statistic(means)
    defined = values[~np.isnan(values)]
    low, high = np.percentile(defined, [2.5, 97.5]) if defined.size else (np.nan, np.nan)
    mean = statistic([np.atleast_2d(stratum).mean(-1)[None] for stratum in strata])[0]
    return Estimate(float(mean), float(low), float(high))


def _resampled_means(scores: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Means of resampled items, shape (resamples, arms)."""
    items = scores.shape[-1]
    size = max(1, AT_ONCE // items)
    parts = []
    for start in range(0, RESAMPLES, size):
        counts = draws.multinomial(items, np.full(items, 1 / items), size=min(size, RESAMPLES - start))
        parts.append(counts @ scores.T / items)
    return np.concatenate(parts)


def mean_over_items(scores: np.ndarray) -> Estimate:
    """Mean of per-item scores, shape (items,) or (seeds, items), averaged over seeds first.

    Where all items are right, or all wrong, resampling would show no doubt: the interval is Wilson's."""
    if scores.size and (scores.min() == scores.max()) and scores.flat[0] in (0.0, 1.0):
        items = scores.shape[-1]
        return wilson(items * int(scores.flat[0]), items)
    return bootstrap([np.atleast_2d(scores)], lambda means: means[0].mean(-1))


def difference(ours: np.ndarray, theirs: np.ndarray) -> Estimate:
    """Paired difference of per-item scores, each of shape (items,) or (seeds, items), over the same items."""
    return mean_difference([(ours, theirs)])


def mean_difference(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Estimate:
    """Mean over benchmarks of the paired difference; items are resampled within their benchmark."""
    strata = [np.atleast_2d(a).mean(0) - np.atleast_2d(b).mean(0) for a, b in pairs]
    return bootstrap(strata, lambda means: np.mean([m[:, 0] for m in means], axis=0))


def ratio_of_drops(arms: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Estimate:
    """What one recipe lost over what another lost: per benchmark (base, numerator, denominator), paired by item.

    The paper's ratio is 2.5 / 4.4 = 0.57. The interval is unbounded in effect where the denominator's own
    interval reaches zero."""
    strata = [np.stack([np.atleast_2d(x).mean(0) for x in arm]) for arm in arms]

    def ratio(means: list[np.ndarray]) -> np.ndarray:
        base, ours, theirs = np.mean(means, axis=0).T
        lost = base - theirs
        is_zero = np.abs(lost) <= 1e-12
        return np.where(is_zero, np.nan, (base - ours) / np.where(is_zero, 1, lost))

    return bootstrap(strata, ratio)
