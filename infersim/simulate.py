"""The only wiring: a scenario in, a result out."""

from __future__ import annotations

import math
import resource
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from infersim import load
from infersim.errors import DoesNotFit, InputError
from infersim.metrics.steady_state import overload
from infersim.metrics.usage import Usage
from infersim.records import COMPLETED, REJECTED, Segments
from infersim.result import Result
from infersim.rng import stream
from infersim.sim import cluster
from infersim.sim.batching.vllm import Vllm
from infersim.spec.engine import EngineConstants
from infersim.spec.fleet import Pool, VllmEngine
from infersim.spec.hardware import Device
from infersim.spec.model import Model
from infersim.spec.scenario import Scenario
from infersim.spec.workload import AllAtOnce, ClosedLoop
from infersim.summary import PoolFacts, Run, Span
from infersim.timing.memory import NULL_BLOCKS, MemoryPlan, memory_plan
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
    name, pool = next(iter(scenario.fleet.items()))  # loading refuses more than one
    deployment = _deploy(name, pool)
    plan = deployment.plan
    traffic = generate(scenario, folder)
    run = scenario.run
    warmup_s = 0.0 if run.warmup == "none" else float(run.warmup)
    horizon_s = run.duration_s if run.until == "horizon" else None
    classes = len(scenario.workload)
    usage = Usage(deployment.timing, warmup_s, math.inf if horizon_s is None else horizon_s, classes)
    started = time.perf_counter()
    outcome = cluster.run(
        traffic,
        plan,
        scenario.router.kind,
        stream(run.seed, "router"),
        Segments(usage.add, classes),
        single=run.stepping == "single",
        horizon_s=horizon_s,
    )
    usage.add_pauses(*outcome.pauses)
    simulated = time.perf_counter()
    requests = outcome.requests
    span = Span(warmup_s, _last_finish(requests) if horizon_s is None else horizon_s)
    warnings = deployment.warnings + _warnings(scenario, requests, outcome.held_back, span)
    for column in ("first_token_s", "finish_s"):
        requests[column] += plan.frontend_s
    return Result(
        Run(scenario, folder, requests, outcome.requeues, usage, deployment.facts, span),
        _confidence(deployment, usage),
        warnings,
        {
            "simulate_s": simulated - started,
            "total_s": time.perf_counter() - began,
            "peak_rss_bytes": _peak_rss_bytes(),
        },
        {f"{kind}/{profile}": load.profile_hash(kind, profile) for kind, profile in deployment.profiles},
        outcome.events,
    )


@dataclass(frozen=True)
class _Deployment:
    """A pool made ready: what the simulation runs, what the figures need, what it all rests on."""

    plan: cluster.PoolPlan
    facts: PoolFacts
    timing: TransformerTiming
    assumptions: dict[str, Any]
    warnings: list[str]
    profiles: tuple[tuple[str, str], ...]


def _deploy(name: str, pool: Pool) -> _Deployment:
    """Profiles, memory and timing of a pool; errors carry its path."""
    field = f"fleet.{name}"
    model = load.load_profile("model", pool.model, f"{field}.model")
    device = load.load_profile("device", pool.device, f"{field}.device")
    engine = load.load_profile("engine", pool.engine.kind, f"{field}.engine.kind")
    try:
        memory = _memory(pool, model, device, engine)
        options, tensor = pool.engine, pool.parallel.tensor
        capacity = memory.capacity_blocks
        if options.num_gpu_blocks_override is not None:
            capacity = options.num_gpu_blocks_override - NULL_BLOCKS
        longest = _max_model_len(options, model, capacity)
        timing = TransformerTiming(
            model,
            device,
            engine,
            weights_dtype=pool.precision.weights or model.dtype,
            kv_dtype=pool.precision.kv_cache or model.dtype,
            tensor=tensor,
            max_tokens=options.max_num_batched_tokens,
            max_seqs=options.max_num_seqs,
        )
    except InputError as error:
        where = f"{field}.{error.field}" if error.field else field
        raise type(error)(error.problem, error.hint, where, error.value) from None
    plan = cluster.PoolPlan(
        replicas=pool.replicas,
        timing=timing,
        policy=lambda: Vllm(options, capacity),
        capacity_blocks=capacity,
        block_size=options.block_size,
        most_tokens=longest,
        frontend_s=timing.frontend_s,
    )
    facts = PoolFacts(
        name,
        pool.replicas,
        pool.replicas * tensor,
        capacity,
        options.block_size,
        timing.peak_flops,
        timing.peak_bytes_per_s,
        pool.purchase,
    )
    assumptions = {
        "engine": {name: value for name, value in engine.model_dump().items() if isinstance(value, dict)},
        "memory": asdict(memory),
        "max_model_len": longest,
    }
    profiles = (("model", model.name), ("device", device.name), ("engine", engine.name))
    warnings = []
    if capacity > memory.capacity_blocks:
        warnings.append(
            f"num_gpu_blocks_override gives {capacity} usable KV blocks, and the device's memory holds "
            f"{memory.capacity_blocks}: no such device would start."
        )
    return _Deployment(plan, facts, timing, assumptions, warnings, profiles)


def _memory(pool: Pool, model: Model, device: Device, engine: EngineConstants) -> MemoryPlan:
    options = pool.engine
    plan = partial(
        memory_plan,
        model,
        device,
        engine,
        weights_dtype=pool.precision.weights or model.dtype,
        kv_dtype=pool.precision.kv_cache or model.dtype,
        tensor=pool.parallel.tensor,
        max_num_batched_tokens=options.max_num_batched_tokens,
        max_num_seqs=options.max_num_seqs,
        block_size=options.block_size,
        gpu_memory_utilization=options.gpu_memory_utilization,
    )
    try:
        return plan()
    except DoesNotFit:
        # Only now are all devices read, to say which of them would do.
        return plan(alternatives=[load.load_profile("device", other) for other in load.list_profiles("device")])


def _max_model_len(options: VllmEngine, model: Model, capacity_blocks: int) -> int:
    """The limit given, refused as vLLM refuses it; else the model's own, or what the KV memory holds if less."""
    held = capacity_blocks * options.block_size
    given = options.max_model_len
    if given is None:
        return min(model.max_position, held)
    what = ("engine.max_model_len", str(given))
    if given > model.max_position:
        hint = f"at most {model.max_position}"
        raise InputError(f"{model.name} was made for {model.max_position} tokens", hint, *what)
    if given > held:
        problem = f"the KV memory holds {held} tokens: not one request of this length, so vLLM would not start"
        raise InputError(problem, f"at most {held}, or leave it out", *what)
    return given


def _confidence(deployment: _Deployment, usage: Usage) -> dict[str, Any]:
    """What the numbers rest on: the weakest link, every curve and constant, and what was extrapolated."""
    curves, engine = deployment.timing.confidence(), deployment.assumptions["engine"]
    levels = {entry["confidence"] for entry in (*curves, *engine.values())}
    level = next(level for level in ("spec-sheet", "derived", "measured") if level in levels)
    return {"level": level, "curves": curves, "extrapolated": usage.outside_fit, **deployment.assumptions}


def _last_finish(requests: dict[str, np.ndarray]) -> float:
    finished = requests["finish_s"][requests["status"] == COMPLETED]
    return float(finished.max()) if finished.size else 0.0


def _warnings(scenario: Scenario, requests: dict[str, np.ndarray], held_back: int, span: Span) -> list[str]:
    """What a reader of the figures must not miss."""
    rejected = int(np.count_nonzero(requests["status"] == REJECTED))
    closed = [isinstance(traffic.arrivals, (ClosedLoop, AllAtOnce)) for traffic in scenario.workload.values()]
    opened = ~np.array(closed)[requests["traffic_class"]] & (requests["status"] != REJECTED)
    found = [overload({name: column[opened] for name, column in requests.items()}, span.end_s)]
    sent = np.bincount(requests["traffic_class"], minlength=len(scenario.workload))
    found += [
        f"class {name!r} sent no request." for name, count in zip(scenario.workload, sent, strict=True) if not count
    ]
    asked = scenario.run.requests
    if asked is not None and sent.sum() + held_back < asked and scenario.run.duration_s is None:
        found.append(f"{asked} requests were asked for, and the traces hold {sent.sum()}.")
    if rejected:
        found.append(f"{rejected} of {len(requests['status'])} requests were rejected: longer than a replica can hold.")
    if held_back:
        found.append(f"{held_back} requests were due but held back by their client's max_in_flight when the run ended.")
    if span.begin_s >= span.end_s and requests["status"].size:
        found.append("nothing was completed after the warm-up: there are no rates to report.")
    return [warning for warning in found if warning]


def _peak_rss_bytes() -> int:
    """Most memory that this process has held [B]."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
