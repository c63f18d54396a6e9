"""Latencies and goodput of requests, from the request table's columns."""

from __future__ import annotations

import numpy as np

from infersim.metrics.statistics import describe
from infersim.records import COMPLETED, REJECTED
from infersim.spec.workload import Slo


def latencies(requests: dict[str, np.ndarray], frontend_s: float) -> dict[str, np.ndarray]:
    """Latencies of completed requests [s].

    Args:
        requests: columns of completed requests on the engine's clock, all of one length.
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


def describe_latencies(values: dict[str, np.ndarray]) -> dict[str, dict[str, float | None]]:
    """Statistics of each latency, TPOT without the outputs of one token."""
    tpot = values["tpot_s"]
    described = {name: describe(value) for name, value in values.items() if name != "tpot_s"}
    return described | {"tpot_s": describe(tpot[~np.isnan(tpot)])}


def counts(requests: dict[str, np.ndarray]) -> dict[str, int]:
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
    }


def within(slo: Slo, values: dict[str, np.ndarray]) -> np.ndarray:
    """Which completed requests met every bound of the SLO."""
    met = np.ones(values["e2e_s"].size, dtype=bool)
    for name in ("ttft_s", "tpot_s", "e2e_s"):
        bound = getattr(slo, name)
        if bound is not None:
            met &= ~(values[name] > bound)  # NaN meets
    return met
