"""A queue that grows is called an overload; a busy server and a passing burst are not."""

import numpy as np
import pytest

from infersim.metrics.steady_state import AT_CAPACITY, CLEAR, growth, is_overloaded
from tests.theory.queues import STEP_S, waits_s


def served(arrival_s: np.ndarray, service_s: float) -> tuple[np.ndarray, np.ndarray]:
    """One server that takes `service_s` for each, in order: when each request is due, and when it begins."""
    scheduled, free_s = [], 0.0
    for at_s in arrival_s:
        scheduled.append(max(at_s, free_s))
        free_s = scheduled[-1] + service_s
    return arrival_s, np.array(scheduled)


def overload(due_s: np.ndarray, scheduled_s: np.ndarray) -> str:
    return growth(due_s, scheduled_s).sentence


def test_arrivals_above_capacity_are_an_overload():
    # One a second against one in 1.5 s: after 600 s a third of the work is left, 300 s of it.
    said = overload(*served(np.arange(600.0), 1.5))
    assert said.startswith(
        "overload: arrivals outran service. 200 requests were waiting when arrivals stopped at 599 s"
    )
    assert "it took 300 s more to begin with the last" in said


@pytest.mark.parametrize("service_s", [1.2, 1.5, 3.0])
def test_an_overload_is_seen_although_the_run_stops_at_the_horizon(service_s):
    due, begins = served(np.arange(600.0), service_s)
    begun = begins <= 600.0
    said = overload(due, np.where(begun, begins, np.nan))
    assert f"{np.count_nonzero(~begun)} of them had not begun when the run ended" in said


def test_the_order_of_rows_does_not_matter():
    due, begins = served(np.arange(600.0), 1.5)
    mixed = np.random.default_rng(1).permutation(600)
    assert overload(due[mixed], begins[mixed]) == overload(due, begins) != ""


def test_a_queue_that_never_empties_is_an_overload_although_it_does_not_grow():
    backlog = np.concatenate([np.zeros(100), np.arange(1.0, 901.0)])  # a hundred at once, then just what is served
    assert "overload: arrivals outran service" in overload(*served(backlog, 1.0))


@pytest.mark.parametrize("utilisation", [0.3, 0.8, 0.95])
def test_a_busy_server_that_keeps_up_is_none(utilisation):
    rng = np.random.default_rng(1)
    arrival = np.cumsum(rng.exponential(1.0, 5000))
    assert overload(*served(arrival, utilisation)) == ""


def test_a_burst_that_passes_is_none():
    burst = np.concatenate([np.arange(300.0), np.full(200, 300.0), np.arange(301.0, 2000.0)])
    assert overload(*served(burst, 0.5)) == ""


def test_an_overload_is_seen_at_any_pace():
    for service_s in (1e-4, 1.5, 1e4):
        assert "overload" in overload(*served(np.arange(600.0) * service_s / 1.5, service_s))


@pytest.mark.parametrize("arrival", [np.zeros(0), np.arange(19.0), np.zeros(500)])
def test_too_few_or_all_at_once_say_nothing(arrival):
    assert overload(*served(arrival, 100.0)) == ""


def test_a_rate_that_rises_above_capacity_at_last_is_an_overload():
    arrival = np.concatenate([np.arange(700.0), 700.0 + np.arange(600.0) / 2])  # two a second from 700 to 1,000 s
    assert "overload" in overload(*served(arrival, 0.9))


def scores(load: float, customers: int, runs: int, shape: float = 1.0) -> np.ndarray:
    """Of queues of exponential services and gamma gaps, whose squared coefficient of variation is 1 ÷ `shape`."""
    rng = np.random.default_rng(7)
    gaps_s = rng.gamma(shape, 1 / (load * shape), (runs, customers))
    waits = waits_s(gaps_s, rng.exponential(1 / STEP_S, (runs, customers)))
    arrival_s = np.cumsum(gaps_s, axis=1)
    return np.array([growth(due, begins).score for due, begins in zip(arrival_s, arrival_s + waits, strict=True)])


def overloads(found: np.ndarray, replications: int) -> float:
    return float(np.mean([is_overloaded(each) for each in found.reshape(-1, replications)]))


@pytest.mark.parametrize(
    ("load", "customers", "shape"),
    [
        (0.5, 100, 1),
        (0.8, 1000, 1),
        (0.9, 500, 1),
        (0.9, 1000, 1),
        (0.95, 2000, 1),
        (0.9, 2000, 1 / 4),
        (0.8, 1000, 1 / 9),
    ],
)
def test_of_stable_queues_one_in_a_hundred_is_called_overloaded(load, customers, shape):
    """Of 1,000 runs the share is known to ±0.6%, two standard errors."""
    found = scores(load, customers, 1000, shape)
    assert overloads(found, 1) <= 0.016
    assert overloads(found, 10) == 0.0


@pytest.mark.parametrize(
    ("load", "customers", "shape", "alone"),
    [(1.5, 45, 1, 0.5), (1.2, 200, 1, 0.5), (1.1, 2000, 1, 0.85), (1.1, 500, 1, 0.5), (1.3, 300, 1 / 9, 0.4)],
)
def test_overloads_are_found_by_most_single_runs_and_by_ten_together(load, customers, shape, alone):
    found = scores(load, customers, 1000, shape)
    assert overloads(found, 1) >= alone
    assert overloads(found, 10) >= 0.97


def test_at_capacity_the_mean_growth_is_what_is_said():
    found = np.minimum(scores(1.0, 5000, 1000), CLEAR)
    assert found.mean() == pytest.approx(AT_CAPACITY, abs=0.06)


def test_one_burst_does_not_speak_for_all_runs():
    assert is_overloaded([100.0])
    assert not is_overloaded([100.0, 0.3, 0.3, 0.3, 0.3])
    assert is_overloaded([1.5] * 10)
    assert not is_overloaded([1.5])
