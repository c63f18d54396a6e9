"""Differences, their intervals, Holm's correction and verdicts, each by its definition."""

import math

import numpy as np
import pytest
from scipy import stats

from infersim.compare.paired import paired
from infersim.compare.verdict import holm, verdict
from infersim.metrics.naming import better

NAN = math.nan


def test_a_difference_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(1)
    first = rng.normal(10.0, 2.0, 12)
    second = first + rng.normal(0.3, 0.2, 12)
    found, expected = paired(first, second), stats.ttest_rel(second, first)
    assert found.mean == pytest.approx((second - first).mean())
    assert found.p == pytest.approx(expected.pvalue)
    assert found.ci95 == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.relative == pytest.approx(found.mean / first.mean())
    ratio = (first.var(ddof=1) + second.var(ddof=1)) / (second - first).var(ddof=1)
    assert found.variance_ratio == pytest.approx(ratio)
    assert found.runs_saved == pytest.approx(12 * (ratio - 1))


def test_independent_runs_save_nothing():
    rng = np.random.default_rng(1)
    ratios = [paired(*rng.normal(size=(2, 50))).variance_ratio for _ in range(50)]
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.1)


def test_replications_without_the_figure_are_left_out():
    found = paired(np.array([1.0, NAN, 3.0, 4.0]), np.array([2.0, 2.0, NAN, 6.0]))
    assert (found.pairs, found.first, found.second, found.mean) == (2, 2.5, 4.0, 1.5)
    assert paired(np.array([NAN, 1.0]), np.array([1.0, NAN])) is None


def test_one_pair_has_no_interval():
    found = paired(np.array([1.0]), np.array([3.0]))
    assert (found.mean, found.half_width, found.p, found.variance_ratio) == (2.0, math.inf, 1.0, None)


def test_what_leaves_nothing_to_chance_is_sure():
    same, constant = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])
    assert paired(same, same).p == 1.0
    assert paired(same, constant).p == 0.0
    assert paired(same, constant).ci95 == (1.0, 1.0)
    assert paired(same, constant).variance_ratio is None
    assert paired(np.zeros(3), same).relative is None


def test_holm_is_that_of_the_book():
    # 0.01 · 4, 0.02 · 3, then at least as much as the one before, and at most 1
    assert holm([0.02, 0.01, 0.9, 0.025]) == pytest.approx([0.06, 0.04, 0.9, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_of_many_differences_that_are_none_hardly_any_family_has_one_that_is_called():
    rng = np.random.default_rng(1)
    called = []
    for _ in range(400):
        first = rng.normal(size=10)
        others = first + rng.normal(size=(8, 10))
        called.append(min(holm([paired(first, other).p for other in others])) <= 0.05)
    assert np.mean(called) <= 0.07  # 5%, and two of its standard errors


@pytest.mark.parametrize(
    ("figure", "way"),
    [
        ("ttft_s.p99", "lower"),
        ("classes.chat.e2e_s.mean", "lower"),
        ("pools.main.cost.usd_per_request", "lower"),
        ("energy.joules_total", "lower"),
        ("throughput.requests_per_s", "higher"),
        ("classes.chat.goodput.fraction", "higher"),
        ("batch.mean", None),
        ("cost.price_usd_per_h", None),
    ],
)
def test_which_way_is_better(figure, way):
    assert better(figure) == way


def test_verdicts_are_plain():
    lower = paired(np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.4, 2.6]))
    assert verdict("ttft_s.mean", lower, 0.01) == "better"
    assert verdict("throughput.requests_per_s", lower, 0.01) == "worse"
    assert verdict("batch.mean", lower, 0.01) == "lower"
    assert verdict("ttft_s.mean", lower, 0.06) == "not told apart"
    same = paired(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    assert verdict("ttft_s.mean", same, 1.0) == "the same"
