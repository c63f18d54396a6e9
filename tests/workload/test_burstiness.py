"""Index of dispersion, variation and autocorrelation of arrivals, against what counting by hand gives."""

import math

import numpy as np
import pytest

from infersim.workload.burstiness import autocorrelation, dispersion, gap_cv, has_windows
from infersim.workload.prefix_share import seen_before
from infersim.workload.requests import Blocks


def test_dispersion_is_variance_over_mean_of_the_counts():
    arrival_s = np.array([0.0, 0.5, 0.9, 1.0, 3.2, 3.3, 4.0])  # counts 3 1 0 2 in the four windows before 4 s
    assert dispersion(arrival_s, 1.0, 4.5) == pytest.approx(1.25 / 1.5)  # deviations 1.5 0.5 1.5 0.5: variance 1.25


def test_even_arrivals_have_none_and_poisson_ones_have_one():
    assert dispersion(np.arange(1000) / 10, 1.0, 100.0) == 0.0
    poisson = np.cumsum(np.random.default_rng(1).exponential(0.1, 100_000))
    assert dispersion(poisson, 1.0, 9000.0) == pytest.approx(1.0, abs=5 * math.sqrt(2 / 9000))


def test_mostly_empty_windows_are_counted_as_empty():
    few = np.array([5.0, 5.1, 700.2])  # 3 requests in 1000 windows: counts 2 and 1
    mean = 3 / 1000
    assert dispersion(few, 1.0, 1000.0) == pytest.approx((5 / 1000 - mean**2) / mean)


def test_nothing_to_count_is_not_a_number():
    assert math.isnan(dispersion(np.array([0.0, 0.1]), 1.0, 0.5))
    assert math.isnan(dispersion(np.zeros(0), 1.0, 10.0))
    assert math.isnan(gap_cv(np.array([1.0])))
    assert math.isnan(autocorrelation(np.ones(10), 1))
    assert not has_windows(60.0, 400.0)
    assert has_windows(60.0, 480.0)


def test_variation_and_autocorrelation_of_gaps_that_alternate():
    arrival_s = np.cumsum(np.tile([1.0, 3.0], 500))
    assert gap_cv(arrival_s) == pytest.approx(0.5, rel=1e-3)  # 1 over 2
    assert autocorrelation(np.diff(arrival_s), 1) == pytest.approx(-1, abs=0.01)
    assert autocorrelation(np.diff(arrival_s), 2) == pytest.approx(1, abs=0.01)


def test_blocks_seen_before():
    ids = np.array([1, 2, 3, 1, 2, 4, 1])  # three requests: 1 2 3, 1 2 4, 1
    assert seen_before(Blocks(16, ids, np.array([0, 3, 6, 7]))) == pytest.approx(3 / 7)
