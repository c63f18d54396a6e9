"""Where margins cross zero, and how often the interval holds the true crossing."""

import numpy as np
import pytest

from infersim.capacity.bench import Point
from infersim.capacity.goals import Goal
from infersim.capacity.interval import crossing
from infersim.capacity.observed import Observed
from infersim.spec.workload import Slo


def point(load, *shares, asked=(0.9,)):
    goals = tuple(Goal("a", Slo(ttft_s=1.0, attainment=each)) for each in asked)
    each = zip(*np.atleast_2d(np.array(shares, dtype=float).reshape(len(asked), -1)), strict=True)
    return Point(load, tuple(observed(row) for row in each), goals, True)


def observed(shares):
    met = tuple(round(1e9 * share) for share in shares)
    return Observed(0, 0, met, (10**9,) * len(met), ({},) * len(met), False, 0.0, {}, {})


def test_a_crossing_lies_on_the_straight_line_between_two_loads():
    found = crossing(point(10.0, [0.95, 0.97]), point(12.0, [0.86, 0.86]))  # margins 0.06 and -0.04
    assert found.load == pytest.approx(11.2)


def test_seeds_that_move_both_ends_alike_move_the_crossing_by_their_margin_over_the_slope():
    noise = np.array([-0.01, 0.0, 0.01])
    found = crossing(point(10.0, 0.95 + noise), point(12.0, 0.85 + noise))
    # slope 0.05 a unit of load; t(0.975, 2) = 4.303; s / sqrt(3) = 0.00577
    assert (found.load, found.half) == (pytest.approx(11.0), pytest.approx(4.3027 * 0.01 / 3**0.5 / 0.05, rel=1e-4))


def test_of_several_goals_the_first_to_be_missed_counts():
    low = point(10.0, [[1.0, 1.0], [0.95, 0.95]], asked=(0.9, 0.9))
    high = point(20.0, [[0.85, 0.85], [0.85, 0.85]], asked=(0.9, 0.9))
    assert crossing(low, high).load == pytest.approx(15.0)


def test_intervals_hold_the_true_crossing_as_often_as_they_say():
    rng, hits = np.random.default_rng(5), 0
    for _ in range(1000):
        common = rng.normal(0.0, 0.01, 8)
        low, high = (0.92 + common + rng.normal(0, 0.003, 8), 0.88 + common + rng.normal(0, 0.003, 8))
        found = crossing(point(10.0, low), point(12.0, high))
        hits += abs(found.load - 11.0) <= found.half
    assert 0.93 <= hits / 1000 <= 0.97  # binomial: 0.95 ± 3 · 0.0069
