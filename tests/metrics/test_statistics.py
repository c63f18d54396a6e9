"""Statistics of values equal numpy's; those of a histogram equal the values that it stands for, within 0.1%."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infersim.metrics.statistics import NAMES, NOTHING, PERCENTILES, Histogram, describe, runs

ANY = st.floats(-1e6, 1e6, allow_nan=False)
LINE = st.tuples(
    st.floats(1e-5, 10.0),  # first
    st.sampled_from([0.0, 1e-19, 1e-15, 1e-12, 1e-9]) | st.floats(0.0, 1e-3),  # slope
    st.integers(1, 400),  # steps
    st.integers(1, 300),  # weight
)


@given(st.lists(ANY, min_size=1, max_size=200))
def test_describe_is_numpys_mean_and_percentiles(values):
    data = np.array(values)
    described = describe(data)
    assert tuple(described) == NAMES == ("mean", "p50", "p90", "p95", "p99")
    expected = [data.mean(), *np.percentile(data, PERCENTILES)]
    np.testing.assert_allclose(list(described.values()), expected, rtol=1e-9, atol=1e-9)


def test_nothing_is_described_by_nulls():
    assert describe(np.zeros(0)) == dict.fromkeys(NAMES) == Histogram().describe()


def test_describing_nothing_twice_gives_two_objects():
    described = describe(np.zeros(0))
    described["mean"] = 1.0
    assert NOTHING["mean"] is None


def expand(lines) -> np.ndarray:
    """Every duration that lines of (first, slope, steps, weight) stand for."""
    return np.concatenate(
        [np.repeat(first + slope * np.arange(steps), weight) for first, slope, steps, weight in lines]
    )


def histogram(lines) -> Histogram:
    made = Histogram()
    made.add_lines(*np.array(lines, dtype=float).T)
    return made


def assert_stands_for(made: Histogram, values: np.ndarray) -> None:
    assert made._counts.sum() == values.size
    described = made.describe()
    assert described["mean"] == pytest.approx(values.mean(), rel=1e-9)
    for percent in PERCENTILES:
        assert described[f"p{percent}"] == pytest.approx(np.percentile(values, percent), rel=1.01e-3)


@given(st.lists(LINE, min_size=1, max_size=12))
def test_a_histogram_of_lines_is_that_of_their_durations(lines):
    assert_stands_for(histogram(lines), expand(lines))


@given(st.integers(1, 20_000), st.sampled_from([3e-18, 1e-17, 1e-16, 1e-15]), st.integers(2, 2000))
def test_lines_that_creep_over_a_bin_edge_lose_no_step(number, growth, steps):
    # They start a few roundings below an edge and grow by less than a rounding, or a few, a step.
    first = Histogram._LOWEST * Histogram._RATIO**number * (1 - 1e-15)
    made = histogram([(first, first * growth, steps, 1)])
    assert made._counts.sum() == steps
    assert made._sums.sum() == pytest.approx(first * steps, rel=1e-9)


def test_equal_durations_have_exact_percentiles():
    made = histogram([(0.0123, 0.0, 50, 7)])
    assert made.describe() == pytest.approx(dict.fromkeys(NAMES, 0.0123), rel=1e-14)


def test_percentiles_lie_between_the_values_next_to_their_rank():
    # of 6 ms and 1 s, a half lies half-way, 99% at 0.006 + 0.99 · 0.994
    made = histogram([(0.006, 0.0, 1, 1), (1.0, 0.0, 1, 1)]).describe()
    assert (made["p50"], made["p99"]) == (pytest.approx(0.503), pytest.approx(0.99006))


def test_lines_added_one_by_one_or_together_are_the_same():
    lines = [(0.01, 1e-6, 100, 8), (0.02, 1e-4, 300, 3), (0.5, 0.0, 1, 1)]
    apart = Histogram()
    for line in lines:
        apart.add_lines(*np.array([line], dtype=float).T)
    assert np.array_equal(apart._counts, histogram(lines)._counts)


def test_what_lies_outside_is_counted_in_the_end_bins():
    made = histogram([(1e-12, 0.0, 3, 1), (1e9, 0.0, 2, 1)])
    assert made._counts.sum() == 5
    assert made._counts[0] == 3
    assert made._counts[-1] == 2


def test_runs_are_consecutive_numbers_with_their_rows():
    numbers, owner = runs(np.array([5, 0, 9]), np.array([3, 1, 2]))
    assert numbers.tolist() == [5, 6, 7, 0, 9, 10]
    assert owner.tolist() == [0, 0, 0, 1, 2, 2]
