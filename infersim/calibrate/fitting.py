"""Least squares of an operator form on the logarithm of time, robust, and what a profile says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from infersim.calibrate.tables import KEPT_OUT, Points
from infersim.spec.hardware import Device

OUTLIER = 0.05
"""Relative error beyond which a point counts linearly instead of by its square."""

DIGITS = 3
"""Digits of a fitted number."""

Numbers = np.ndarray
Bound = tuple[float, float, float]
"""Start, lowest and highest value of a number."""

PEAK_OF = {
    "bf16": "bf16",
    "fp8": "fp8",
    "fp8_block": "fp8",
    "int8": "int8",
    "nvfp4": "fp4",
    "int4": "bf16",
    "mxfp4": "bf16",
    "mxfp4_mxfp8": "fp8",
}
"""Type that the products are computed in, by measured type: weights of int4 and mxfp4 alone are widened before."""

WEIGHT_BYTES = {
    "bf16": 2.0,
    "fp8": 1.0,
    "fp8_block": 1.0 + 4.0 / (128 * 128),
    "int8": 1.0,
    "nvfp4": 0.5 + 1.0 / 16,
    "int4": 0.5 + 2.0 / 128,
    "mxfp4": 0.5 + 1.0 / 32,
    "mxfp4_mxfp8": 0.5 + 1.0 / 32,
}
"""Bytes an element of the weights, scales included: a block of 128 × 128, a group of 16, 128 or 32."""


@dataclass(frozen=True)
class Limits:
    """What no curve may promise more than: rates bound the fits.

    Attributes:
        flops_per_s: dense peak by type of `PEAK_OF`.
        bytes_per_s: memory bandwidth.
        cache_bytes: last-level cache; 0 where unknown.
    """

    flops_per_s: Mapping[str, float]
    bytes_per_s: float
    cache_bytes: float

    @classmethod
    def of(cls, device: Device) -> Limits:
        """The limits that a device profile states."""
        stated = device.peak_flops.model_dump()
        peaks = {name: stated[name] for name in set(PEAK_OF.values()) if stated[name]}
        return cls(peaks, device.memory.bandwidth_bytes_per_s, device.memory.cache_bytes or 0.0)

    def peak(self, dtype: str) -> float | None:
        """Peak rate behind a measured type [FLOP/s]; None where it is unknown."""
        return self.flops_per_s.get(PEAK_OF.get(dtype, ""))


def fit(predict: Callable[[Numbers], np.ndarray], points: Points, bounds: list[Bound]) -> list[float]:
    """Numbers of a form for which Σ ρ(log(predicted/measured)) is least over the points not kept out, to 3 digits."""
    from scipy.optimize import least_squares

    used = ~points.kept_out
    start, low, high = (np.log(np.array(column)) for column in zip(*bounds, strict=True))
    measured = np.log(points.seconds[used])
    found = least_squares(
        lambda x: np.log(predict(np.exp(x))[used]) - measured,
        start,
        bounds=(low, high),
        loss="soft_l1",
        f_scale=OUTLIER,
    )
    return [within(number, *bound[1:]) for number, bound in zip(np.exp(found.x), bounds, strict=True)]


def within(number: float, low: float, high: float) -> float:
    """A number to 3 digits, not rounded beyond its bounds."""
    return min(max(float(f"{number:.{DIGITS}g}"), low), high)


def error(predicted: np.ndarray, points: Points, kept_out: bool) -> np.ndarray:
    """|model ÷ measured − 1| of the points that were kept out, or of those that were fitted."""
    chosen = points.kept_out if kept_out else ~points.kept_out
    return np.abs(predicted / points.seconds - 1.0)[chosen]


def report(
    curve: Any, predicted: np.ndarray, points: Points, ranges: Mapping[str, tuple[float, float]], about: dict[str, Any]
) -> dict[str, Any]:
    """A profile's entry: form, numbers, fit, confidence.

    Args:
        curve: the curve.
        predicted: its times of the points [s].
        points: all points, those kept out included.
        ranges: smallest and largest value by argument.
        about: `method`, `source`, `date`.
    """
    off = error(predicted, points, kept_out=True)
    return {
        **curve.model_dump(exclude_none=True, exclude_defaults=True, exclude={"confidence", "fit"}),
        "fit": {
            "points": len(points),
            "kept_out": KEPT_OUT,
            "median_error": round(float(np.median(off)), 3),
            "mean_error": round(float(off.mean()), 3),
            "range": {name: [round(low), round(high)] for name, (low, high) in ranges.items()},
            **about,
        },
        "confidence": "measured",
    }


def share_of(value: float) -> str:
    """A share as whole per cent, for the text of a method."""
    return f"{100 * value:.0f}%"
