"""The bias of an empty start, and what of it the automatic warm-up removes.

Poisson arrivals at rate λ, all of them served at once for S seconds (M/D/∞; a step takes 10 ms whatever is in it): at
time t after an empty start λ·min(t, S) requests are in the system in the mean, and λ·S in steady state. The mean over a
run of length T is too low by λ·S²/(2T).
"""

import heapq
import math
from collections.abc import Callable

import numpy as np
import pytest

from infersim.metrics.queueing import area_s
from infersim.metrics.warmup import found_s
from infersim.records import COMPLETED
from infersim.spec.arrivals import Poisson
from infersim.spec.fleet import VllmEngine
from infersim.workload import arrivals
from tests.sim.helpers import LinearTiming, open_traffic, run_cluster

STEP_S, TOKENS, RATE, LENGTH_S, SEEDS = 0.01, 1000, 20.0, 100.0, 40
SERVICE_S = TOKENS * STEP_S


def means(seed: int) -> tuple[float, float]:
    """Mean requests in the system, of the whole run and of what follows the warm-up that was found."""
    arrival = arrivals.times(Poisson(rate_per_s=RATE), np.random.default_rng(seed), None, LENGTH_S)
    requests = run_cluster(
        open_traffic(arrival, np.ones(arrival.size), np.full(arrival.size, TOKENS)),
        timing=LinearTiming(STEP_S, 0.0),
        engine=VllmEngine(max_num_seqs=1000),
        capacity_blocks=10**6,
        horizon_s=LENGTH_S,
    ).requests
    leave = np.where(np.isnan(requests["finish_s"]), math.inf, requests["finish_s"])
    begin_s = found_s(requests, LENGTH_S)
    whole, rest = (
        area_s(requests["arrival_s"], leave, since, LENGTH_S) / (LENGTH_S - since) for since in (0.0, begin_s)
    )
    return whole, rest


def test_nine_tenths_of_the_bias_of_an_empty_start_are_removed():
    whole, rest = np.array([means(seed) for seed in range(SEEDS)]).T
    steady = RATE * SERVICE_S
    bias = -RATE * SERVICE_S**2 / (2 * LENGTH_S)
    margin = 3.3 * whole.std(ddof=1) / math.sqrt(SEEDS)
    assert abs(whole.mean() - steady - bias) < margin
    # the same arrivals make both means, so chance moves them together: what the whole run is off beside its bias, is
    # taken off the rest
    chance = whole.mean() - (steady + bias)
    assert abs(rest.mean() - chance - steady) < 0.1 * abs(bias)


def served(arrival_s: np.ndarray, service_s: np.ndarray, servers: int) -> np.ndarray:
    """When each request begins, first come first served."""
    free = [0.0] * servers
    begins = np.empty(arrival_s.size)
    for i, (at_s, takes_s) in enumerate(zip(arrival_s.tolist(), service_s.tolist(), strict=True)):
        begins[i] = max(at_s, heapq.heappop(free))
        heapq.heappush(free, begins[i] + takes_s)
    return begins


def mean_in_system(
    servers: int, rate: float, customers: int, runs: int, service_s: Callable[[np.random.Generator, int], np.ndarray]
) -> np.ndarray:
    """Of queues from an empty start: over the whole run, and over what follows the warm-up that was found."""
    rng, found = np.random.default_rng(1), []
    for _ in range(runs):
        arrival_s = np.cumsum(rng.exponential(1 / rate, customers))
        takes_s = service_s(rng, customers)
        begins_s = served(arrival_s, takes_s, servers)
        end_s, leave_s = arrival_s[-1], begins_s + takes_s
        columns = {"arrival_s": arrival_s, "first_token_s": begins_s, "finish_s": leave_s}
        since_s = (0.0, found_s(columns | {"status": np.full(customers, COMPLETED)}, end_s))
        found.append([area_s(arrival_s, leave_s, each, end_s) / (end_s - each) for each in since_s])
    return np.array(found)


def exponential(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.exponential(SERVICE_S, count)


def geometric(rng: np.random.Generator, count: int) -> np.ndarray:
    return 0.1 * rng.geometric(0.1 / SERVICE_S, count)


def waiting(servers: int, load: float) -> float:
    """Mean number waiting of M/M/c (Erlang C)."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = servers * load * blocked / (count + servers * load * blocked)
    return blocked / (1 - load * (1 - blocked)) * load / (1 - load)


@pytest.mark.parametrize(
    ("servers", "rate", "customers", "service_s"),
    [
        (2000, RATE, 2000, exponential),
        (2000, 10.0, 1500, geometric),
        (200, 16.0, 1600, exponential),
        (200, 18.0, 3600, exponential),
    ],
    ids=["M/M/inf", "M/G/inf, geometric", "M/M/200 at 0.8", "M/M/200 at 0.9"],
)
def test_nine_tenths_are_removed_of_batches_that_fill(servers, rate, customers, service_s):
    steady = rate * SERVICE_S + waiting(servers, rate * SERVICE_S / servers)
    whole, rest = mean_in_system(servers, rate, customers, 300, service_s).mean(axis=0)
    assert whole < 0.97 * steady
    assert abs(rest - steady) <= 0.1 * abs(whole - steady)


@pytest.mark.parametrize(("load", "customers"), [(0.8, 500), (0.9, 1000), (0.9, 3000)])
def test_a_single_busy_server_whose_start_is_lost_in_noise_is_not_made_to_look_busier(load, customers):
    """Half a run in which it is never idle is chance and no steady state: figures must not come out too high."""
    rate = load / SERVICE_S
    whole, rest = mean_in_system(1, rate, customers, 800, exponential).mean(axis=0)
    assert whole <= rest <= load / (1 - load)
