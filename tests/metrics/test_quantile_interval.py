"""Intervals of quantiles from order statistics are those of the binomial tables."""

import numpy as np
import pytest
from scipy.stats import binom

from infersim.metrics.batch_means import CORRELATED, TOO_SHORT
from infersim.metrics.quantile_interval import LEAST_CROWDS, crowds, of_one_run, order_statistics


@pytest.mark.parametrize(("count", "ranks"), [(6, (1, 6)), (10, (2, 9)), (20, (6, 15)), (100, (40, 61))])
def test_the_median_lies_between_the_ranks_of_the_tables(count, ranks):
    # David and Nagaraja: for the median of 10 the 2nd and 9th, coverage 97.9%; of 20 the 6th and 15th, 95.9%.
    values = np.random.default_rng(1).permutation(count) + 1.0
    assert order_statistics(values, 0.5) == ranks


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("count", [100, 500, 2000])
def test_coverage_is_at_least_what_is_said_and_hardly_more(share, count):
    found = order_statistics(np.arange(1.0, count + 1), share)
    if found is None:
        assert binom.cdf(0, count, min(share, 1 - share)) > 0.025
        return
    low, high = found
    # the quantile lies between them if at least `low` and fewer than `high` of the values are below it
    covered = binom.cdf(high - 1, count, share) - binom.cdf(low - 1, count, share)
    assert covered >= 0.95
    assert binom.cdf(low, count, share) > 0.025
    assert binom.sf(high - 2, count, share) > 0.025


@pytest.mark.parametrize(("count", "share"), [(0, 0.5), (1, 0.5), (5, 0.5), (35, 0.9), (367, 0.99)])
def test_too_few_values_have_none(count, share):
    assert order_statistics(np.arange(float(count)), share) is None


def test_one_run_of_independent_values_is_as_sure_as_a_sample():
    values = np.random.default_rng(3).exponential(size=40_000)
    for share in (0.5, 0.9, 0.99):
        (low, high), batches = of_one_run(values, share)
        assert batches in (10, 20, 30)
        sample = order_statistics(values, share)
        assert high - low == pytest.approx(sample[1] - sample[0], rel=0.5)
        assert low < np.quantile(values, share) < high


def test_crowds_are_counted_between_the_quarters():
    ramp = np.tile(np.arange(100.0), 7)
    assert crowds(ramp) == crowds(ramp[::-1]) == crowds(-ramp) == 7
    assert crowds(np.repeat(ramp, 9)) == 7
    assert crowds(np.arange(100.0)) == 1
    assert crowds(np.zeros(100)) == crowds(np.zeros(0)) == 0


def test_one_run_needs_crowds_beyond_the_quantile_and_a_steady_state():
    ramps = np.random.default_rng(1).exponential(size=(LEAST_CROWDS, 400))
    ramps.sort(axis=1)
    assert of_one_run(ramps[:-1].ravel(), 0.75) == TOO_SHORT
    assert of_one_run(ramps.ravel(), 0.75) != TOO_SHORT
    assert of_one_run(ramps.ravel(), 0.9) == of_one_run(ramps.ravel(), 0.1) == TOO_SHORT
    assert of_one_run(np.zeros(10_000), 0.99) == TOO_SHORT
    drifting = np.random.default_rng(1).normal(size=20_000) + np.linspace(0.0, 1.0, 20_000)
    assert of_one_run(drifting, 0.5) == CORRELATED
