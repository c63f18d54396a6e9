"""Batch means: independent values give Student's interval, values that follow one another a wider one, or none."""

import numpy as np
import pytest
from scipy.special import stdtrit

from infersim.metrics.batch_means import (
    BATCHES,
    CORRELATED,
    LEAST,
    T_QUANTILES,
    TOO_SHORT,
    BatchMeans,
    batch_means,
    inflation,
    von_neumann_ratio,
)


def autoregressive(correlation: float, count: int, seed: int = 1) -> np.ndarray:
    """x(i) = ρ x(i − 1) + noise: a series that forgets in some 1 / (1 − ρ) steps."""
    noise, values = np.random.default_rng(seed).normal(size=count), np.zeros(count)
    for i in range(1, count):
        values[i] = correlation * values[i - 1] + noise[i]
    return values


def test_quantiles_are_those_of_students_distribution():
    for batches, quantile in T_QUANTILES.items():
        assert quantile == pytest.approx(stdtrit(batches - 1, 0.975), rel=1e-12)


def test_independent_values_have_the_interval_of_their_mean():
    values = np.random.default_rng(1).normal(5.0, 2.0, 30_000)
    found = batch_means(values)
    assert (found.batches, found.size) == (30, 1000)
    assert found.mean == pytest.approx(values.mean())
    # 2 / √30,000 is the mean's standard error; the estimate from 30 batches is within a half of it
    assert found.half_width == pytest.approx(2.045 * 2.0 / 30_000**0.5, rel=0.5)
    assert found.ci95 == [found.mean - found.half_width, found.mean + found.half_width]


def test_values_that_follow_one_another_are_put_into_longer_batches_or_given_up():
    # The variance of the mean of n is 1 / (n (1 − ρ)²), not 1 / (n (1 − ρ²)).
    values = autoregressive(0.98, 100_000)
    found = batch_means(values)
    right = 1.0 / (0.02 * 100_000**0.5)
    assert found.half_width == pytest.approx(2.1 * right, rel=0.5)
    assert found.half_width > 5 * 2.1 * values.std() / values.size**0.5
    assert batch_means(autoregressive(0.999, 2000)) == CORRELATED
    assert batch_means(np.arange(10_000.0)) == CORRELATED  # a queue that grows


@pytest.mark.parametrize("count", [0, 1, LEAST * BATCHES[-1] - 1])
def test_too_few_values_have_none(count):
    assert batch_means(np.arange(float(count))) == TOO_SHORT


def test_a_rest_is_left_out_at_the_start():
    values = np.concatenate([np.full(7, 1e9), np.tile([0.0, 1.0], 5000)])
    assert batch_means(values).mean < 1.0


def test_equal_values_have_an_interval_without_width():
    assert batch_means(np.full(1000, 3.0)) == BatchMeans(3.0, 0.0, 30, 33)


def test_neighbours_that_are_alike_lower_the_ratio_and_widen_the_interval():
    alternating, pairs = np.tile([1.0, -1.0], 10), np.tile([1.0, 1.0, -1.0, -1.0], 5)
    assert von_neumann_ratio(alternating) == pytest.approx(19 * 4 / 20)
    assert von_neumann_ratio(np.sort(alternating)) == pytest.approx(4 / 20)
    # of nineteen pairs of neighbours in pairs ten are alike and nine are not
    assert inflation(pairs) == pytest.approx((1 + 1 / 20) / (1 - 1 / 20))
    assert inflation(alternating) == 1.0
