"""How many replications are enough: by rules that are worked out by hand."""

import math

import pytest

from infersim.spec.study import Sequential
from infersim.sweep.stopping import enough, relative, wanted

T2 = 4.302652729911275
"""Student's t at 0.975 for two degrees of freedom."""


def rule(width: float, least: int = 3, most: int = 10) -> Sequential:
    return Sequential(figure="ttft_s.p99", relative_half_width=width, least=least, most=most)


def test_the_width_is_half_an_interval_over_the_mean():
    assert relative([9.0, 10.0, 11.0]) == pytest.approx(T2 * 1 / math.sqrt(3) / 10)


def test_it_stops_at_the_first_that_is_narrow_whatever_follows():
    width = T2 / math.sqrt(3) / 10
    assert enough(rule(width * 1.01), [9.0, 10.0, 11.0, 500.0, 1.0]) == 3
    assert enough(rule(width * 0.99), [9.0, 10.0, 11.0]) is None


def test_it_stops_at_most_at_the_most():
    wild = [1.0, 100.0] * 5
    assert enough(rule(0.01), wild[:9]) is None
    assert enough(rule(0.01), wild) == 10


def test_what_does_not_vary_is_enough_at_the_least():
    assert enough(rule(0.01), [2.0, 2.0]) is None
    assert enough(rule(0.01), [2.0, 2.0, 2.0]) == 3
    assert enough(rule(0.01), [0.0, 0.0, 0.0]) == 3


def test_a_figure_that_there_is_not_needs_no_more_than_the_least():
    assert enough(rule(0.01), [2.0, math.nan, 2.0]) == 3


def test_it_asks_for_as_many_as_the_variance_tells_at_most_twice_as_many():
    values = [9.0, 10.0, 11.0, 10.0]
    assert wanted(rule(0.1), []) == 3
    assert wanted(rule(relative(values) / 1.2, most=50), values) == math.ceil(4 * 1.2**2)
    assert wanted(rule(relative(values) / 5, most=50), values) == 8
    assert wanted(rule(relative(values) / 5, most=7), values) == 7
    assert wanted(rule(relative(values) / 1.01, most=50), values) == 5
