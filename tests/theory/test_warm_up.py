"""The bias of an empty start, and what of it the automatic warm-up removes.

Poisson arrivals at rate λ, all of them served at once for S seconds (M/D/∞; a step takes 10 ms whatever is in it): at
time t after an empty start λ·min(t, S) requests are in the system in the mean, and λ·S in steady state. The mean over a
run of length T is too low by λ·S²/(2T).
"""

import math

import numpy as np

from infersim.metrics.queueing import area_s
from infersim.metrics.warmup import found_s
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
