"""How long a run, how many replications: widths go with one over the root of what is simulated."""

import math

import numpy as np
import pytest

from infersim.metrics.batch_means import BatchMeans, batch_means
from infersim.metrics.replicated import half_width
from infersim.metrics.run_length import GROWTH, Stopping, times_as_long


def test_half_the_width_takes_four_times_as_long():
    found = BatchMeans(10.0, 1.0, 30, 100)
    assert times_as_long(found, 0.1) == pytest.approx(1.0)
    assert times_as_long(found, 0.05) == pytest.approx(4.0)
    assert times_as_long(BatchMeans(10.0, 0.0, 30, 100), 0.05) == 0.0
    assert times_as_long(BatchMeans(0.0, 1.0, 30, 100), 0.05) == math.inf


def test_a_run_of_the_length_told_has_the_width():
    values = np.random.default_rng(1).exponential(size=400_000)
    times = times_as_long(batch_means(values[:20_000]), 0.005)
    longer = batch_means(values[: int(20_000 * times)])
    assert longer.half_width / longer.mean == pytest.approx(0.005, rel=0.4)


def replications(rule: Stopping, values) -> int:
    have = 0
    while (then := rule.next_count(list(values[:have]))) > have:
        assert then <= max(rule.least, 2, GROWTH * have)
        have = then
    return have


def test_replications_go_on_until_the_interval_is_narrow_and_not_much_further():
    values = np.random.default_rng(2).normal(10.0, 2.0, 2000)
    for asked in (0.1, 0.05, 0.02):
        count = replications(Stopping(5, 2000, asked), values)
        assert half_width(values[:count].tolist()) <= asked * abs(values[:count].mean())
        # (1.96 · 0.2 / w)² of normal values, a little more for the true mean's sake
        assert count == pytest.approx((1.96 * 0.2 / asked) ** 2, rel=0.4, abs=6)


def test_replications_keep_to_the_least_and_the_most():
    narrow, wide = [1.0] * 100, np.random.default_rng(1).normal(0.0, 1.0, 100).tolist()
    assert replications(Stopping(7, 50, 0.05), narrow) == 7
    assert replications(Stopping(1, 50, 0.05), narrow) == 2
    assert replications(Stopping(3, 50, 0.05), wide) == 50
    assert replications(Stopping(3, 1, 0.05), wide) == 1
    assert replications(Stopping(3, 20, 0.05), [1.0, -1.0] * 50) == 20  # no mean to be relative to
