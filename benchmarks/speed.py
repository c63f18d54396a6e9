"""What a request costs: simulated requests a second against the timeouts a second of bare SimPy."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator

import simpy

from benchmarks.measure import SCENARIOS, Measure
from infersim.load import load_scenario
from infersim.simulate import simulate

TIMEOUTS = 500_000
FEW, MANY = 20_000, 60_000
ROUNDS = 3


def measure() -> Iterator[Measure]:
    """Bare SimPy, and the marginal cost of a request on one busy replica."""
    simulate(load_scenario(SCENARIOS / "busy.yaml", ["run.requests=500"]))  # imports and profiles
    bare, costs = 0.0, []
    for _ in range(ROUNDS):
        bare = max(bare, bare_timeouts_per_s())
        costs.append((_busy_s(MANY) - _busy_s(FEW)) / (MANY - FEW))
    cost_s = statistics.median(costs)
    yield Measure("bare SimPy timeouts", bare, "1/s")
    yield Measure("simulated requests at 36 requests/s, marginal", 1 / cost_s, "1/s")
    yield Measure("simulated requests ÷ bare timeouts", 1 / cost_s / bare, "ratio", at_least=0.05)


def bare_timeouts_per_s() -> float:
    """Timeouts a second of one SimPy process that does nothing else."""
    env = simpy.Environment()
    env.process(_wait(env))
    began = time.perf_counter()
    env.run()
    return TIMEOUTS / (time.perf_counter() - began)


def _wait(env: simpy.Environment):
    for _ in range(TIMEOUTS):
        yield env.timeout(1.0)


def _busy_s(requests: int) -> float:
    """Time of a run from its scenario to the text of its figures."""
    loaded = load_scenario(SCENARIOS / "busy.yaml", [f"run.requests={requests}"])
    began = time.perf_counter()
    json.dumps(simulate(loaded).summary())
    return time.perf_counter() - began
