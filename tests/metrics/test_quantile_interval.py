"""Intervals of quantiles of one run."""

import numpy as np
import pytest
from scipy.stats import binom

from infersim.metrics.batch_means import CORRELATED, TOO_SHORT
from infersim.metrics.quantile_interval import LEAST_BEYOND, of_one_run


def test_one_run_of_independent_values_is_as_sure_as_a_sample():
    values = np.random.default_rng(3).exponential(size=40_000)
    for share in (0.5, 0.9, 0.99):
        (low, high), batches = of_one_run(values, share)
        assert batches in (10, 20, 30)
        ranks = binom.ppf([0.025, 0.975], values.size, share).astype(int)  # of a sample's order statistics
        assert high - low == pytest.approx(np.diff(np.sort(values)[ranks])[0], rel=0.5)
        assert low < np.quantile(values, share) < high


def test_one_run_needs_values_beyond_the_quantile_and_a_steady_state():
    count = int(LEAST_BEYOND / 0.01)
    assert of_one_run(np.zeros(count - 1), 0.99) == TOO_SHORT
    assert of_one_run(np.arange(float(count)), 0.99) == CORRELATED
