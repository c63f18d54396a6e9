"""What a device's memory holds, and what the front end adds."""

from __future__ import annotations

import math
from typing import Any

from infersim.deployment import Deployment
from infersim.sim.batching.limits import limits_of
from infersim.sim.batching.ranks import of_all


def memory(deployed: Deployment, summary: dict[str, Any]) -> dict[str, Any]:
    """Memory of one device [B], and what the KV pool of a replica holds.

    Args:
        deployed: the pool.
        summary: figures of its run.

    Returns:
        The fields of `timing.memory.MemoryPlan`, the pool's blocks as the run had them, `max_seqs`, the mean length of
        completed requests and how many of this length the pool holds at a time (None where none completed).
    """
    kv, completed = summary["kv_cache"], summary["requests"]["completed"]
    limits = limits_of(of_all(deployed.pool.engine, deployed.pool.parallel.data, deployed.pool.parallel.pipeline))
    mean = sum(summary["tokens"].values()) / completed if completed else None
    held = limits.slots or (kv["capacity_blocks"] // math.ceil(mean / kv["block_size"]) if mean else None)
    return {
        **summary["confidence"]["memory"],
        "block_size": kv["block_size"],
        "capacity_blocks": kv["capacity_blocks"],
        "capacity_tokens": kv["capacity_blocks"] * kv["block_size"],
        "max_seqs": limits.max_seqs,
        "mean_request_tokens": mean,
        "requests_held": held,
    }


def front_end(deployed: Deployment) -> dict[str, Any]:
    """What every first token waits for beside the engine [s], and the requests a second that can pass at most."""
    serial_s = deployed.timing.frontend_serial_s
    return {
        "delay_s": deployed.timing.frontend_s,
        "serial_s": serial_s,
        "requests_per_s_at_most": 1.0 / serial_s if serial_s else None,
    }
