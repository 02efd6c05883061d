"""Intervals and paired tests, held against their formulas, SciPy, and how often they hold the truth."""

import warnings

import numpy as np
import pytest
from scipy import stats as scipy_stats

from s3ft.evaluate import statistics


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def _width(found: statistics.Estimate) -> float:
    return found.high - found.low


@pytest.mark.parametrize(("successes", "total"), [(0, 10), (3, 10), (10, 10), (57, 1136), (499, 1000)])
def test_wilson_is_its_formula(successes: int, total: int) -> None:
    z, p = scipy_stats.norm.ppf(0.975), successes / total
    middle = (p + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z / (1 + z**2 / total) * np.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    found = statistics.wilson(successes, total)
    assert found.mean == p
    assert (found.low, found.high) == pytest.approx((max(0, middle - half), min(1, middle + half)), abs=1e-9)


def test_nothing_counted_is_anything_between_0_and_1() -> None:
    found = statistics.wilson(0, 0)
    assert np.isnan(found.mean)
    assert (found.low, found.high) == (0, 1)


@pytest.mark.parametrize("number", [50, 400])
def test_the_interval_of_a_mean_is_that_of_the_normal_law_on_many_items(number: int, rng: np.random.Generator) -> None:
    scores = rng.normal(0.3, 2.0, number)
    found = statistics.mean_over_items(scores)
    half = 1.96 * scores.std() / np.sqrt(number)
    assert found.mean == pytest.approx(scores.mean())
    assert (found.low, found.high) == pytest.approx((scores.mean() - half, scores.mean() + half), abs=0.1 * half)


def test_the_interval_agrees_with_scipy_s_bootstrap(rng: np.random.Generator) -> None:
    scores = (rng.random(200) < 0.7).astype(float)
    found = statistics.mean_over_items(scores)
    theirs = scipy_stats.bootstrap((scores,), np.mean, method="percentile", n_resamples=4000).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.011)


def test_the_interval_holds_the_truth_about_as_often_as_it_says(rng: np.random.Generator) -> None:
    held = 0
    for _ in range(40):
        found = statistics.mean_over_items(rng.random(80) < 0.6)
        held += found.low <= 0.6 <= found.high
    # below 33 of 40 has a chance of less than 1 in 1000 at 95 %
    assert held >= 33


def test_the_same_scores_give_the_same_interval(rng: np.random.Generator) -> None:
    scores = rng.random(50)
    assert statistics.mean_over_items(scores) == statistics.mean_over_items(scores.copy())


def test_seeds_are_averaged_before_items_are_drawn(rng: np.random.Generator) -> None:
    items = rng.random(100)
    noise = rng.normal(0, 0.1, 100)
    both = np.stack([items + noise, items - noise])
    assert statistics.mean_over_items(both).mean == pytest.approx(items.mean())
    assert _width(statistics.mean_over_items(both)) == pytest.approx(_width(statistics.mean_over_items(items)))


def test_a_difference_is_paired_by_item(rng: np.random.Generator) -> None:
    hard = rng.normal(0, 5, 300)
    ours = hard + 0.2 + rng.normal(0, 0.1, 300)
    paired = statistics.difference(ours, hard)
    assert paired.mean == pytest.approx(0.2, abs=0.03)
    assert _width(paired) < 0.05
    unpaired = statistics.difference(ours, rng.permutation(hard))
    assert _width(unpaired) > 1
    test = scipy_stats.ttest_rel(ours, hard).confidence_interval(0.95)
    assert (paired.low, paired.high) == pytest.approx((test.low, test.high), abs=0.003)


def test_arms_may_have_different_numbers_of_seeds(rng: np.random.Generator) -> None:
    base, tuned = rng.random(50), rng.random((3, 50))
    assert statistics.difference(tuned, base).mean == pytest.approx(tuned.mean() - base.mean())
    assert statistics.difference(base, tuned).mean == pytest.approx(base.mean() - tuned.mean())


def test_nothing_changed_is_no_difference_with_no_width(rng: np.random.Generator) -> None:
    scores = rng.random((2, 40))
    assert statistics.difference(scores, scores) == statistics.Estimate(0, 0, 0)


def test_a_mean_over_benchmarks_weighs_them_alike_and_draws_within_each(rng: np.random.Generator) -> None:
    big, small = rng.normal(0.1, 1, 1000), rng.normal(0.5, 1, 50)
    found = statistics.mean_difference([(big, np.zeros(1000)), (small, np.zeros(50))])
    assert found.mean == pytest.approx((big.mean() + small.mean()) / 2)
    error = np.sqrt(big.var() / 1000 + small.var() / 50) / 2
    assert _width(found) == pytest.approx(2 * 1.96 * error, rel=0.1)


def _arms(
    rng: np.random.Generator, drops: list[tuple[float, float]], items: int = 400, noise: float = 0.05
) -> list[tuple[np.ndarray, ...]]:
    """Per benchmark: base, ours and theirs, that lose as given."""
    found = []
    for ours, theirs in drops:
        base = rng.random(items)
        found.append((base, base - ours + rng.normal(0, noise, items), base - theirs + rng.normal(0, noise, items)))
    return found


def test_the_ratio_is_what_one_lost_over_what_the_other_lost_on_average(rng: np.random.Generator) -> None:
    found = statistics.ratio_of_drops(_arms(rng, [(0.025, 0.044), (0.05, 0.088)], noise=0.01))  # type: ignore[arg-type]
    assert found.mean == pytest.approx(2.5 / 4.4, abs=0.03)
    assert found.low < found.mean < found.high
    assert _width(found) < 0.1


def test_the_ratio_takes_the_mean_of_the_drops_and_not_of_the_ratios(rng: np.random.Generator) -> None:
    arms = _arms(rng, [(0.1, 0.2), (0.0, 0.02)], noise=0.0)
    assert statistics.ratio_of_drops(arms).mean == pytest.approx(0.1 / 0.22)  # type: ignore[arg-type]


def test_the_ratio_s_interval_is_that_of_the_delta_method_where_the_denominator_is_far_from_zero(
    rng: np.random.Generator,
) -> None:
    arms = _arms(rng, [(0.1, 0.2)], items=2000, noise=0.3)
    base, ours, theirs = arms[0]
    found = statistics.ratio_of_drops(arms)  # type: ignore[arg-type]
    a, b = base - ours, base - theirs
    error = np.std(a - found.mean * b) / b.mean() / np.sqrt(2000)
    assert _width(found) == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_a_denominator_near_zero_gives_an_interval_that_says_nothing(rng: np.random.Generator) -> None:
    found = statistics.ratio_of_drops(_arms(rng, [(0.05, 0.0)], noise=0.3))  # type: ignore[arg-type]
    assert found.low < 0 < 1 < found.high
    assert _width(found) > 5


def test_a_denominator_of_exactly_zero_is_no_number_and_no_failure(rng: np.random.Generator) -> None:
    base = (rng.random(30) < 0.5).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = statistics.ratio_of_drops([(base, base - 0.1, base)])
    assert np.isnan([found.mean, found.low, found.high]).all()


def test_a_denominator_of_zero_but_for_rounding_is_no_number(rng: np.random.Generator) -> None:
    base = np.array([1.0, 0.0, 0.0] * 30)
    theirs = np.array([np.tile([1, 0, 0], 30), np.tile([0, 1, 0], 30), np.tile([0, 0, 1], 30)], dtype=float)
    found = statistics.ratio_of_drops([(base, base - 0.1, theirs)])
    assert np.isnan(found.mean) or abs(found.mean) < 1e6
    assert abs(found.low) < 1e6
    assert abs(found.high) < 1e6
