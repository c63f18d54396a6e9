"""The queue's length from times of entering and leaving, against counting at every instant."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infersim.metrics.queueing import area_s, peak, waits

NAN = float("nan")
STAYS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 15)), max_size=15)  # whole seconds: many ties


def arrays(stays):
    enter = np.array([begin for begin, _ in stays], dtype=float)
    return enter, enter + np.array([length for _, length in stays], dtype=float)


@given(STAYS, st.integers(0, 30), st.integers(1, 40))
def test_area_and_peak_are_those_of_counting_second_by_second(stays, begin, length):
    enter, leave = arrays(stays)
    # Between whole seconds nothing changes, so the number at half seconds is the number throughout.
    waiting = [int(((enter <= t) & (t < leave)).sum()) for t in np.arange(begin, begin + length) + 0.5]
    assert area_s(enter, leave, begin, begin + length) == sum(waiting)
    assert peak(enter, leave, begin, begin + length) == max(waiting)


def test_one_who_leaves_as_another_comes_does_not_wait_beside_him():
    assert peak(np.array([0.0, 1.0]), np.array([1.0, 2.0]), 0.0, 5.0) == 1


def test_nobody_waits_in_an_empty_queue():
    nothing = np.zeros(0)
    assert area_s(nothing, nothing, 0.0, 9.0) == 0.0
    assert peak(nothing, nothing, 0.0, 9.0) == 0


def test_stays_are_first_waits_and_returns():
    requests = {"arrival_s": np.array([0.0, 1.0, 2.0]), "scheduled_s": np.array([0.0, 1.5, NAN])}
    enter, leave = waits(requests, (np.array([3.0, 4.0]), np.array([5.0, 4.0])), end_s=9.0)
    # The first was scheduled at once and the second return took no time: neither is a stay. The third never was.
    assert list(zip(enter.tolist(), leave.tolist(), strict=True)) == [(1.0, 1.5), (2.0, 9.0), (3.0, 5.0)]


@pytest.mark.parametrize(("begin", "end", "area"), [(0, 10, 4.0), (2, 10, 3.0), (0, 3, 2.0), (2, 3, 1.0), (6, 9, 0.0)])
def test_a_window_cuts_a_stay(begin, end, area):
    assert area_s(np.array([1.0]), np.array([5.0]), begin, end) == area
