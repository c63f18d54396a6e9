"""What every open kind of arrivals keeps: order, ends, the same beginning in a longer run, and its seed."""

import tracemalloc
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from infersim.errors import InputError
from infersim.load import from_mapping
from infersim.rng import stream
from infersim.spec.arrivals import Arrivals, OpenArrivals
from infersim.spec.arrivals.expected import most_expected
from infersim.spec.scenario import Scenario
from infersim.workload.arrivals import times
from infersim.workload.traffic import generate

EACH = [
    {"kind": "poisson", "rate_per_s": 6},
    {"kind": "deterministic", "rate_per_s": 6},
    {"kind": "gamma", "rate_per_s": 6, "cv": 2.5},
    {"kind": "weibull", "rate_per_s": 6, "cv": 2.5},
    {"kind": "mmpp", "states": [{"rate_per_s": 2, "mean_s": 20}, {"rate_per_s": 22, "mean_s": 5}]},
    {"kind": "hawkes", "rate_per_s": 6, "branching": 0.7, "decay_s": 2},
    {"kind": "piecewise", "times_s": [0, 50], "rates_per_s": [10, 2], "repeat_s": 100},
    {"kind": "sinusoidal", "rate_per_s": 6, "amplitude": 1, "period_s": 100, "weekend_factor": 0.5, "cv": 2},
    {"kind": "step", "rate_per_s": 2, "after_rate_per_s": 7, "at_s": 100},
    {"kind": "spike", "rate_per_s": 6, "peak_rate_per_s": 30, "start_s": 5, "duration_s": 10, "shape": "triangle"},
    {"kind": "clients", "clients": [{"rate_per_s": 4, "cv": 2, "family": "weibull"}, {"rate_per_s": 2}]},
    {"kind": "population", "rate_per_s": 6, "clients": 100, "skew": "lognormal", "cv": 2, "cv_spread": 0.5},
    {
        "kind": "sensors",
        "devices": 12,
        "period_s": 1.5,
        "jitter_s": 1,
        "jitter": "normal",
        "loss": 0.1,
        "outage_every_s": 90,
        "outage_s": 10,
    },
]
IDS = [spec["kind"] for spec in EACH]
each_kind = pytest.mark.parametrize("spec", EACH, ids=IDS)


def parsed(spec: dict):
    return TypeAdapter(Arrivals).validate_python(spec)


def arrive(spec: dict, limit: int | None = None, until_s: float | None = None, seed: int = 1) -> np.ndarray:
    return times(parsed(spec), stream(seed, "arrivals"), limit, until_s)


def test_every_open_kind_is_here():
    kinds = {get_args(spec.model_fields["kind"].annotation)[0] for spec in get_args(OpenArrivals)}
    assert kinds == {*IDS, "all_at_once"}


@each_kind
def test_arrivals_ascend_from_0_and_stop_before_the_end(spec):
    arrived = arrive(spec, until_s=1000.0)
    assert (np.diff(arrived) >= 0).all()
    assert 0 <= arrived[0] < 100
    assert 900 < arrived[-1] < 1000


@each_kind
def test_limit_and_end_both_hold(spec):
    assert arrive(spec, limit=50, until_s=1000.0).size == 50
    assert arrive(spec, limit=10**6, until_s=1000.0).size == arrive(spec, until_s=1000.0).size
    assert arrive(spec, limit=5000).size == 5000
    assert arrive(spec, until_s=1e-9).size in (0, 1)  # deterministic ones begin at 0


@each_kind
def test_a_longer_run_begins_like_a_shorter_one(spec):
    short, long, counted = arrive(spec, until_s=100.0), arrive(spec, until_s=20_000.0), arrive(spec, limit=30_000)
    assert long.size > 30_000
    np.testing.assert_array_equal(long[: short.size], short)
    assert long[short.size] >= 100.0
    np.testing.assert_array_equal(long[:30_000], counted)


@each_kind
def test_the_seed_alone_decides(spec):
    np.testing.assert_array_equal(arrive(spec, limit=1000), arrive(spec, limit=1000))
    if spec["kind"] != "deterministic":
        assert (arrive(spec, limit=1000) != arrive(spec, limit=1000, seed=2)).any()


@each_kind
def test_the_expected_number_is_told_beforehand(spec):
    counts = [arrive(spec, until_s=500.0, seed=seed).size for seed in range(40)]
    error = np.std(counts, ddof=1) / np.sqrt(40)
    assert abs(np.mean(counts) - most_expected(parsed(spec), 500.0)) <= 4 * error + 0.2 * np.mean(counts)
    assert np.mean(counts) - 4 * error <= 1.001 * most_expected(parsed(spec), 500.0) + 5  # a first gap, from 0


@each_kind
def test_a_million_fit_into_100_mb(spec):
    tracemalloc.start()
    try:
        assert arrive(spec, limit=10**6).size == 10**6
        assert tracemalloc.get_traced_memory()[1] < 50e6  # as much again is for lengths
    finally:
        tracemalloc.stop()


@each_kind
def test_no_other_class_changes_a_class(spec):
    poisson = {"arrivals": EACH[0], "prompt_tokens": {"kind": "geometric", "mean": 100}}
    poisson |= {"output_tokens": poisson["prompt_tokens"]}

    def opened(workload: dict):
        fleet = {"main": {"model": "any", "device": "any"}}
        return generate(Scenario(workload=workload, fleet=fleet, run={"duration_s": 500, "seed": 3}), Path()).open

    alone = opened({"a": poisson | {"arrivals": spec}})
    both = opened({"b": poisson, "a": poisson | {"arrivals": spec}, "c": poisson})
    own = both.of(np.flatnonzero(both.traffic_class == 1))
    for column in ("arrival_s", "prompt_tokens", "output_tokens"):
        assert getattr(own, column).tobytes() == getattr(alone, column).tobytes()


def test_rates_that_end_send_no_more():
    ended = {"kind": "piecewise", "times_s": [0, 10], "rates_per_s": [5, 0]}
    assert arrive(ended, limit=10**6).max() < 10
    assert arrive({"kind": "step", "rate_per_s": 5, "after_rate_per_s": 0, "at_s": 10}, until_s=1e9).max() < 10


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"kind": "mmpp", "states": [{"rate_per_s": 0, "mean_s": 1}] * 2}, "no state sends anything"),
        (
            {"kind": "mmpp", "states": [{"rate_per_s": 1, "mean_s": 1e-3}, {"rate_per_s": 3, "mean_s": 3e-3}]},
            "more than 100 times a request",
        ),
        ({"kind": "hawkes", "rate_per_s": 1, "branching": 1, "decay_s": 1}, "less than 1"),
        ({"kind": "piecewise", "times_s": [0, 1], "rates_per_s": [1]}, "1 rates for 2 times"),
        ({"kind": "piecewise", "times_s": [1, 2], "rates_per_s": [1, 1]}, "must begin at 0"),
        ({"kind": "piecewise", "times_s": [0, 2, 2], "rates_per_s": [1, 1, 1]}, "must ascend"),
        ({"kind": "piecewise", "times_s": [0, 2], "rates_per_s": [1, 1], "repeat_s": 2}, "not after the last"),
        ({"kind": "piecewise", "times_s": [0], "rates_per_s": [0]}, "no rate is above 0"),
        ({"kind": "step", "rate_per_s": 0, "after_rate_per_s": 0, "at_s": 1}, "no rate is above 0"),
        (
            {"kind": "spike", "rate_per_s": 0, "peak_rate_per_s": 0, "start_s": 0, "duration_s": 1},
            "no rate is above 0",
        ),
        ({"kind": "clients", "clients": [{"rate_per_s": 1, "cv": 2, "family": "exponential"}]}, "have cv 1"),
        ({"kind": "sensors", "period_s": 1, "outage_s": 3}, "is needed for outages"),
        ({"kind": "sensors", "period_s": 1, "jitter_s": 11}, "more than ten periods"),
    ],
)
def test_what_cannot_be_is_refused(spec, says):
    with pytest.raises(ValidationError, match=says):
        parsed(spec)


def test_what_changes_too_often_is_told_its_mean_rate():
    states = [{"rate_per_s": 1, "mean_s": 1e-3}, {"rate_per_s": 3, "mean_s": 3e-3}]
    chat = {name: {"kind": "fixed", "value": 9} for name in ("prompt_tokens", "output_tokens")}
    scenario = {
        "workload": {"chat": chat | {"arrivals": {"kind": "mmpp", "states": states}}},
        "fleet": {"main": {"model": "llama-3.1-8b", "device": "h100-sxm-80gb"}},
    }
    with pytest.raises(InputError, match="more than 100 times a request") as caught:
        from_mapping(scenario)
    assert "rate_per_s: 2.5," in caught.value.hint
