"""Clients that think between the turns of a session, before a server that takes one request at a time: the
machine-repairman model.

With N clients, exponential service of mean S and pauses of mean Z, the server is idle for the share
p0 = 1 / Σ N!/(N − n)! · (S/Z)ⁿ of the time, whatever the distribution of the pauses; throughput is (1 − p0)/S. Service
here is a geometric number of steps, as good as exponential where it is long.
"""

import math

import numpy as np
import pytest

from infersim.load import from_mapping
from infersim.spec.engines import VllmEngine
from infersim.workload.traffic import generate
from tests.sim.helpers import LinearTiming, run_cluster
from tests.theory.test_single_server import mean_and_margin

STEP_S, TOKENS, CLIENTS, REQUESTS, SEEDS = 0.01, 200, 4, 3000, 10
SERVICE_S = STEP_S * TOKENS


def throughput(think: dict, seed: int) -> float:
    workload = {
        "arrivals": {"kind": "closed_loop", "clients": CLIENTS},
        "sessions": {"turns": {"kind": "fixed", "value": REQUESTS // 2}, "think_s": think, "keeps_context": False},
        "prompt_tokens": {"kind": "fixed", "value": 1},
        "output_tokens": {"kind": "geometric", "mean": TOKENS},
    }
    fleet = {"main": {"model": "llama-3.1-8b", "device": "h100-sxm-80gb"}}
    run = {"requests": REQUESTS, "seed": seed}
    asked = from_mapping({"workload": {"a": workload}, "fleet": fleet, "run": run})
    finish_s = run_cluster(
        generate(asked.scenario, asked.folder),
        timing=LinearTiming(STEP_S, 0.0),
        engine=VllmEngine(max_num_seqs=1),
        capacity_blocks=10**6,
    ).requests["finish_s"]
    ended = np.sort(finish_s)[REQUESTS // 10 : -CLIENTS]
    return (len(ended) - 1) / float(ended[-1] - ended[0])


@pytest.mark.parametrize("pauses", [1.0, 4.0])
@pytest.mark.parametrize("kind", ["exponential", "fixed", "lognormal"])
def test_throughput_is_that_of_the_machine_repairman(kind, pauses):
    mean_s = pauses * SERVICE_S
    shape = {"fixed": {"value": mean_s}, "lognormal": {"mean": mean_s, "cv": 2}}.get(kind, {"mean": mean_s})
    found, margin = mean_and_margin([throughput({"kind": kind, **shape}, seed) for seed in range(SEEDS)])
    idle = 1 / sum(math.perm(CLIENTS, n) / pauses**n for n in range(CLIENTS + 1))
    expected = (1 - idle) / SERVICE_S
    assert abs(found - expected) < margin
    assert margin < 0.05 * expected  # or the test would pass with anything
