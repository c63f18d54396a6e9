"""What one run says: how many requests met each goal, how its queue grew, how fast it was, and its latencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from infersim.capacity.goals import Goal
from infersim.load import Loaded
from infersim.metrics import latency
from infersim.records import COMPLETED
from infersim.runs.replications import alone
from infersim.simulate import simulate
from infersim.summary import Run

LATENCIES = ("ttft_s", "tpot_s", "e2e_s")


@dataclass(frozen=True)
class Observed:
    """One run.

    Attributes:
        requests: simulated.
        arrivals: the same with a session counted once.
        met, sent: by goal, requests within its bounds, and all.
        worst_s: by goal and bound, the latency that the goal's share of its requests keeps [s]; None of no request.
        queue_growth: how much the queue grew.
        pace_per_s: completions a second, from the first quarter of them to the third; 0 where there are too few.
        latencies: `{ttft_s: {p50, p99}, …}` of all requests [s].
        throughput: `requests_per_s`, `output_tokens_per_s` …
    """

    requests: int
    arrivals: int
    met: tuple[int, ...]
    sent: tuple[int, ...]
    worst_s: tuple[dict[str, float | None], ...]
    queue_growth: float
    pace_per_s: float
    latencies: dict[str, dict[str, float | None]]
    throughput: dict[str, float | None]

    @property
    def attained(self) -> np.ndarray:
        """By goal, the share of requests that met it; of none, all."""
        return np.array([met / sent if sent else 1.0 for met, sent in zip(self.met, self.sent, strict=True)])


def observe(loaded: Loaded, replication: int, goals: Sequence[Goal]) -> Observed:
    """Simulate one replication of a scenario."""
    found = simulate(alone(loaded, replication))
    summary = found.summary()
    fared = [_fared(found.run, goal) for goal in goals]
    sessions = summary["sessions"]
    turns = found.run.requests.get("turn")
    later = 0 if sessions is None or turns is None else int(np.count_nonzero(turns > 0))
    return Observed(
        requests=summary["requests"]["arrived"],
        arrivals=summary["requests"]["arrived"] - later,
        met=tuple(met for met, _, _ in fared),
        sent=tuple(sent for _, sent, _ in fared),
        worst_s=tuple(worst for _, _, worst in fared),
        queue_growth=summary["queue_growth"],
        pace_per_s=_pace(found.run.requests),
        latencies={name: {of: summary[name][of] for of in ("p50", "p99")} for name in LATENCIES},
        throughput=summary["throughput"],
    )


def _fared(run: Run, goal: Goal) -> tuple[int, int, dict[str, float | None]]:
    """How many requests met a goal, of how many, and what latencies its share of them keeps."""
    number = [*run.scenario.workload].index(goal.traffic_class)
    which = (run.requests["traffic_class"] == number) & (run.requests["arrival_s"] >= run.span.begin_s)
    requests = {name: column[which] for name, column in run.requests.items()}
    verdict = latency.verdict(goal.slo, requests, run.frontend_s, run.span.end_s)
    values = latency.latencies(requests, run.frontend_s)
    bounds = [name for name in LATENCIES if getattr(goal.slo, name) is not None]
    worst: dict[str, float | None] = {name: _quantile(values[name], goal.slo.attainment) for name in bounds}
    return verdict.met, int(np.count_nonzero(which)), worst


def _quantile(values: np.ndarray, share: float) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.quantile(known, share)) if known.size else None


def _pace(requests: dict[str, np.ndarray]) -> float:
    """Completions a second in the middle half of them, where neither start nor end counts."""
    done: Any = np.sort(requests["finish_s"][requests["status"] == COMPLETED])
    first, last = done.size // 4, 3 * done.size // 4
    return float((last - first) / (done[last] - done[first])) if last > first and done[last] > done[first] else 0.0
