"""Latencies and goodput of requests, from the request table's columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from infersim.metrics.statistics import describe
from infersim.records import COMPLETED, CUT_OUTPUT, CUT_PROMPT, IN_SYSTEM, REJECTED
from infersim.spec.workload import Slo


def latencies(requests: dict[str, np.ndarray], frontend_s: float) -> dict[str, np.ndarray]:
    """Latencies of requests [s]; NaN where one has not come to its end.

    Args:
        requests: columns of requests on the engine's clock, all of one length.
        frontend_s: by how much later clients see their tokens [s].

    Returns:
        `ttft_s`, `e2e_s`, `queue_s`, `tpot_s`; TPOT is NaN for outputs of one token.
    """
    ttft = requests["first_token_s"] - requests["arrival_s"] + frontend_s
    e2e = requests["finish_s"] - requests["arrival_s"] + frontend_s
    gaps = requests["output_tokens"] - 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        tpot = np.where(gaps > 0, (requests["finish_s"] - requests["first_token_s"]) / gaps, np.nan)
    return {
        "ttft_s": ttft,
        "tpot_s": tpot,
        "e2e_s": e2e,
        "queue_s": requests["scheduled_s"] - requests["arrival_s"],
    }


def bundled(requests: dict[str, np.ndarray], tokens: float) -> dict[str, np.ndarray]:
    """Requests as a client sees them whose server sends so many further tokens along with the first one.

    The first token comes with them, at the pace of the request's own tokens; the last one comes when it did. A request
    that has not come to its end keeps its first token's time.
    """
    gaps = requests["output_tokens"] - 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        later = np.minimum(tokens, gaps) * (requests["finish_s"] - requests["first_token_s"]) / gaps
    return {**requests, "first_token_s": requests["first_token_s"] + np.nan_to_num(later)}


def describe_latencies(values: dict[str, np.ndarray]) -> dict[str, dict[str, float | None]]:
    """Statistics of each latency, TPOT without the outputs of one token."""
    tpot = values["tpot_s"]
    described = {name: describe(value) for name, value in values.items() if name != "tpot_s"}
    return described | {"tpot_s": describe(tpot[~np.isnan(tpot)])}


def counts(requests: dict[str, np.ndarray]) -> dict[str, Any]:
    """What became of requests: arrived = completed + rejected + in_system."""
    status = requests["status"]
    arrived = int(status.size)
    completed, rejected = int(np.count_nonzero(status == COMPLETED)), int(np.count_nonzero(status == REJECTED))
    return {
        "arrived": arrived,
        "completed": completed,
        "rejected": rejected,
        "in_system": arrived - completed - rejected,
        "preempted": int(np.count_nonzero(requests["preemptions"])),
        "preemptions": int(requests["preemptions"].sum()),
        "cut": {
            name: int(np.count_nonzero(requests["cut"] & bit))
            for name, bit in (("prompts", CUT_PROMPT), ("outputs", CUT_OUTPUT))
        },
    }


@dataclass(frozen=True)
class Verdict:
    """How requests of one class fared against its SLO.

    Attributes:
        met: completed within every bound.
        missed: rejected, completed beyond a bound, or beyond one already though not completed.
        open: not completed when the run ended, and within every bound so far.
    """

    met: int
    missed: int
    open: int

    def attained(self, share: float, unsent: int = 0) -> bool | None:
        """Whether at least that share met the SLO; None where the requests that nobody saw the end of decide.

        Args:
            share: asked for (0 … 1).
            unsent: requests that were due and not even sent.
        """
        undecided = self.open + unsent
        total = self.met + self.missed + undecided
        asked = share * total * (1.0 - 1e-12)  # 0.55 · 100 is more than 55
        if total and self.met >= asked:
            return True
        return False if self.met + undecided < asked else None


def verdict(slo: Slo, requests: dict[str, np.ndarray], frontend_s: float, end_s: float) -> Verdict:
    """How requests fared against an SLO.

    Args:
        slo: the bounds.
        requests: columns of all that arrived, on the engine's clock.
        frontend_s: by how much later clients see their tokens [s].
        end_s: when the run ended [s].
    """
    status = requests["status"]
    completed = status == COMPLETED
    values = latencies(requests, frontend_s)
    met = completed & within(slo, values)
    so_far = end_s - requests["arrival_s"]  # what a latency that has not ended has come to
    waiting = {name: np.where(np.isnan(values[name]), so_far, values[name]) for name in ("ttft_s", "e2e_s")}
    undecided = (status == IN_SYSTEM) & within(slo, waiting | {"tpot_s": np.zeros(status.size)})
    counted = [int(np.count_nonzero(which)) for which in (met, undecided)]
    return Verdict(counted[0], status.size - sum(counted), counted[1])


def within(slo: Slo, values: dict[str, np.ndarray]) -> np.ndarray:
    """Which requests keep every bound of the SLO, by their latencies; a latency that is NaN keeps its own."""
    met = np.ones(values["e2e_s"].size, dtype=bool)
    for name in ("ttft_s", "tpot_s", "e2e_s"):
        bound = getattr(slo, name)
        if bound is not None:
            met &= ~(values[name] > bound)  # NaN meets
    return met
