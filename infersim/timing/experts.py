"""Routed experts: by the device's curve of them, or, where there is none, by that of its products."""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim.spec.hardware import GemmCurve, MoeCurve
from infersim.timing import operators
from infersim.timing.layout import Experts

SPREAD = 0.68
"""How evenly tokens fall on experts where no curve says it: median of the curves measured with a power law."""
PAD_ROWS = 32.0
"""Rows that an expert with tokens computes beside theirs, where no curve says it."""


def active_experts(tokens: Any, experts: Experts, curve: GemmCurve | MoeCurve) -> Any:
    """Experts of the model that have tokens, in the mean."""
    spread = curve.spread if isinstance(curve, MoeCurve) else SPREAD
    return operators.active_experts(tokens, experts.count, experts.chosen, spread)


def experts_s(
    tokens: Any, experts: Experts, expert_parallel: int, weight_bytes: float, curve: GemmCurve | MoeCurve
) -> Any:
    """Time of a layer's routed experts on the device that has most to do [s].

    Args:
        tokens: of all devices that share the experts.
        experts: a device's share.
        expert_parallel: devices that the experts are spread over.
        weight_bytes: bytes an element of their weights.
        curve: `moe/1`, without its measured hot rank: the tables spread tokens over devices by a power law, real runs
            come out at an even share (docs/timing.md). Or that of products: then a call for the way up and one for the
            way down, memory that of the experts hit.
    """
    if isinstance(curve, MoeCurve):
        sizes = (experts.hidden, experts.wide, experts.count, experts.chosen)
        scale = experts.matrices / 3.0
        even = curve.model_copy(update={"parallel": None}) if curve.parallel else curve
        return operators.moe_s(tokens, *sizes, weight_bytes * scale, even, expert_parallel)
    tokens = np.asarray(tokens, dtype=float)
    active = active_experts(tokens, experts, curve) / expert_parallel
    rows = tokens * experts.chosen / expert_parallel
    weights = experts.matrices * experts.hidden * experts.wide
    compute = 2.0 * (rows + PAD_ROWS * active) * weights / curve.flops_per_s
    return 2.0 * curve.launch_s + operators.joined(
        compute, active * weights * weight_bytes / curve.bytes_per_s, curve.norm
    )
