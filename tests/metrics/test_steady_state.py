"""A queue that grows is called an overload; a busy server and a passing burst are not."""

import numpy as np
import pytest

from infersim.metrics.steady_state import overload


def served(arrival_s: np.ndarray, service_s: float) -> tuple[np.ndarray, np.ndarray]:
    """One server that takes `service_s` for each, in order: when each request is due, and when it begins."""
    scheduled, free_s = [], 0.0
    for at_s in arrival_s:
        scheduled.append(max(at_s, free_s))
        free_s = scheduled[-1] + service_s
    return arrival_s, np.array(scheduled)


def test_arrivals_above_capacity_are_an_overload():
    # One a second against one in 1.5 s: after 600 s a third of the work is left, 300 s of it.
    said = overload(*served(np.arange(600.0), 1.5), end_s=900.0)
    assert said.startswith(
        "overload: arrivals outran service. 200 requests were waiting when arrivals stopped at 599 s"
    )
    assert "it took 300 s more to begin with the last" in said


@pytest.mark.parametrize("service_s", [1.2, 1.5, 3.0])
def test_an_overload_is_seen_although_the_run_stops_at_the_horizon(service_s):
    due, begins = served(np.arange(600.0), service_s)
    begun = begins <= 600.0
    said = overload(due, np.where(begun, begins, np.nan), end_s=600.0)
    assert f"{np.count_nonzero(~begun)} of them had not begun when the run ended" in said


def test_the_order_of_rows_does_not_matter():
    due, begins = served(np.arange(600.0), 1.5)
    mixed = np.random.default_rng(1).permutation(600)
    assert overload(due[mixed], begins[mixed], end_s=900.0) == overload(due, begins, end_s=900.0) != ""


def test_a_queue_that_never_empties_is_an_overload_although_it_does_not_grow():
    backlog = np.concatenate([np.zeros(100), np.arange(1.0, 901.0)])  # a hundred at once, then just what is served
    assert "overload: arrivals outran service" in overload(*served(backlog, 1.0), end_s=1000.0)


@pytest.mark.parametrize("utilisation", [0.3, 0.8, 0.95])
def test_a_busy_server_that_keeps_up_is_none(utilisation):
    rng = np.random.default_rng(1)
    arrival = np.cumsum(rng.exponential(1.0, 5000))
    assert overload(*served(arrival, utilisation), end_s=float(arrival[-1]) + 100.0) == ""


def test_a_burst_that_passes_is_none():
    burst = np.concatenate([np.arange(300.0), np.full(200, 300.0), np.arange(301.0, 2000.0)])
    assert overload(*served(burst, 0.5), end_s=2000.0) == ""


def test_waits_below_a_second_are_none():
    arrival = np.arange(600) / 1000.0
    assert overload(*served(arrival, 0.0015), end_s=0.9) == ""


@pytest.mark.parametrize("arrival", [np.zeros(0), np.arange(49.0), np.zeros(500)])
def test_too_few_or_all_at_once_say_nothing(arrival):
    assert overload(*served(arrival, 100.0), end_s=1e5) == ""
