"""Where a start is over: ramps are found, noise and early crowds are left alone."""

import numpy as np
import pytest

from infersim.metrics.warmup import BINS, found_s, is_longest, mser
from infersim.records import COMPLETED, REJECTED

NAN = float("nan")


def test_a_level_series_has_no_start():
    assert mser(np.full(1000, 7.0)) == 0
    assert mser(np.full(1000, 0.1)) == 0  # a number that is not exact
    assert mser(np.zeros(0)) == mser(np.ones(9)) == 0


@pytest.mark.parametrize("ramp", [50, 100, 250])
def test_a_ramp_is_left_out_to_the_batch_in_which_it_ends(ramp):
    series = np.minimum(np.arange(1000) / ramp, 1.0)
    assert ramp - 5 <= mser(series) <= ramp  # the last batch of the ramp is nearly level
    noisy = series + 0.02 * np.random.default_rng(1).standard_normal(1000)
    assert 0.8 * ramp <= mser(noisy) <= 1.2 * ramp


def test_at_most_half_is_left_out():
    assert mser(np.arange(1000.0)) == 500


def test_an_early_crowd_is_no_start():
    series = np.ones(1000)
    series[:100] = 5.0
    assert mser(series) == 0
    assert mser(2.0 - series) == 100  # turned over, it is one


def requests(arrival, first, finish, status=None):
    columns = (np.array(column, dtype=float) for column in (arrival, first, finish))
    status = np.full(len(arrival), COMPLETED) if status is None else np.array(status)
    return dict(zip(("arrival_s", "first_token_s", "finish_s"), columns, strict=True)) | {"status": status}


def test_the_first_burst_of_a_closed_loop_is_left_out():
    # Ten clients start at once; their prompts take a second each, one after another; from 10 s on each answer is
    # followed by the next request, which has its first token at once.
    first = np.arange(1.0, 11.0)
    second = 100.0 + np.arange(10)
    closed = requests([0.0] * 10 + [*second], [*first, *second], [*second] + [NAN] * 10, [COMPLETED] * 10 + [0] * 10)
    assert found_s(closed, 120.0) == pytest.approx(10.0, abs=5 * 120.0 / BINS)


def test_an_open_stream_that_fills_an_empty_system_is_cut_where_it_is_full():
    arrival = np.arange(0, 300, 0.5)
    steady = requests(arrival, arrival + 1.0, arrival + 30.0)  # rises to 60 requests until 30 s
    assert found_s(steady, 300.0) == pytest.approx(30.0, abs=5 * 300.0 / BINS)


def test_half_of_the_run_may_not_be_enough():
    arrival = np.arange(0.0, 100.0, 0.1)
    growing = requests(arrival, arrival + 200.0, arrival + 300.0)  # nobody leaves
    begin_s = found_s(growing, 100.0)
    assert begin_s == pytest.approx(50.0)
    assert is_longest(begin_s, 100.0)
    assert not is_longest(49.0, 100.0)
    assert not is_longest(0.0, 0.0)


def test_a_run_of_no_length_or_of_rejections_has_no_warm_up():
    assert found_s(requests([0.0], [1.0], [2.0]), 0.0) == 0.0
    assert found_s(requests([0.0, 5.0], [NAN, NAN], [NAN, NAN], [REJECTED, REJECTED]), 10.0) == 0.0
