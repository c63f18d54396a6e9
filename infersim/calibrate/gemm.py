"""Fit of matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim.calibrate.fitting import WEIGHT_BYTES, Bound, Limits, error, fit, report
from infersim.calibrate.tables import Points, Tables
from infersim.spec.hardware import GemmCurve
from infersim.timing.operators import gemm_s

SMALLEST = 512
"""Smallest outputs and inputs that are fitted: the layers of language models have no smaller ones."""

QUANTISED = {"fp8", "fp8_block", "nvfp4", "int8"}
"""Types whose products quantise their activations first, as the measured kernels do."""

FLOORED = {"fp8_block", "nvfp4"}
"""Types whose kernels have a floor of their own beside the launch."""

PAYS = 0.995
"""An optional part stays in a curve if it takes the error of the fitted points (median and mean) below this share."""

NUMBERS = ("launch_s", "flops_per_s", "bytes_per_s", "wave_tiles", "k_half", "bytes_extra", "norm", "tile_rows")
PARTS: dict[str, dict[str, Bound]] = {
    "quantise": {"row_s": (5e-9, 1e-12, 1e-7), "element_s": (1e-12, 1e-15, 1e-10), "norm": (3.0, 1.0, 12.0)},
    "crowding": {"share": (0.2, 1e-3, 1.0), "rows": (1e4, 100.0, 1e6)},
    "floor": {"seconds": (1e-5, 1e-6, 5e-4), "norm": (4.0, 1.0, 12.0)},
}


def points_of(tables: Tables, dtype: str) -> Points:
    """Measured products of a type."""
    return tables.points("gemm", lambda rows: (rows["n"] >= SMALLEST) & (rows["k"] >= SMALLEST), dtype=dtype)


def predicted(curve: GemmCurve, dtype: str, points: Points) -> np.ndarray:
    """Times of the points by a curve, as repeated calls measure them [s]."""
    return gemm_s(points["m"], points["n"], points["k"], WEIGHT_BYTES[dtype], curve, warm=True)


def fitted(tables: Tables, dtype: str, limits: Limits, about: dict[str, Any]) -> dict[str, Any] | None:
    """The curve `gemm.DTYPE` as an entry of a profile; None where the type was not measured or its peak is unknown."""
    points, peak = points_of(tables, dtype), limits.peak(dtype)
    if not len(points) or peak is None:
        return None
    parts = ["quantise"] * (dtype in QUANTISED) + ["floor"] * (dtype in FLOORED)
    curve = _curve(dtype, points, peak, limits, parts)
    for part in ("cache", "crowding") if limits.cache_bytes else ("crowding",):
        richer = _curve(dtype, points, peak, limits, [*parts, part])
        if _off(richer, dtype, points) < PAYS * _off(curve, dtype, points):
            curve, parts = richer, [*parts, part]
    ranges = {name: points.range(name) for name in ("m", "n", "k")}
    method = f"least squares on log error, soft L1; n, k >= {SMALLEST}"
    if dtype in QUANTISED:
        method += "; activations are quantised in the same call, which is part of the time"
    if curve.cache is not None:
        method += "; weights that repeated calls read from the cache are held against the curve's cache part"
    return report(curve, predicted(curve, dtype, points), points, ranges, {"method": method, **about})


def _off(curve: GemmCurve, dtype: str, points: Points) -> float:
    """Median and mean error of the fitted points, added."""
    off = error(predicted(curve, dtype, points), points, kept_out=False)
    return float(np.median(off) + off.mean())


def _curve(dtype: str, points: Points, peak: float, limits: Limits, parts: list[str]) -> GemmCurve:
    bandwidth = limits.bytes_per_s
    optional = {**PARTS, "cache": {"bytes": (0.1 * limits.cache_bytes, 0.01 * limits.cache_bytes, limits.cache_bytes)}}
    optional["cache"].update({"sharpness": (3.0, 0.5, 12.0), "gain": (5.0, 1.0, 50.0)})
    bounds: list[Bound] = [
        (3e-6, 1e-7, 2e-4),
        (0.8 * peak, 0.05 * peak, peak),
        (0.85 * bandwidth, 0.2 * bandwidth, bandwidth),
        (13.0, 0.01, 2000.0),
        (100.0, 1.0, 5000.0),
        (2e6, 1e3, 1e9),
        (3.5, 1.0, 12.0),
        (128.0, 8.0, 1024.0),
    ]
    bounds += [bound for part in parts for bound in optional[part].values()]

    def made(x: Any) -> GemmCurve:
        values = [float(number) for number in x]
        data: dict[str, Any] = dict(zip(NUMBERS, values, strict=False))
        at = len(NUMBERS)
        for part in parts:
            names = optional[part]
            data[part] = dict(zip(names, values[at : at + len(names)], strict=True))
            at += len(names)
        return GemmCurve.model_validate({"form": "gemm/1", "confidence": "measured", **data})

    return made(fit(lambda x: predicted(made(x), dtype, points), points, bounds))
