"""Intervals and paired tests, held against their formulas, SciPy, and how often they hold the truth."""

import importlib.util
import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import linalg as scipy_linalg
from scipy import stats as scipy_stats

from s3ft.evaluate import statistics

BENCH = Path(__file__).parents[2] / "bench"


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


@pytest.mark.parametrize("total", [1, 2, 7, 30, 1136, 100_000])
def test_wilson_is_scipy_s(total: int) -> None:
    for successes in {0, 1, total // 3, total - 1, total}:
        theirs = scipy_stats.binomtest(successes, total).proportion_ci(method="wilson")
        found = statistics.wilson(successes, total)
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_a_cluster_of_equal_items_counts_once(rng: np.random.Generator) -> None:
    right = (rng.random(80) < 0.7).astype(int)
    found = statistics.clustered_wilson(right * 5, np.full(80, 5))
    alone = statistics.wilson(right.sum(), 80)
    # the variance between clusters divides by one fewer than the clusters
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=0.002)
    assert statistics.clustered_wilson(right, np.ones(80)) == alone


def test_independent_items_are_not_made_surer_by_clusters(rng: np.random.Generator) -> None:
    right = rng.binomial(5, 0.7, size=400)
    found, alone = statistics.clustered_wilson(right, np.full(400, 5)), statistics.wilson(right.sum(), 2000)
    assert _width(alone) <= _width(found) < 1.2 * _width(alone)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_clusters_without_any_difference_are_counted_and_not_their_items(share: float) -> None:
    found = statistics.clustered_wilson(np.full(20, share * 5), np.full(20, 5))
    assert found == statistics.wilson(share * 20, 20)


def test_an_interval_over_clusters_holds_the_truth_about_as_often_as_it_says(rng: np.random.Generator) -> None:
    """Clusters of unequal size, each with its own share; intervals that take items for independent hold less often."""
    held = plain = 0
    for _ in range(400):
        sizes, shares = rng.integers(1, 11, 60), rng.beta(0.6, 0.2, 60)
        right = rng.binomial(sizes, shares)
        clustered, alone = statistics.clustered_wilson(right, sizes), statistics.wilson(right.sum(), sizes.sum())
        held += clustered.low <= 0.75 <= clustered.high
        plain += alone.low <= 0.75 <= alone.high
    assert held >= 0.92 * 400
    assert plain < 0.85 * 400


def test_nothing_counted_is_anything_between_0_and_1() -> None:
    found = statistics.wilson(0, 0)
    assert np.isnan(found.mean)
    assert (found.low, found.high) == (0, 1)


@pytest.mark.parametrize("number", [50, 400])
def test_the_interval_of_a_mean_is_that_of_the_normal_law_on_many_items(number: int, rng: np.random.Generator) -> None:
    scores = rng.normal(0.3, 2.0, number)
    found = statistics.mean_of_numbers(scores)
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


def test_the_variance_over_seeds_and_items_is_that_of_the_two_way_layout(rng: np.random.Generator) -> None:
    """Held against the mean squares of the analysis of variance, computed by SciPy's linear algebra of dummies."""
    seeds, items = 4, 60
    values = rng.normal(0, 1, items) + rng.normal(0, 1, (seeds, 1)) + rng.normal(0, 1, (seeds, items))
    rows, columns = np.indices(values.shape)
    dummies = np.hstack([np.eye(seeds)[rows.ravel()], np.eye(items)[columns.ravel()][:, 1:]])
    fitted = dummies @ scipy_linalg.lstsq(dummies, values.ravel())[0]
    error = ((values.ravel() - fitted) ** 2).sum() / ((seeds - 1) * (items - 1))
    of_seeds = items * values.mean(1).var(ddof=1)
    of_items = values.mean(0).var(ddof=1) / items
    between = (of_seeds - error) / (seeds * items)
    half = np.sqrt(
        scipy_stats.t.ppf(0.975, items - 1) ** 2 * of_items + scipy_stats.t.ppf(0.975, seeds - 1) ** 2 * between
    )
    found = statistics.mean_of_numbers(values)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half))


def test_seeds_that_differ_widen_the_interval_and_one_seed_says_nothing_of_them(rng: np.random.Generator) -> None:
    items = rng.random(300)
    alike, apart = np.stack([items] * 3), items + np.array([[-0.2], [0.0], [0.2]])
    assert _width(statistics.mean_of_numbers(alike)) == pytest.approx(_width(statistics.mean_of_numbers(items)))
    assert _width(statistics.mean_of_numbers(apart)) > 0.8


def test_items_are_taken_as_drawn_within_their_stratum(rng: np.random.Generator) -> None:
    kinds = np.repeat([0, 1], 150)
    scores = kinds + rng.normal(0, 0.1, 300)
    within = statistics.mean_of_numbers(scores, kinds)
    assert _width(within) == pytest.approx(2 * 1.97 * 0.1 / np.sqrt(300), rel=0.1)
    assert _width(statistics.mean_of_numbers(scores)) > 4 * _width(within)
    # A stratum of one item has no spread of its own, and loses none of the items.
    alone = statistics.mean_of_numbers(scores, np.arange(300))
    assert _width(alone) == pytest.approx(_width(statistics.mean_of_numbers(scores)))
    labels = np.where(np.arange(300) == 0, "single", kinds.astype(str))
    assert 0 < _width(statistics.mean_of_numbers(scores, labels)) < 1.3 * _width(within)


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


def _right(rng: np.random.Generator, share: float, *shape: int) -> np.ndarray:
    return (rng.random(shape) < share).astype(float)


@pytest.mark.parametrize("items", [1, 30, 300])
def test_items_that_all_stayed_as_they_were_still_leave_doubt(items: int, rng: np.random.Generator) -> None:
    scores = _right(rng, 0.5, items)
    found = statistics.difference(scores, scores)
    assert found.mean == 0
    assert found.high == -found.low
    # Of n items that did not change, "rule of three": fewer than 3 in n would have.
    assert found.high >= min(1, 2 / items)


def test_the_interval_of_right_and_wrong_is_bonett_s_and_price_s(rng: np.random.Generator) -> None:
    base, tuned = _right(rng, 0.5, 200), _right(rng, 0.6, 200)
    won, lost = ((tuned > base).sum() + 1) / 202, ((tuned < base).sum() + 1) / 202
    half = scipy_stats.t.ppf(0.975, 201) * np.sqrt((won + lost - (won - lost) ** 2) / 202)
    found = statistics.difference(tuned, base)
    assert (found.low, found.high) == pytest.approx((won - lost - half, won - lost + half), abs=0.001)


def test_one_item_that_is_no_share_has_no_interval() -> None:
    found = statistics.difference(np.array([0.3]), np.array([0.1])).as_dict()
    assert found["mean"] == pytest.approx(0.2)
    assert {found[k] for k in ("low", "high", "detectable", "items_to_decide")} == {None}


@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (3, 11), (40, 40), (120, 77)])
def test_mcnemar_is_scipy_s_binomial_test(counts: tuple[int, int]) -> None:
    expected = scipy_stats.binomtest(counts[0], sum(counts)).pvalue if sum(counts) else 1.0
    assert statistics.mcnemar(*counts) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("items", [50, 300])
def test_what_could_have_been_shown_is_shown_four_times_in_five(items: int, rng: np.random.Generator) -> None:
    scores = rng.normal(0, 1, items)
    found = statistics.difference(scores, np.zeros(items))
    size = found.detectable / scores.std(ddof=1) * np.sqrt(items)
    most = scipy_stats.t.ppf(0.975, items - 1)
    assert scipy_stats.nct.sf(most, items - 1, size) == pytest.approx(0.8, abs=0.02)


def test_the_items_that_would_decide_are_those_at_which_the_difference_could_be_shown(rng: np.random.Generator) -> None:
    scores = rng.normal(0, 1, 400)
    found = statistics.difference(scores - scores.mean() + 0.05, np.zeros(400))
    size = 0.05 / scores.std(ddof=1) * np.sqrt(found.items_to_decide)
    assert scipy_stats.norm.sf(1.96 - size) == pytest.approx(0.8, abs=0.02)
    # Seeds that differ by more than the difference are not outweighed by items.
    apart = scores - scores.mean() + np.array([[-0.3], [0.05], [0.4]])
    assert np.isnan(statistics.difference(apart, np.zeros(400)).items_to_decide)


@pytest.mark.parametrize("method", ["plain", "stratified"])
@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_the_coverage_is_the_one_that_was_measured(seeds: int, method: str) -> None:
    """The committed table of bench/coverage.py covers 93 to 97 %, and a smaller simulation agrees with it."""
    table = json.loads((BENCH / "coverage.json").read_text())
    assert table["experiments"] >= 1000
    rows = [r for r in table["intervals"] if (r["method"], r["seeds"]) == (method, seeds)]
    assert len(rows) >= 3
    assert all(0.93 <= row["covered"] <= 0.97 for row in rows)
    spec = importlib.util.spec_from_file_location("coverage_bench", BENCH / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    found = bench.coverage(method, seeds, 2.0, experiments=200)
    # Below 0.90 or above 0.99 has a chance of less than 1 in 500 at 95 %.
    assert 0.90 <= found["covered"] <= 0.99


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


@pytest.mark.parametrize("drops", [(0.05, 0.0), (-0.1, -0.1), (0.1, -0.1)])
def test_a_ratio_to_what_was_not_lost_is_undefined(drops: tuple[float, float], rng: np.random.Generator) -> None:
    found = statistics.ratio_of_drops(_arms(rng, [drops], noise=0.3))  # type: ignore[arg-type]
    assert found.as_dict() == {"mean": None, "low": None, "high": None}


def test_the_ratio_s_interval_holds_the_truth_about_as_often_as_it_says(rng: np.random.Generator) -> None:
    held = 0
    for _ in range(60):
        base = rng.random(200)
        ours, theirs = (base - lost + rng.normal(0, 0.3, (3, 200)) for lost in (0.06, 0.15))
        found = statistics.ratio_of_drops([(base, ours, theirs)])
        held += found.low <= 0.4 <= found.high
    assert held >= 52


def test_a_denominator_of_exactly_zero_is_no_number_and_no_failure(rng: np.random.Generator) -> None:
    base = (rng.random(30) < 0.5).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = statistics.ratio_of_drops([(base, base - 0.1, base)])
    assert np.isnan([found.mean, found.low, found.high]).all()


def test_more_items_than_a_machine_number_holds_are_a_number_of_json() -> None:
    found = statistics.Difference(0.1, -0.1, 0.3, 0.2, items_to_decide=10**25)
    assert found.as_dict()["items_to_decide"] == 10**25


def test_a_mean_that_is_zero_but_for_rounding_names_no_number_of_items() -> None:
    wide = np.array([0.25, -0.25] * 50)
    found = statistics.mean_difference([(mean + wide, np.zeros(100)) for mean in (0.1, 0.2, -0.3)])
    assert 0 < abs(found.mean) < 1e-15
    assert math.isnan(found.items_to_decide)
