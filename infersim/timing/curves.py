"""The curves that a replica's timing rests on: picked from a device profile, with what is known of their quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.spec.hardware import (
    AllReduceCurve,
    Curve,
    DecodeAttentionCurve,
    Device,
    ElementwiseCurve,
    GemmCurve,
    PrefillAttentionCurve,
)

MEASURED_AS = {"bf16": "bf16", "fp16": "bf16", "fp8": "fp8"}
"""Measured type that stands for a type: both 16-bit types run at one speed on every device here."""


def _pick(device: Device, operator: str, dtype: str, field: str) -> tuple[str, Any]:
    name = f"{operator}.{MEASURED_AS.get(dtype, dtype)}"
    if name in device.operators:
        return name, device.operators[name]
    known = {curve.removeprefix(f"{operator}.") for curve in device.operators if curve.startswith(f"{operator}.")}
    allowed = [dtype for dtype, measured in MEASURED_AS.items() if measured in known]
    raise InputError(
        f"{device.name} has no measured curve {name}",
        f"allowed: {', '.join(allowed)}" if allowed else f"its profile has no curve of {operator} at all",
        field,
        dtype,
    )


@dataclass(frozen=True)
class Curves:
    """The operators of one replica."""

    device: str
    gemm: GemmCurve
    head: GemmCurve
    prefill: PrefillAttentionCurve
    decode: DecodeAttentionCurve
    elementwise: ElementwiseCurve
    all_reduce: AllReduceCurve | None
    roles: dict[str, str]
    """Name in the profile by role: `gemm`, `prefill`, …"""

    @classmethod
    def of(cls, device: Device, weights_dtype: str, kv_dtype: str, tensor: int) -> Curves:
        """Curves of a device for these types and this many devices.

        Raises:
            InputError: the profile lacks one; the hint lists what it has.
        """
        found = {
            "gemm": _pick(device, "gemm", weights_dtype, "precision.weights"),
            "head": _pick(device, "gemm", "bf16", "precision.weights"),
            "prefill": _pick(device, "attention_prefill", kv_dtype, "precision.kv_cache"),
            "decode": _pick(device, "attention_decode", kv_dtype, "precision.kv_cache"),
            "elementwise": _pick(device, "elementwise", "bf16", "device"),
        }
        if tensor > 1:
            found["all_reduce"] = _pick(device, "all_reduce", "bf16", "parallel.tensor")
            counts = sorted(found["all_reduce"][1].devices)
            if tensor not in counts:
                raise InputError(
                    f"{device.name} has no measured all-reduce among {tensor} devices",
                    f"allowed: {', '.join(str(n) for n in (1, *counts))}",
                    "parallel.tensor",
                    str(tensor),
                )
        curves = {role: curve for role, (_, curve) in found.items()}
        roles = {role: name for role, (name, _) in found.items()}
        return cls(device.name, **{"all_reduce": None, **curves}, roles=roles)

    def used(self) -> dict[str, Curve]:
        """Every curve once, by its name in the profile."""
        return {name: getattr(self, role) for role, name in self.roles.items()}

    def confidence(self) -> list[dict[str, Any]]:
        """One entry a curve: `curve`, `device`, `confidence`, `fit_range`, `median_error`, `source`, `date`."""
        return [
            {
                "curve": name,
                "device": self.device,
                "confidence": curve.confidence,
                "fit_range": dict(curve.fit.range) if curve.fit else {},
                "median_error": curve.fit.median_error if curve.fit else None,
                "source": curve.fit.source if curve.fit else curve.source,
                "date": curve.fit.date if curve.fit else curve.date,
            }
            for name, curve in self.used().items()
        ]

    def outside(self, seen: list[tuple[str, str, np.ndarray]]) -> list[dict[str, Any]]:
        """Arguments beyond the range of a fit.

        Args:
            seen: (role, argument's name in `fit.range`, values).

        Returns:
            One entry a curve and argument: `curve`, `argument`, `range`, `seen` (smallest and largest value).
        """
        found = []
        for role, argument, values in seen:
            fit = getattr(self, role).fit if role in self.roles else None
            if fit is None or argument not in fit.range or not len(values):
                continue
            low, high = fit.range[argument]
            smallest, largest = float(values.min()), float(values.max())
            if smallest < low or largest > high:
                entry = {"curve": self.roles[role], "argument": argument, "range": (low, high)}
                found.append({**entry, "seen": (smallest, largest)})
        return found
