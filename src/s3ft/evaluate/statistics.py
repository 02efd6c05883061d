"""Intervals and paired tests over seeds and items: how sure the before and after is.

Items and seeds are crossed: every seed's adapter answers the same items. The variance of a mean over both is the sum of
the items' part and the seeds' part (variance components of the two-way layout without replication, Searle, Casella and
McCulloch 1992, chapter 4). Each part has a half-width of its own, from Student's t with its own degrees of freedom, and
the two are added as squares (Howe 1974, JASA 69, 789; the method of variance estimates recovery of Zou and Donner 2008,
Statistics in Medicine 27, 1693). A percentile bootstrap of seeds and items covers less than it says, since three seeds
drawn with replacement vary by a third less than seeds do, and its quantiles are the normal ones; bench/coverage.json
has what each of them covers. With one seed, seeds are not in the interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

Z95 = 1.959963984540054
"""The normal distribution's quantile at 0.975."""
POWER = 0.8416212335729143
"""The normal distribution's quantile at 0.80: a difference that can be shown is shown four times in five."""
FAR = 1e6
"""A ratio beyond this is unbounded, and so many times the items are out of reach."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float | None]:
        """As JSON, which has no number for what is undefined: null."""
        return {name: None if math.isnan(value) else value for name, value in asdict(self).items()}


def wilson(successes: float, total: float) -> Estimate:
    """A share with its Wilson score interval (Wilson 1927); 0 to 1 if nothing was counted.

    Both may be fractions: the effective numbers of items that are not independent."""
    if total == 0:
        return Estimate(float("nan"), 0.0, 1.0)
    share, z2 = successes / total, Z95 * Z95
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    low = 0.0 if successes == 0 else middle - half
    return Estimate(share, low, 1.0 if successes == total else middle + half)


def clustered_wilson(successes: np.ndarray, totals: np.ndarray) -> Estimate:
    """A share over items that come in clusters, shapes (clusters,): successes and items of each.

    Wilson's interval with as many items as independent ones would tell the same: the number of items divided by the
    design effect, which is the linearised variance of the share between clusters over that of independent items (Kish
    1965; for intervals Korn and Graubard 1998). Where all items are right, or all wrong, clusters are counted."""
    successes, totals = successes[totals > 0].astype(float), totals[totals > 0].astype(float)
    clusters, total = len(totals), float(totals.sum())
    if clusters == total:
        return wilson(float(successes.sum()), total)
    share = float(successes.sum()) / total
    if share in (0.0, 1.0) or clusters == 1:
        return wilson(share * clusters, clusters)
    variance = clusters / (clusters - 1) * float(((successes - share * totals) ** 2).sum()) / total**2
    effective = total / max(1.0, variance / (share * (1 - share) / total))
    return wilson(share * effective, effective)


def difference_of_shares(ours: Estimate, theirs: Estimate) -> Estimate:
    """Difference of two independent shares with the interval of Newcombe (1998), method 10; both with Wilson's."""
    mean = ours.mean - theirs.mean
    low = mean - math.hypot(ours.mean - ours.low, theirs.high - theirs.mean)
    return Estimate(mean, low, mean + math.hypot(ours.high - ours.mean, theirs.mean - theirs.low))


@dataclass(frozen=True, slots=True)
class Difference(Estimate):
    """A paired difference with its 95 % interval, and what its items could have shown."""

    detectable: float
    """The smallest true difference that these seeds and items would set apart from zero four times in five; nan if
    there is none."""
    items_to_decide: float
    """Items, of all sets together, that would set the measured difference apart from zero four times in five; nan if no
    number of items would: the seeds differ too much, or nothing was measured."""


@dataclass(frozen=True, slots=True)
class Part:
    """Values of one set of items."""

    values: np.ndarray
    """Shape (seeds, items) or (items,)."""
    strata: np.ndarray | None = None
    """A label an item, shape (items,): items are taken as drawn within each label. None: there is one stratum."""
    is_change: bool = False
    """Whether each value is a difference of right and wrong, between -1 and 1."""


@dataclass(frozen=True, slots=True)
class _Spread:
    """A mean over sets, and the squares of the half-widths that items and seeds give it."""

    mean: float
    centre: float
    of_items: float
    of_seeds: float


def _spread(parts: Sequence[Part]) -> _Spread:
    """The unweighted mean over sets, each a mean over seeds and items.

    Where right and wrong are compared, each set is read with one more item won and one more lost (Bonett and Price
    2012, Journal of Educational and Behavioral Statistics 37, 479): without them, items that all stayed as they were
    would show no doubt at all."""
    from scipy.special import stdtrit

    per_seed = np.mean([np.atleast_2d(p.values).mean(1) for p in parts], axis=0)
    seeds, centre, items, noise, degrees = len(per_seed), 0.0, 0.0, 0.0, 0
    for part in parts:
        values = np.atleast_2d(part.values).astype(float)
        number, mean = values.shape[1], values.mean()
        by_item = values.mean(0)
        squares, groups = _squares_within(by_item, part.strata)
        added = 2 if part.is_change else 0
        squares += added and 2 + (2 - 4 / (number + 2)) * mean**2
        degrees += number + added - groups
        centre += mean * number / (number + added) / len(parts)
        items += squares / (number + added) ** 2 / len(parts) ** 2
        if seeds > 1 and number > 1:
            left = values - by_item - values.mean(1, keepdims=True) + mean
            noise += float((left**2).sum()) / ((seeds - 1) * (number - 1)) / number / len(parts) ** 2
    of_items = float(stdtrit(degrees, 0.975)) ** 2 * items if degrees > 0 else float("nan")
    if seeds == 1:
        return _Spread(float(per_seed[0]), float(centre), of_items, 0.0)
    between = max(0.0, float(per_seed.var(ddof=1)) - noise) / seeds
    return _Spread(float(per_seed.mean()), float(centre), of_items, float(stdtrit(seeds - 1, 0.975)) ** 2 * between)


def _squares_within(values: np.ndarray, strata: np.ndarray | None) -> tuple[float, int]:
    """The sum of squares around the strata's means, each stratum's scaled by n / (n - 1), and the number of strata.

    Strata of one item have no spread of their own: they are one stratum together, with the smallest of the others if
    there is only one of them."""
    labels = np.zeros(len(values), int) if strata is None else np.unique(strata, return_inverse=True)[1]
    counts = np.bincount(labels)
    if len(counts) > 1 and (counts == 1).any():
        alone = counts == 1
        if alone.sum() == 1:
            alone[np.argmin(np.where(alone, len(values) + 1, counts))] = True
        labels = np.unique(np.where(alone[labels], -1, labels), return_inverse=True)[1]
        counts = np.bincount(labels)
    means = np.bincount(labels, values) / counts
    squares = np.bincount(labels, (values - means[labels]) ** 2) * counts / np.maximum(counts - 1, 1)
    return float(squares.sum()), len(counts)


def standard_error(scores: np.ndarray) -> float:
    """Of the mean of independent scores, shape (items,); 1, the most it can be, for one item."""
    return float(scores.std(ddof=1) / math.sqrt(len(scores))) if len(scores) > 1 else 1.0


def mean_over_items(scores: np.ndarray, strata: np.ndarray | None = None) -> Estimate:
    """Mean of per-item scores between 0 and 1, shape (items,) or (seeds, items): Wilson's interval with as many
    independent items as would tell the same; where all items are right, or all wrong, with the items there are."""
    found, items = mean_of_numbers(scores, strata), scores.shape[-1]
    if found.mean in (0.0, 1.0):
        return wilson(items * found.mean, items)
    width = found.high - found.mean
    if not width > 0:
        return found
    effective = found.mean * (1 - found.mean) * (Z95 / width) ** 2
    return wilson(found.mean * effective, effective)


def mean_of_numbers(values: np.ndarray, strata: np.ndarray | None = None) -> Estimate:
    """Mean of per-item numbers of any size, shape (items,) or (seeds, items)."""
    spread = _spread([Part(values, strata)])
    width = math.sqrt(spread.of_items + spread.of_seeds)
    return Estimate(spread.mean, spread.mean - width, spread.mean + width)


def difference(ours: np.ndarray, theirs: np.ndarray, strata: np.ndarray | None = None) -> Difference:
    """Paired difference of per-item scores, each of shape (items,) or (seeds, items), over the same items; arms with
    the same number of seeds are paired by seed too."""
    return mean_difference([(ours, theirs)], [strata])


def mean_difference(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], strata: Sequence[np.ndarray | None] | None = None
) -> Difference:
    """Mean over benchmarks of the paired difference, items within their benchmark and its strata."""
    labels = strata or [None] * len(pairs)
    parts = [
        Part(np.atleast_2d(a) - np.atleast_2d(b), own, is_right_or_wrong(a, b))
        for (a, b), own in zip(pairs, labels, strict=True)
    ]
    spread = _spread(parts)
    width = math.sqrt(spread.of_items + spread.of_seeds)
    low, high = min(spread.mean, spread.centre - width), max(spread.mean, spread.centre + width)
    detectable = (scale := 1 + POWER / Z95) * width
    if all(p.is_change for p in parts):
        low, high = max(-1.0, low), min(1.0, high)
        detectable = detectable if detectable <= 1 else float("nan")
    items = sum(a.shape[-1] for a, _ in pairs)
    room = (spread.mean / scale) ** 2 - spread.of_seeds
    if math.isnan(width):
        return Difference(spread.mean, width, width, width, width)
    # A mean of zero is rarely one: sums of benchmarks leave 1e-17.
    can_be_told = room > 0 and spread.of_items / room < FAR
    needed = math.ceil(items * spread.of_items / room) if can_be_told else float("nan")
    return Difference(spread.mean, low, high, detectable, needed)


def is_right_or_wrong(*scores: np.ndarray) -> bool:
    """Whether every item is right or wrong, with nothing between."""
    return all(bool(np.isin(s, (0.0, 1.0)).all()) for s in scores)


def mcnemar(won: int, lost: int) -> float:
    """Two-sided p of McNemar's exact test (1947), the binomial test of the items that changed; 1 if none did."""
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(won, lost), won + lost, 0.5)))


def ratio_of_drops(
    arms: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], strata: Sequence[np.ndarray | None] | None = None
) -> Estimate:
    """What one recipe lost over what another lost: per benchmark (base, numerator, denominator), paired by item.

    The paper's ratio is 2.5 / 4.4 = 0.57. The interval holds every ratio r at which "ours - r * theirs" is not apart
    from zero (Fieller 1954). Undefined, nan, unless the denominator's own drop is apart from zero."""
    labels = strata or [None] * len(arms)
    undefined = Estimate(float("nan"), float("nan"), float("nan"))
    lost = [np.atleast_2d(base) - np.atleast_2d(theirs) for base, _, theirs in arms]
    ours = [np.atleast_2d(base) - np.atleast_2d(own) for base, own, _ in arms]
    if not mean_difference([(base, theirs) for base, _, theirs in arms], labels).low > 0:
        return undefined

    def apart(ratio: float) -> bool:
        spread = _spread([Part(a - ratio * b, own) for a, b, own in zip(ours, lost, labels, strict=True)])
        return bool(spread.mean**2 > spread.of_items + spread.of_seeds)

    mean = float(np.mean([a.mean() for a in ours]) / np.mean([b.mean() for b in lost]))
    low, high = _edge(apart, mean, -1.0), _edge(apart, mean, 1.0)
    return undefined if low is None or high is None else Estimate(mean, low, high)


def _edge(apart: Callable[[float], bool], inside: float, step: float) -> float | None:
    """Where, from `inside` in the direction of `step`, `apart` begins to hold; None beyond FAR."""
    while not apart(inside + step):
        inside, step = inside + step, 2 * step
        if abs(step) > FAR:
            return None
    while abs(step) > 1e-6:
        step /= 2
        if not apart(inside + step):
            inside += step
    return inside
