"""Intervals of quantiles of one run."""

import numpy as np
import pytest
from scipy.stats import binom

from infersim.metrics.batch_means import CORRELATED, TOO_SHORT
from infersim.metrics.quantile_interval import LEAST_CROWDS, crowds, of_one_run


def test_one_run_of_independent_values_is_as_sure_as_a_sample():
    values = np.random.default_rng(3).exponential(size=40_000)
    for share in (0.5, 0.9, 0.99):
        (low, high), batches = of_one_run(values, share)
        assert batches in (10, 20, 30)
        ranks = binom.ppf([0.025, 0.975], values.size, share).astype(int)  # of a sample's order statistics
        assert high - low == pytest.approx(np.diff(np.sort(values)[ranks])[0], rel=0.5)
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
