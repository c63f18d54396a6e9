"""Fit of routed experts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from infersim.calibrate.fitting import WEIGHT_BYTES, Bound, Limits, error, fit, report, share_of
from infersim.calibrate.tables import Points, Tables
from infersim.spec.hardware import ExpertParallel, MoeCurve
from infersim.timing.operators import moe_s

SKEW = 1.2
"""Exponent of the power law by which tokens fall on experts in the fitted rows: nearest to what serving does."""

NUMBERS = (
    "launch_s", "flops_per_s", "bytes_per_s", "expert_s", "spread", "pad_rows",
    "inter_half", "hidden_half", "hidden_bytes", "inter_bytes", "norm",
)  # fmt: skip


def points_of(tables: Tables, dtype: str) -> Points:
    """Measured layers whose experts are all on the device."""
    return tables.points("moe", lambda rows: _skewed(rows) & (rows["expert_parallel"] == 1), dtype=dtype)


def _skewed(rows: pd.DataFrame) -> pd.Series:
    return rows["skew"] == SKEW


def parallel_points(tables: Tables, dtype: str) -> Points:
    """Measured layers of one of several devices that share the experts."""
    return tables.points("moe", lambda rows: _skewed(rows) & (rows["expert_parallel"] > 1), dtype=dtype)


def predicted(curve: MoeCurve, dtype: str, points: Points) -> np.ndarray:
    """Times of the points by a curve [s]."""
    return moe_s(
        points["tokens"],
        points["hidden"],
        points["intermediate"],
        points["experts"],
        points["top_k"],
        WEIGHT_BYTES[dtype],
        curve,
        points["expert_parallel"],
    )


def fitted(tables: Tables, dtype: str, limits: Limits, about: dict[str, Any]) -> dict[str, Any] | None:
    """The curve `moe.DTYPE` as an entry of a profile; None where the type was not measured or its peak is unknown."""
    points, peak, bandwidth = points_of(tables, dtype), limits.peak(dtype), limits.bytes_per_s
    if not len(points) or peak is None:
        return None
    bounds: list[Bound] = [
        (2e-5, 1e-7, 1e-3),
        (0.5 * peak, 0.01 * peak, peak),
        (0.7 * bandwidth, 0.05 * bandwidth, bandwidth),
        (1e-7, 1e-10, 1e-4),
        (2.0, 0.1, 100.0),
        (16.0, 0.01, 256.0),
        (20.0, 0.1, 3000.0),
        (100.0, 0.1, 5000.0),
        (4.0, 0.01, 100.0),
        (4.0, 0.01, 100.0),
        (2.0, 1.0, 12.0),
    ]

    def made(x: Any) -> MoeCurve:
        numbers = dict(zip(NUMBERS, map(float, x), strict=True))
        return MoeCurve.model_validate({"form": "moe/1", "confidence": "measured", **numbers})

    curve = made(fit(lambda x: predicted(made(x), dtype, points), points, bounds))
    ranges = {name: points.range(name) for name in ("tokens", "hidden", "intermediate", "experts", "top_k")}
    method = f"least squares on log error, soft L1; all experts on the device, tokens by a power law of {SKEW}"
    parallel = parallel_points(tables, dtype)
    if len(parallel):
        curve = _shared(curve, dtype, parallel)
        off = error(predicted(curve, dtype, parallel), parallel, kept_out=True)
        method += (
            f"; then expert parallelism on its own {len(parallel)} rows, {share_of(float(np.median(off)))} in the"
            " median off on those kept out"
        )
    return report(curve, predicted(curve, dtype, points), points, ranges, {"method": method, **about})


def _shared(curve: MoeCurve, dtype: str, points: Points) -> MoeCurve:
    """The curve with its part for expert parallelism, all other numbers as they are."""
    bounds: list[Bound] = [(0.9, 0.1, 1.0), (0.05, 1e-3, 1.0), (0.1, 1e-3, 1.0)]

    def made(x: Any) -> MoeCurve:
        rows_power, active_power, remote_share = map(float, x)
        parallel = ExpertParallel(rows_power=rows_power, active_power=active_power, remote_share=remote_share)
        return curve.model_copy(update={"parallel": parallel})

    return made(fit(lambda x: predicted(made(x), dtype, points), points, bounds))
