"""What traffic costs: a million requests with their lengths, for every kind of arrivals and a model of clients."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import Measure
from infersim.load.profiles import profiles_root
from infersim.load.text import read_text
from infersim.load.yaml12 import parse
from infersim.rng import stream
from infersim.spec.client_model import ClientModel
from infersim.spec.scenario import Scenario
from infersim.workload.models import clients as client_model
from infersim.workload.traffic import generate

REQUESTS = 10**6
ROUNDS = 3
MODEL = "servegen-deepseek-r1"
ARRIVALS = (
    {"kind": "poisson", "rate_per_s": 20},
    {"kind": "gamma", "rate_per_s": 20, "cv": 3},
    {"kind": "weibull", "rate_per_s": 20, "cv": 3},
    {"kind": "mmpp", "states": [{"rate_per_s": 2, "mean_s": 60}, {"rate_per_s": 60, "mean_s": 6}]},
    {"kind": "hawkes", "rate_per_s": 20, "branching": 0.9, "decay_s": 5},
    {"kind": "piecewise", "times_s": [0, 100, 200], "rates_per_s": [1, 20, 0], "repeat_s": 300},
    {"kind": "sinusoidal", "rate_per_s": 20, "amplitude": 0.8, "weekend_factor": 0.4, "cv": 2},
    {"kind": "step", "rate_per_s": 2, "after_rate_per_s": 30, "at_s": 100},
    {"kind": "spike", "rate_per_s": 2, "peak_rate_per_s": 30, "start_s": 10, "duration_s": 100},
    {"kind": "clients", "clients": [{"rate_per_s": 3, "cv": 2, "family": "weibull"}, {"rate_per_s": 1, "cv": 9}]},
    {"kind": "population", "rate_per_s": 20, "clients": 1000, "cv": 2, "cv_spread": 0.7},
    {"kind": "sensors", "devices": 100, "period_s": 5, "jitter_s": 1, "outage_every_s": 1000, "outage_s": 100},
)


def measure() -> Iterator[Measure]:
    """Least time, and most memory at a time, of a million requests."""
    for spec in ARRIVALS:
        yield from _measured(str(spec["kind"]), _traffic(spec))
    path = profiles_root() / "workloads" / f"{MODEL}.yaml"
    data, _ = parse(read_text(path), str(path))
    model = ClientModel.model_validate(data)
    yield from _measured(
        MODEL, lambda: client_model.generate(model, lambda what: stream(1, what), REQUESTS, None, 20.0)
    )


def _traffic(arrivals: dict) -> Callable[[], object]:
    lengths = {"kind": "lognormal", "mean": 512, "cv": 0.8}
    chat = {"arrivals": arrivals, "prompt_tokens": lengths, "output_tokens": lengths}
    fleet = {"main": {"model": "any", "device": "any"}}
    scenario = Scenario.model_validate({"workload": {"chat": chat}, "fleet": fleet, "run": {"requests": REQUESTS}})
    return lambda: generate(scenario, Path())


def _measured(name: str, made: Callable[[], object]) -> Iterator[Measure]:
    least = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        made()
        least = min(least, time.perf_counter() - began)
    tracemalloc.start()
    made()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield Measure(f"a million requests, {name}", least, "s", at_most=1.5)
    yield Measure(f"a million requests, {name}: memory", most / 1e6, "MB", at_most=100)
