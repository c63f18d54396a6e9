"""All curves that a folder of kernel tables allows, and how they are written into a device profile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from infersim.calibrate import attention, collectives, gemm, moe
from infersim.calibrate.fitting import PEAK_OF, WEIGHT_BYTES, Limits
from infersim.calibrate.tables import Tables
from infersim.errors import InputError
from infersim.timing.operators import gemm_bytes, gemm_flops

ELEMENTWISE_SHARE = 0.7
"""Share of memory bandwidth that element-wise kernels reach: an assumption, there is no table of them."""

LARGE_BYTES = 2.5e8
"""Operands of a product that no last-level cache holds."""

TEXTS = ("method", "source")


def limits_seen(tables: Tables, folder: Path) -> Limits:
    """Limits of a device without a profile: the highest rates that its products reached.

    Raises:
        InputError: there is no table of products.
    """
    peaks: dict[str, float] = {}
    bandwidth = 0.0
    for dtype in tables.words("gemm", "dtype"):
        if dtype not in PEAK_OF:
            continue
        points = tables.points("gemm", lambda rows: rows["m"] > 0, dtype=dtype)
        m, n, k = points["m"], points["n"], points["k"]
        moved = gemm_bytes(m, n, k, WEIGHT_BYTES[dtype])
        rates = np.where(moved >= min(LARGE_BYTES, moved.max()), moved / points.seconds, 0.0)
        bandwidth = max(bandwidth, float(rates.max()))
        name = PEAK_OF[dtype]
        peaks[name] = max(peaks.get(name, 0.0), float((gemm_flops(m, n, k) / points.seconds).max()))
    if not peaks:
        hint = "give the NAME of a device profile that states peaks and bandwidth, or add gemm.parquet"
        raise InputError("a device without a profile needs a table of products", hint, "", str(folder))
    return Limits(peaks, bandwidth, 0.0)


def operators(tables: Tables, limits: Limits, about: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All curves that the tables allow, by name in the profile.

    Args:
        tables: of one device.
        limits: its peaks, bandwidth and cache.
        about: `date` and `source` of the measurements.
    """
    found: dict[str, dict[str, Any] | None] = {}
    for dtype in tables.words("gemm", "dtype"):
        found[f"gemm.{dtype}"] = gemm.fitted(tables, dtype, limits, about)
    for dtype in tables.words("moe", "dtype"):
        found[f"moe.{dtype}"] = moe.fitted(tables, dtype, limits, about)
    for dtype in attention.KV_BYTES:
        found[f"attention_prefill.{dtype}"] = attention.prefill(tables, dtype, limits, about)
        found[f"attention_decode.{dtype}"] = attention.decode(tables, dtype, limits, about)
    found["all_reduce.bf16"] = collectives.all_reduce(tables, about)
    for op in collectives.OTHERS:
        found[f"{op}.bf16"] = collectives.other(tables, op, about)
    found["elementwise.bf16"] = {
        "form": "elementwise/1",
        "launch_s": 0.0,
        "bytes_per_s": float(f"{ELEMENTWISE_SHARE * limits.bytes_per_s:.3g}"),
        "source": f"assumption: {ELEMENTWISE_SHARE:g} of memory bandwidth, launches within the engine's host time",
        "date": about["date"],
        "confidence": "derived",
    }
    return {name: curve for name, curve in sorted(found.items()) if curve is not None}


def as_yaml(curves: dict[str, dict[str, Any]], note: str = "") -> str:
    """The `operators:` part of a profile: a number a line, a line per group of numbers.

    Args:
        curves: by name.
        note: comment beside the key.
    """
    rows = [f"operators:  # {note}" if note else "operators:"]
    for name, curve in curves.items():
        rows.append(f"  {name}:")
        for key, value in curve.items():
            if key == "fit":
                numbers = {part: value[part] for part in value if part not in TEXTS}
                texts = {part: value[part] for part in TEXTS if part in value}
                rows.append(f"    fit: {as_flow(numbers)[:-1]},")
                rows += [f"      {part}: {as_flow(text)}," for part, text in texts.items()]
                rows[-1] = rows[-1][:-1] + "}"
            elif key == "devices":
                rows += ["    devices:", *(f"      {count}: {as_flow(numbers)}" for count, numbers in value.items())]
            elif key == "lines":
                rows += ["    lines:", *(f"      - {as_flow(line)}" for line in value)]
            else:
                rows.append(f"    {key}: {as_flow(value)}")
    return "\n".join(rows) + "\n"


def put(profile: str, operators: str) -> str:
    """A profile's text with another `operators:` part; what stands behind that part stays."""
    start = re.search(r"^operators:", profile, re.MULTILINE)
    if start is None:
        return profile.rstrip("\n") + "\n" + operators
    end = re.search(r"^[^\s#-]", profile[start.end() :], re.MULTILINE)
    rest = profile[start.end() + end.start() :] if end else ""
    return profile[: start.start()] + operators + rest


def as_flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(as_flow(inner) for inner in value) + "]"
    if isinstance(value, float):
        digits, _, exponent = f"{value:.10g}".partition("e")
        return f"{digits}e{int(exponent)}" if exponent else digits
    text = str(value)
    return f'"{text}"' if " " in text else text
