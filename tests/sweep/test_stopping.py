"""How many replications are enough: by rules that are worked out by hand."""

import math

from infersim.spec.study import Sequential
from infersim.sweep.stopping import wanted

T2 = 4.302652729911275
"""Student's t at 0.975 for two degrees of freedom."""


def rule(width: float, least: int = 3, most: int = 10) -> Sequential:
    return Sequential(figure="ttft_s.p99", relative_half_width=width, least=least, most=most)


def test_it_stops_where_it_is_narrow_whatever_follows():
    """Of a width w the rule asks w / (1 + w) of the mean found: the true mean may be as far below it."""
    relative = T2 / math.sqrt(3) / 10
    just = relative / (1 - relative)
    assert wanted(rule(just * 1.01), [9.0, 10.0, 11.0, 500.0, 1.0]) == 3
    assert wanted(rule(just * 0.99), [9.0, 10.0, 11.0]) == 4
    assert wanted(rule(just * 1.01), []) == 3
    assert wanted(rule(just * 1.01), [9.0, 10.0]) == 3


def test_it_stops_at_most_at_the_most():
    wild = [1.0, 100.0] * 5
    assert wanted(rule(0.01), wild[:9]) == 10
    assert wanted(rule(0.01), wild) == 10
    assert wanted(rule(0.01), wild * 2) == 10


def test_what_does_not_vary_is_enough_at_the_least():
    assert wanted(rule(0.01), [2.0, 2.0]) == 3
    assert wanted(rule(0.01), [2.0, 2.0, 2.0]) == 3
    assert wanted(rule(0.01), [0.0, 0.0, 0.0]) == 3


def test_a_figure_that_there_is_not_needs_no_more_than_the_least():
    assert wanted(rule(0.01), [2.0, math.nan, 2.0]) == 3
    assert wanted(rule(0.01), [1.0, 2.0, 2.5, 3.0, math.nan, 1.0]) == 10


def test_it_asks_for_as_many_as_the_variance_tells_at_most_twice_as_many():
    """(t · s / √n ÷ the width asked)² · n of n values, whose width is as computed by hand above."""
    values = [9.0, 10.0, 11.0]
    relative = T2 / math.sqrt(3) / 10
    for times in (1.1, 1.3):
        narrower = relative / times
        assert wanted(rule(narrower / (1 - narrower), most=50), values) == math.ceil(3 * times**2)
    assert wanted(rule(relative / 5, most=50), values) == 6
    assert wanted(rule(relative / 5, most=5), values) == 5


def test_it_asks_the_same_however_many_more_there_are():
    noisy = [10.0, 12.0, 8.0, 11.0, 9.0, 10.5, 9.5, 10.2, 9.8, 10.1] * 3
    rounds, count = [], 0
    while (then := wanted(rule(0.1, most=30), noisy[:count])) > count:
        rounds.append(then)
        count = then
    assert len(rounds) > 2
    assert all(wanted(rule(0.1, most=30), noisy[:more]) == count for more in range(count, 31))
