"""One request at a time at a constant step time is a single-server queue with a known mean wait.

Service takes output tokens × step time: the prompt's step gives the first token. Pollaczek–Khinchine:
mean wait = λ E[S²] / (2 (1 − ρ)), for fixed lengths (M/D/1) ρ S / (2 (1 − ρ)).
"""

import math

import numpy as np
import pytest
from scipy import stats

from infersim.spec.arrivals import Poisson
from infersim.spec.engines import VllmEngine
from infersim.spec.lengths import Fixed, Geometric
from infersim.workload import arrivals, lengths
from tests.sim.helpers import LinearTiming, open_traffic, run_cluster

STEP_S, SEEDS, REQUESTS = 0.01, 20, 8000


def mean_wait(rate_per_s: float, output, seed: int) -> float:
    rng = np.random.default_rng(seed)
    arrival = arrivals.times(Poisson(rate_per_s=rate_per_s), rng, REQUESTS, None)
    tokens = lengths.sample(output, rng, REQUESTS)
    outcome = run_cluster(
        open_traffic(arrival, np.ones(REQUESTS), tokens),
        timing=LinearTiming(STEP_S, 0.0),
        engine=VllmEngine(max_num_seqs=1),
        capacity_blocks=10**6,
    )
    waits = outcome.requests["scheduled_s"] - arrival
    return float(waits[REQUESTS // 10 :].mean())


def mean_and_margin(values: list[float]) -> tuple[float, float]:
    margin = stats.t.ppf(0.9995, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))
    return float(np.mean(values)), float(margin)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_fixed_lengths_wait_as_in_m_d_1(load):
    tokens = 20
    service_s = tokens * STEP_S
    waits = [mean_wait(load / service_s, Fixed(value=tokens), seed) for seed in range(SEEDS)]
    mean, margin = mean_and_margin(waits)
    expected = load * service_s / (2 * (1 - load))
    assert abs(mean - expected) < margin
    assert margin < 0.15 * expected  # or the test would pass with anything


@pytest.mark.parametrize("load", [0.3, 0.6])
def test_geometric_lengths_wait_as_pollaczek_and_khinchine_say(load):
    mean_tokens = 20.0
    # A geometric length from 1 on with mean m has E[N²] = m (2 m − 1).
    second_moment = mean_tokens * (2 * mean_tokens - 1) * STEP_S**2
    rate = load / (mean_tokens * STEP_S)
    waits = [mean_wait(rate, Geometric(mean=mean_tokens), seed) for seed in range(SEEDS)]
    mean, margin = mean_and_margin(waits)
    expected = rate * second_moment / (2 * (1 - load))
    assert abs(mean - expected) < margin
    assert margin < 0.15 * expected
