"""The only wiring: a scenario in, a result out."""

from __future__ import annotations

import math
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from infersim import load
from infersim.errors import InputError
from infersim.metrics.steady_state import overload
from infersim.metrics.usage import Usage
from infersim.records import COMPLETED, REJECTED, Segments
from infersim.result import Result
from infersim.rng import stream
from infersim.sim import cluster
from infersim.sim.batching.vllm import Vllm
from infersim.spec.fleet import Pool
from infersim.spec.scenario import Scenario
from infersim.spec.workload import ClosedLoop
from infersim.summary import PoolFacts, Run, Span
from infersim.timing.memory import MemoryPlan, memory_plan
from infersim.timing.transformer import TransformerTiming
from infersim.workload.traffic import generate


def simulate(scenario: Scenario | load.Loaded | dict | str | Path) -> Result:
    """Simulate a scenario.

    Args:
        scenario: a scenario file's path, a `Scenario`, what `load_scenario` returned, or a mapping of the same shape.

    Returns:
        The result; a run is a pure function of the scenario, its seed and the profiles used.

    Raises:
        InputError: the scenario cannot be used; names the place and what to type instead.
        DoesNotFit: the model does not fit into its devices' memory.
    """
    began = time.perf_counter()
    loaded = load.as_loaded(scenario)
    try:
        return _simulate(loaded.scenario, loaded.folder, began)
    except InputError as error:
        raise loaded.locate(error) from None


def _simulate(scenario: Scenario, folder: Path, began: float) -> Result:
    name, pool = next(iter(scenario.fleet.items()))
    plan, facts, timing = _prepare(name, pool)
    traffic = generate(scenario, folder)
    run = scenario.run
    warmup_s = 0.0 if run.warmup == "none" else float(run.warmup)
    horizon_s = run.duration_s if run.until == "horizon" else None
    usage = Usage(timing.work, warmup_s, math.inf if horizon_s is None else horizon_s)
    started = time.perf_counter()
    outcome = cluster.run(
        traffic,
        plan,
        scenario.router.kind,
        stream(run.seed, "router"),
        Segments(usage.add),
        single=run.stepping == "single",
        horizon_s=horizon_s,
    )
    usage.add_pauses(outcome.pauses_s)
    simulated = time.perf_counter()
    requests = outcome.requests
    span = Span(warmup_s, horizon_s if horizon_s is not None else _last_finish(requests))
    warnings = _warnings(scenario, requests, outcome.held_back, span.end_s)
    for column in ("first_token_s", "finish_s"):
        requests[column] += plan.frontend_s
    return Result(
        Run(scenario, requests, outcome.requeues, usage, facts, span),
        timing.confidence(usage.largest_step_tokens, usage.largest_step_seqs),
        warnings,
        {
            "simulate_s": simulated - started,
            "total_s": time.perf_counter() - began,
            "peak_rss_bytes": _peak_rss_bytes(),
        },
        outcome.events,
    )
