"""The search for the capacity, over runs that a formula makes: where it ends, and how much it simulates."""

import math

import numpy as np
import pytest

from infersim.capacity import bench as benches
from infersim.capacity.axis import axis_of
from infersim.capacity.goals import goals_of
from infersim.capacity.observed import Observed
from infersim.capacity.search import PRECISION, search
from infersim.load import from_mapping

REQUESTS, SENT = 4000, 10**6
CLOSED = {"kind": "closed_loop", "clients": 7}
POISSON = {"kind": "poisson", "rate_per_s": 7}


def bench(monkeypatch, attained, arrivals=POISSON, saturation=math.inf, noise=0.0, short=lambda share: share):
    """A bench whose runs attain a function of the load, with noise of each seed's own; short ones as `short` says."""

    def observe(loaded, number, goals):
        of = loaded.scenario.workload["a"].arrivals
        load = of.clients if of.kind == "closed_loop" else of.rate_per_s
        requests = loaded.scenario.run.requests
        share = attained(load) + noise * np.random.default_rng(number).normal()
        met = round(SENT * min(max(short(share) if requests < REQUESTS else share, 0.0), 1.0))
        growth = 9.0 if load > saturation else 0.0
        done = {"requests_per_s": min(load, saturation)}
        nothing = {name: {"p50": 1.0, "p99": 2.0} for name in ("ttft_s", "tpot_s", "e2e_s")}
        return Observed(requests, requests, (met,), (SENT,), ({},), growth, done["requests_per_s"], nothing, done)

    monkeypatch.setattr(benches, "observe", observe)
    loaded = from_mapping(
        {
            "workload": {
                "a": {
                    "arrivals": arrivals,
                    "prompt_tokens": {"kind": "fixed", "value": 10},
                    "output_tokens": {"kind": "fixed", "value": 10},
                    "slo": {"ttft_s": 1, "attainment": 0.9},
                }
            },
            "fleet": {"main": {"model": "llama-3.2-1b", "device": "l4-24gb"}},
            "run": {"requests": REQUESTS},
        }
    )
    return benches.Bench(axis_of(loaded), goals_of(loaded))


@pytest.mark.parametrize("truth", [0.9, 7.0, 33.0, 71.0, 95.0])
def test_it_finds_a_boundary_wherever_it_lies_below_saturation(monkeypatch, truth):
    found = search(bench(monkeypatch, lambda load: 0.9 * (truth / load) ** 0.5), 100.0, 24)
    assert found.load == pytest.approx(truth, rel=0.002)  # a chord of 5% beside a root's curve
    assert found.limited_by == "slo"


def test_few_replications_tell_far_from_the_boundary_and_as_many_as_need_be_near_it(monkeypatch):
    made = bench(monkeypatch, lambda load: 0.9 + (50.0 - load) / 100, noise=0.01)
    found = search(made, 100.0, 200)
    assert abs(found.load - 50.0) < 2 * found.half <= 2 * PRECISION * found.load
    counts = {point.load: len(point.runs) for point in made.known()}
    assert sorted(counts.values())[-2] > 8
    assert max(count for load, count in counts.items() if abs(load / 50.0 - 1.0) > 0.12) <= 8
    assert made.simulated < 60 * 12 * REQUESTS / 5


def test_short_runs_that_hold_too_much_do_not_lead_it_astray(monkeypatch):
    made = bench(monkeypatch, lambda load: 0.9 * (30.0 / load), short=lambda share: share + 0.3)
    assert search(made, 100.0, 24).load == pytest.approx(30.0, rel=0.002)


def test_goals_that_hold_at_every_load_end_at_saturation(monkeypatch):
    found = search(bench(monkeypatch, lambda load: 1.0, saturation=100.0), 100.0, 24)
    assert (found.load, found.half, found.limited_by) == (100.0, None, "saturation")


def test_saturation_that_was_put_too_low_is_moved_up(monkeypatch):
    found = search(bench(monkeypatch, lambda load: 0.9 * 80.0 / load, saturation=100.0), 30.0, 24)
    assert (found.load, found.limited_by) == (pytest.approx(80.0, rel=0.002), "slo")


def test_goals_that_hold_at_no_load_have_no_capacity(monkeypatch):
    found = search(bench(monkeypatch, lambda load: 0.5), 100.0, 24)
    assert found.load is None
    assert found.at.load == pytest.approx(0.4)  # hardly any load


@pytest.mark.parametrize("truth", [3, 19, 64, 500])
def test_clients_are_the_most_with_which_the_goals_hold(monkeypatch, truth):
    made = bench(monkeypatch, lambda load: 0.9 + (truth + 0.5 - load) / 1000, CLOSED)
    assert search(made, None, 24).load == truth


def test_clients_whose_throughput_grows_no_more_are_at_saturation(monkeypatch):
    found = search(bench(monkeypatch, lambda load: 1.0, CLOSED, saturation=20.0), None, 24)
    assert (found.load, found.limited_by) == (28.0, "saturation")  # 7, 14, 28, and 56 give no more
