"""Open arrivals come at the rate and with the burstiness asked for, and end where they are told to."""

import math

import numpy as np
import pytest
from pydantic import TypeAdapter

from infersim.rng import stream
from infersim.spec.arrivals import Arrivals
from infersim.workload.arrivals import times

COUNT = 100_000
RANDOM = {
    # options, cv of the gaps
    "poisson": ({"kind": "poisson", "rate_per_s": 6.0}, 1.0),
    "bursty gamma": ({"kind": "gamma", "rate_per_s": 6.0, "cv": 2.5}, 2.5),
    "regular gamma": ({"kind": "gamma", "rate_per_s": 6.0, "cv": 0.3}, 0.3),
}
KINDS = {**{name: spec for name, (spec, _) in RANDOM.items()}, "even": {"kind": "deterministic", "rate_per_s": 6.0}}


def arrive(spec: dict, limit: int | None = None, until_s: float | None = None, seed: int = 1) -> np.ndarray:
    return times(TypeAdapter(Arrivals).validate_python(spec), stream(seed, "arrivals"), limit, until_s)


@pytest.mark.parametrize("name", RANDOM)
def test_rate_and_cv_are_those_asked_for(name):
    spec, cv = RANDOM[name]
    gaps = np.diff(arrive(spec, limit=COUNT), prepend=0.0)
    assert abs(gaps.mean() - 1 / 6) <= 4 * cv / 6 / math.sqrt(COUNT)
    squares = (gaps - gaps.mean()) ** 2
    assert abs(squares.mean() - (cv / 6) ** 2) <= 4 * squares.std() / math.sqrt(COUNT)


@pytest.mark.parametrize("name", KINDS)
def test_arrivals_ascend_and_stop_before_the_duration(name):
    arrived = arrive(KINDS[name], until_s=1000.0)
    assert (np.diff(arrived) >= 0).all()
    assert arrived[0] >= 0
    assert arrived[-1] < 1000.0
    assert arrived[-1] > 1000.0 - 20 * 2.5 / 6  # no block boundary cuts the stream short


@pytest.mark.parametrize("name", RANDOM)
def test_the_number_in_a_duration_is_that_of_the_rate(name):
    spec, cv = RANDOM[name]
    # A renewal process has about rate · t arrivals, with variance cv² · rate · t.
    assert abs(arrive(spec, until_s=5000.0).size - 30_000) <= 4 * cv * math.sqrt(30_000)


@pytest.mark.parametrize("name", KINDS)
def test_limit_and_duration_both_hold(name):
    assert arrive(KINDS[name], limit=50, until_s=1000.0).size == 50
    assert arrive(KINDS[name], limit=10**6, until_s=10.0).size < 200
    assert arrive(KINDS[name], limit=50).size == 50


@pytest.mark.parametrize("name", KINDS)
def test_a_longer_run_begins_like_the_shorter_one(name):
    for seed in range(30):  # bursty ones need a second block now and then
        short, long = (arrive(KINDS[name], until_s=until_s, seed=seed) for until_s in (100.0, 700.0))
        np.testing.assert_array_equal(long[: short.size], short)
        np.testing.assert_array_equal(arrive(KINDS[name], limit=long.size, seed=seed), long)


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "gamma", "rate_per_s": 6.0, "cv": 2.5},
        {"kind": "gamma", "rate_per_s": 6.0, "cv": 0.3},
        {"kind": "weibull", "rate_per_s": 6.0, "cv": 1.8},
    ],
)
def test_bursts_begin_as_if_they_had_run_forever(spec):
    """Time 0 falls into a long gap more easily than into a short one: what is left of it is (1 + cv²) / (2 rate)."""
    runs = [arrive(spec, limit=10, seed=seed) for seed in range(4000)]
    firsts = np.array([run[0] for run in runs])
    error = firsts.std() / math.sqrt(len(runs))
    assert abs(firsts.mean() - (1 + spec["cv"] ** 2) / 12) <= 4 * error
    counts = np.array([np.count_nonzero(run < 0.5) for run in (arrive(spec, until_s=0.5, seed=s) for s in range(4000))])
    assert abs(counts.mean() - 3.0) <= 4 * counts.std() / math.sqrt(counts.size)  # the rate holds from the very start


def test_poisson_arrivals_are_sums_of_one_stream_s_gaps():
    gaps = stream(1, "arrivals").exponential(1 / 6, 500)
    np.testing.assert_array_equal(arrive(KINDS["poisson"], limit=500), np.cumsum(gaps))


def test_deterministic_arrivals_start_at_zero_and_keep_their_distance():
    assert arrive({"kind": "deterministic", "rate_per_s": 4.0}, until_s=1.0).tolist() == [0.0, 0.25, 0.5, 0.75]
    assert arrive({"kind": "deterministic", "rate_per_s": 4.0}, limit=3).tolist() == [0.0, 0.25, 0.5]


def test_an_arrival_at_the_very_end_of_the_duration_does_not_come():
    # 1.1 · 10 is 11.000000000000002: a twelfth arrival, at 1.1, would not be before the end
    assert arrive({"kind": "deterministic", "rate_per_s": 10.0}, until_s=1.1).size == 11


def test_all_at_once_is_at_zero():
    assert arrive({"kind": "all_at_once"}, limit=4).tolist() == [0.0] * 4


def test_no_arrivals_where_there_is_no_time():
    assert arrive(KINDS["poisson"], until_s=1e-9).size == 0
