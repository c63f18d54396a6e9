"""Routed experts: how many are hit by a number of tokens, and how long a device needs for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim.spec.hardware import GemmCurve
from infersim.timing import operators
from infersim.timing.layout import Experts

IMBALANCE = 1.4
"""Most loaded device under expert parallelism against the mean: EP1's time / ep x 1.4 came nearest to real runs."""


def active_share(tokens: Any, chosen: float) -> Any:
    """Share of experts that any of `tokens` chooses, each choosing a share `chosen` of them evenly."""
    return 1.0 - (1.0 - chosen) ** tokens


def experts_s(tokens: Any, experts: Experts, expert_parallel: int, weight_bytes: float, curve: GemmCurve) -> Any:
    """Time of a layer's routed experts on the device that has most to do [s]."""
    tokens = np.asarray(tokens, dtype=float)
    chosen = experts.chosen / experts.count
    active = experts.count * active_share(tokens, chosen) / expert_parallel
    spread = IMBALANCE if expert_parallel > 1 else 1.0
    rows = spread * tokens * experts.chosen / expert_parallel
    weights = experts.matrices * experts.hidden * experts.wide
    memory = spread * active * weights * weight_bytes / curve.bytes_per_s
    tiles = np.maximum(rows / operators.TILE, active)
    compute = 2.0 * np.maximum(rows, 0.25 * operators.TILE * np.minimum(active, tiles)) * weights / curve.flops_per_s
    return 2.0 * curve.launch_s + operators.joined(compute, memory, curve.norm)
