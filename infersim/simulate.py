"""The only wiring: a scenario in, a result out."""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from infersim import load
from infersim.caveats import caveats, growing_queue
from infersim.deployment import LENGTHS, Deployment, deploy
from infersim.errors import InputError
from infersim.metrics import latency, warmup
from infersim.metrics.held import Held
from infersim.metrics.usage import Joules, Usage
from infersim.records import COMPLETED, Segments, last_send
from infersim.result import Result
from infersim.rng import stream
from infersim.sim import cluster
from infersim.sim.watch import Watch
from infersim.spec.scenario import Run as RunSpec
from infersim.spec.scenario import Scenario
from infersim.summary import Run, Span
from infersim.workload.bounds import Bounds
from infersim.workload.traffic import generate


def simulate(
    scenario: Scenario | load.Loaded | Mapping[str, Any] | str | Path,
    overrides: Mapping[str, Any] | Sequence[str] = (),
    *,
    seed: int | None = None,
    factors: Mapping[str, float] = MappingProxyType({}),
    watch: Watch | None = None,
) -> Result:
    """Simulate a scenario.

    Args:
        scenario: a scenario file's path, a `Scenario`, what `load_scenario` returned, or a mapping of the same shape.
        overrides: settings laid over it: values by path, `{"fleet.main.replicas": 2}`, or `--set`'s `PATH=VALUE` texts.
        seed: in place of `run.seed`.
        factors: on numbers that no setting reaches, to see what they matter: `prompt_tokens` and `output_tokens` of
            every request, `kv_blocks` of the pool, and the engine profile's constants by their names.
        watch: sees how far the run is, and may end it: the result is then of what was simulated, and says so.

    Returns:
        The result; a run is a pure function of the scenario, its seed and the profiles used.

    Raises:
        InputError: the scenario cannot be used; names the place and what to type instead.
        DoesNotFit: the model does not fit into its devices' memory.
    """
    began = time.perf_counter()
    loaded = load.as_loaded(scenario, overrides, seed)
    try:
        return _simulate(loaded, began, factors, watch)
    except InputError as error:
        raise loaded.locate(error) from None


def _simulate(loaded: load.Loaded, began: float, factors: Mapping[str, float], watch: Watch | None) -> Result:
    scenario, folder = loaded.scenario, loaded.folder
    name, pool = next(iter(scenario.fleet.items()))  # loading refuses more than one
    deployment = deploy(name, pool, folder, factors)
    plan = deployment.plan
    traffic = generate(scenario, folder).scaled(*(factors.get(of, 1.0) for of in LENGTHS))
    traffic = traffic.bounded(Bounds(plan.most_tokens, plan.most_prompt_tokens, plan.most_output_tokens))
    run = scenario.run
    classes = len(scenario.workload)
    usage = Usage(deployment.timing, _stated(run), math.inf, classes, _joules(deployment))
    held = Held() if run.warmup == "auto" else None
    started = time.perf_counter()
    outcome = cluster.run(
        traffic,
        plan,
        scenario.router.kind,
        stream(run.seed, "router"),
        Segments(usage.add if held is None else held.add, classes),
        single=run.stepping == "single",
        horizon_s=run.duration_s if run.until == "horizon" else None,
        to_last_send=run.until == "horizon" and run.duration_s is None,
        on_stop=usage.end_at,
        watch=watch,
    )
    requests = latency.bundled(outcome.requests, plan.bundle_tokens) if plan.bundle_tokens else outcome.requests
    if held is not None:
        usage.begin_s = warmup.found_s(requests, last_send(requests, outcome.horizon_s))
        held.replay(usage.add)
    usage.add_pauses(*outcome.pauses)
    simulated = time.perf_counter()
    resolved = scenario.model_copy(update={"fleet": {name: deployment.pool}})
    span = Span(usage.begin_s, _last_finish(requests) if outcome.horizon_s is None else outcome.horizon_s)
    kept = outcome.held_back
    interrupted = watch is not None and watch.stopped
    growing = growing_queue(scenario, requests, kept.arrival_s)
    longest, grows = plan.most_tokens, growing.sentence
    said = caveats(scenario, requests, kept.arrival_s.size, longest, span, grows, interrupted, traffic.blocks)
    warnings = [*said, *loaded.notes, *traffic.notes, *deployment.warnings]
    unsent = np.bincount(kept.traffic_class[kept.arrival_s >= span.begin_s], minlength=classes)
    return Result(
        Run(
            resolved,
            folder,
            requests,
            unsent,
            plan.frontend_s,
            outcome.requeues,
            usage,
            deployment.facts,
            span,
            growing.score,
        ),
        _confidence(deployment, usage),
        deployment.errors,
        warnings,
        {
            "simulate_s": simulated - started,
            "total_s": time.perf_counter() - began,
            "peak_rss_bytes": _peak_rss_bytes(),
        },
        {
            f"{kind}/{profile}": load.profile_hash(kind, profile, folder)
            for kind, profile in _profiles(scenario, deployment)
        },
        outcome.events,
        interrupted,
    )


def _profiles(scenario: Scenario, deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Kind and name of each profile used."""
    yield from deployment.profiles
    yield from (("workload", traffic.model) for traffic in scenario.workload.values() if traffic.model is not None)


def _stated(run: RunSpec) -> float:
    """The warm-up that was stated [s]; 0 where none is, or where it is to be found."""
    return 0.0 if isinstance(run.warmup, str) else run.warmup


def _joules(deployment: Deployment) -> Joules | None:
    facts = deployment.facts
    return None if facts.power is None else partial(facts.power.step_joules, facts.devices // facts.replicas)


def _confidence(deployment: Deployment, usage: Usage) -> dict[str, Any]:
    """What the numbers rest on: the weakest link, every curve and constant, and what was extrapolated."""
    curves, engine = deployment.timing.confidence(), deployment.assumptions["engine"]
    levels = {entry["confidence"] for entry in (*curves, *engine.values())}
    level = next(level for level in ("spec-sheet", "derived", "measured") if level in levels)
    return {"level": level, "curves": curves, "extrapolated": usage.outside_fit, **deployment.assumptions}


def _last_finish(requests: dict[str, np.ndarray]) -> float:
    finished = requests["finish_s"][requests["status"] == COMPLETED]
    return float(finished.max()) if finished.size else 0.0


def _peak_rss_bytes() -> int:
    """Most memory that this process has held [B]."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
