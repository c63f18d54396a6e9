"""The figures of a run: the object that `infersim run --json` prints, built from tables and sums."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from infersim.cost import energy, meter
from infersim.metrics import latency, queueing, run_intervals, sessions
from infersim.metrics.statistics import Histogram
from infersim.metrics.steady_state import is_overloaded
from infersim.metrics.usage import Usage
from infersim.records import COMPLETED, REJECTED
from infersim.spec.arrivals import AllAtOnce
from infersim.spec.fleet import Purchase
from infersim.spec.scenario import Scenario

SCHEMA_VERSION = "infersim/summary/1"


@dataclass(frozen=True)
class PoolFacts:
    """What of a pool the figures need.

    Attributes:
        name: its name in the scenario.
        replicas, devices: replicas, and devices of all of them.
        capacity_blocks: KV blocks of one replica that hold tokens.
        capacity_tokens: tokens in all its blocks, as its engine counts them, the null block included.
        block_size: tokens a block.
        peak_flops, peak_bytes_per_s: of one replica, at the weights' dtype.
        purchase: price of one device and its source.
        deployment: what the pool is, as the figures tell it.
        power: of one device; None where nothing is known of it.
    """

    name: str
    replicas: int
    devices: int
    capacity_blocks: int
    capacity_tokens: int
    block_size: int
    peak_flops: float
    peak_bytes_per_s: float
    purchase: Purchase
    deployment: dict[str, Any]
    power: energy.Power | None = None


@dataclass(frozen=True)
class Span:
    """The window that rates and time averages cover [s]: from the warm-up's end to the horizon or last completion."""

    begin_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return max(self.end_s - self.begin_s, 0.0)


@dataclass(frozen=True)
class Run:
    """A finished run, as the figures see it.

    Attributes:
        scenario: what was asked.
        folder: what its trace paths are relative to.
        requests: request columns on the engine's clock.
        unsent: by class, requests due within the span that their client's own limit kept back to the end.
        frontend_s: by how much later clients see their tokens [s].
        requeues: evictions and re-admissions [s].
        usage: sums over the pool's segments.
        pool: the pool.
        span: the window of rates and averages.
        queue_growth: how much the queue grew, as `metrics.steady_state` counts it.
    """

    scenario: Scenario
    folder: Path
    requests: dict[str, np.ndarray]
    unsent: np.ndarray
    frontend_s: float
    requeues: tuple[np.ndarray, np.ndarray]
    usage: Usage
    pool: PoolFacts
    span: Span
    queue_growth: float = 0.0

    @property
    def overloaded(self) -> bool:
        """Whether arrivals outran service, so that latencies are those of a growing queue."""
        return is_overloaded([self.queue_growth])


def summarise(run: Run) -> dict[str, Any]:
    """Every figure of a run but what it rests on and what it cost in wall time."""
    classes = _classes(run)
    names = list(classes)
    total = classes[names[0]] if len(names) == 1 else _traffic(run, run.requests, run.usage.itl, names)
    # all tokens sampled, those of requests that are not done yet, too: known of the whole, not of one among classes
    total["throughput"]["output_tokens_per_s"] = _per_s(run.usage.sums["output_tokens"], run.span)
    pool = _pool(run)
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": run.scenario.name,
        "seed": run.scenario.run.seed,
        "span": _span(run),
        "overloaded": run.overloaded,
        "queue_growth": run.queue_growth,
        **total,
        **pool,
        "classes": classes,
        "pools": {run.pool.name: {"deployment": run.pool.deployment, **pool}},
        "intervals": _intervals(run),
    }


def _intervals(run: Run) -> dict[str, Any]:
    """How sure the figures are, given that a run is one of many that might have been."""
    at_once = any(isinstance(traffic.arrivals, AllAtOnce) for traffic in run.scenario.workload.values())
    why_none = "overloaded" if run.overloaded else "all at once" if at_once else ""
    completed = _rows(run.requests, run.requests["status"] == COMPLETED)
    return run_intervals.of_run(completed, run.frontend_s, (run.span.begin_s, run.span.end_s), why_none)


def _span(run: Run) -> dict[str, Any]:
    asked = run.scenario.run.warmup
    warmup = asked if isinstance(asked, str) else "stated"
    return {"begin_s": run.span.begin_s, "end_s": run.span.end_s, "warmup": warmup}


def _classes(run: Run) -> dict[str, dict[str, Any]]:
    number = run.requests["traffic_class"]
    names = list(run.scenario.workload)
    return {
        name: _traffic(run, _rows(run.requests, number == i), run.usage.class_itl[i], [name])
        for i, name in enumerate(names)
    }


def _traffic(run: Run, requests: dict[str, np.ndarray], itl: Histogram, names: list[str]) -> dict[str, Any]:
    """Figures of the requests of some classes."""
    span = run.span
    completed = _rows(requests, requests["status"] == COMPLETED)
    measured = _rows(completed, completed["arrival_s"] >= span.begin_s)
    values = latency.latencies(measured, run.frontend_s)
    in_span = completed["finish_s"] > span.begin_s
    taken_in = (requests["first_token_s"] > span.begin_s) & (requests["first_token_s"] <= span.end_s)
    return {
        "requests": latency.counts(requests),
        "sessions": sessions.counts(requests),
        "tokens": {name: int(completed[f"{name}_tokens"].sum()) for name in ("prompt", "output", "reasoning")},
        **latency.describe_latencies(values),
        "itl_s": itl.describe(),
        "throughput": {
            "requests_per_s": _per_s(float(np.count_nonzero(in_span)), span),
            "input_tokens_per_s": _per_s(float(requests["prompt_tokens"][taken_in].sum()), span),
            "output_tokens_per_s": _per_s(float(completed["output_tokens"][in_span].sum()), span),
        },
        "goodput": _goodput(run, names, requests),
    }


def _goodput(run: Run, names: list[str], requests: dict[str, np.ndarray]) -> dict[str, Any] | None:
    """Goodput of those classes that have an SLO, each by its own."""
    met = sent = 0
    bounds, verdicts = {}, []
    for number, (name, traffic) in enumerate(run.scenario.workload.items()):
        if name in names and traffic.slo is not None:
            arrived = _rows(
                requests, (requests["traffic_class"] == number) & (requests["arrival_s"] >= run.span.begin_s)
            )
            verdict = latency.verdict(traffic.slo, arrived, run.frontend_s, run.span.end_s)
            met, sent = met + verdict.met, sent + len(arrived["arrival_s"])
            bounds[name] = traffic.slo.model_dump(exclude_none=True)
            verdicts.append(verdict.attained(traffic.slo.attainment, int(run.unsent[number])))
    if not bounds:
        return None
    return {
        "slo": bounds[names[0]] if len(names) == 1 else bounds,
        "requests_per_s": _per_s(met, run.span),
        "fraction": met / sent if sent else None,
        "attained": False if False in verdicts else None if None in verdicts else True,
    }


def _pool(run: Run) -> dict[str, Any]:
    pool, sums, usage, length = run.pool, run.usage.sums, run.usage, run.span.length_s
    capacity = pool.replicas * pool.capacity_blocks * length
    taken = _rows(run.requests, run.requests["status"] != REJECTED)
    enter, leave = queueing.waits(taken, run.requeues, run.span.end_s)
    window = (run.span.begin_s, run.span.end_s)
    completed = int(np.count_nonzero(run.requests["finish_s"] > run.span.begin_s))
    each = pool.devices / pool.replicas
    return {
        "utilisation": {
            "busy": _ratio(sums["busy_s"], pool.replicas * length),
            "mfu": _ratio(sums["flops"], pool.replicas * pool.peak_flops * length),
            "mbu": _ratio(sums["bytes"], pool.replicas * pool.peak_bytes_per_s * length),
        },
        "kv_cache": {
            "block_size": pool.block_size,
            "capacity_blocks": pool.capacity_blocks,
            "capacity_tokens": pool.capacity_tokens,
            "mean_fraction": _ratio(sums["kv_block_s"], capacity),
            "peak_fraction": usage.peak_kv_blocks / pool.capacity_blocks,
        },
        "batch": {"mean": _ratio(sums["batch_seq_s"], sums["busy_s"]), "peak": usage.peak_batch},
        "queue": {
            "mean": _ratio(queueing.area_s(enter, leave, *window), length),
            "peak": queueing.peak(enter, leave, *window),
        },
        "cost": meter.bill(pool.purchase, pool.devices, length, completed, sums["output_tokens"]),
        "energy": energy.account(
            pool.power,
            pool.devices,
            each * sums["busy_s"],
            sums["joules"],
            usage.peak_w / each,
            length,
            completed,
            sums["output_tokens"],
        ),
    }


def _rows(columns: dict[str, np.ndarray], which: np.ndarray) -> dict[str, np.ndarray]:
    return columns if which.all() else {name: column[which] for name, column in columns.items()}


def _per_s(amount: float, span: Span) -> float | None:
    return _ratio(amount, span.length_s)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
