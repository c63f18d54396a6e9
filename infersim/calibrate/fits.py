"""Least squares of each operator form on the logarithm of time, robust against outliers.

Rates are bounded by the device's peaks, so that no fitted curve can promise more than the hardware has.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from infersim.calibrate import tables
from infersim.calibrate.tables import Points
from infersim.spec.hardware import AllReduceCurve, Curve, DecodeAttentionCurve, Device, GemmCurve, PrefillAttentionCurve
from infersim.timing import operators
from infersim.timing.collectives import all_reduce_s

OUTLIER = 0.1
"""Relative error beyond which a point counts linearly instead of by its square."""
ENVELOPED = {("b200-sxm-180gb", "fp8")}
"""GEMM tables with kernel choices up to several times too slow at some sizes: fitted to their lower envelope."""
WARM = (0.04, 1.3)
"""KV bytes, in cache sizes, between which a repeated call reads from the cache what serving reads from memory."""
FEW, MANY = 3, 6
"""Points that one line of a collective needs, and two."""
GRAPH_GAIN = 0.95
"""The engine's own all-reduce is taken for in use while it needs at most this share of the library's time."""

Numbers = np.ndarray
Bound = tuple[float, float, float]
"""Start, lowest and highest value of a number."""


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
    return [float(f"{number:.3g}") for number in np.exp(found.x)]


def report(
    curve: Curve, predicted: np.ndarray, points: Points, ranges: dict[str, tuple[float, float]], about: dict[str, Any]
) -> dict[str, Any]:
    """A profile's entry: form, numbers, fit, confidence."""
    error = np.abs(predicted / points.seconds - 1.0)[points.kept_out]
    return {
        **curve.model_dump(exclude_none=True, exclude={"confidence", "fit"}),
        "fit": {
            "points": len(points),
            "kept_out": tables.KEPT_OUT,
            "median_error": round(float(np.median(error)), 3),
            "mean_error": round(float(error.mean()), 3),
            "range": {name: [round(low), round(high)] for name, (low, high) in ranges.items()},
            **about,
        },
        "confidence": "measured",
    }


def gemm(folder: Path, device: Device, dtype: str, about: dict[str, Any]) -> dict[str, Any] | None:
    """`gemm.bf16` or `gemm.fp8`, or None where the device was not measured in that type."""
    points = tables.gemm(folder, {"bf16": "bfloat16"}.get(dtype, dtype))
    if not len(points):
        return None
    method = "least squares on log error, soft L1; n, k >= 512"
    if (device.name, dtype) in ENVELOPED:
        points = tables.lower_envelope(points, ("m", "n", "k"))
        method += "; fitted to the lower monotone envelope of the table, held against its own times"
    peak, bandwidth = getattr(device.peak_flops, dtype), device.memory.bandwidth_bytes_per_s
    names = ("launch_s", "flops_per_s", "bytes_per_s", "wave_tiles", "k_half", "bytes_extra", "norm")
    bounds: list[Bound] = [
        (3e-6, 1e-7, 2e-4),
        (0.8 * peak, 0.1 * peak, peak),
        (0.85 * bandwidth, 0.2 * bandwidth, bandwidth),
        (13.0, 0.01, 2000.0),
        (100.0, 1.0, 5000.0),
        (2e6, 1e3, 1e9),
        (3.5, 1.2, 12.0),
    ]
    element = 1.0 if dtype == "fp8" else 2.0

    def curve(x: Any) -> GemmCurve:
        return GemmCurve(form="gemm/1", confidence="measured", **dict(zip(names, map(float, x), strict=True)))

    def predict(x: Any) -> np.ndarray:
        return operators.gemm_s(points["m"], points["n"], points["k"], element, curve(x))

    numbers = fit(predict, points, bounds)
    ranges = {name: points.range(name) for name in ("m", "n", "k")}
    return report(curve(numbers), predict(numbers), points, ranges, {"method": method, **about})


def attention_prefill(folder: Path, device: Device, dtype: str, about: dict[str, Any]) -> dict[str, Any] | None:
    """`attention_prefill.bf16` or, with the KV cache in fp8, `.fp8`."""
    points = tables.attention_prefill(folder, {"bf16": "bfloat16"}.get(dtype, dtype))
    if not len(points):
        return None
    peak, bandwidth = device.peak_flops.bf16 or 0.0, device.memory.bandwidth_bytes_per_s
    names = ("launch_s", "flops_per_s", "bytes_per_s", "wave_tiles", "norm")
    bounds: list[Bound] = [
        (1e-5, 1e-7, 1e-3),
        (0.7 * peak, 0.05 * peak, peak),
        (0.7 * bandwidth, 0.1 * bandwidth, bandwidth),
        (100.0, 0.1, 5000.0),
        (2.0, 1.0, 12.0),
    ]
    chunks, heads = points["batch_size"], points["num_heads"]
    tokens, pairs = chunks * points["isl"], chunks * points["isl"] ** 2 / 2.0
    element = 1.0 if dtype == "fp8" else 2.0
    moved = operators.attention_prefill_bytes(
        tokens, 0.0, heads, points["num_key_value_heads"], tables.HEAD_DIM, element
    )

    def curve(x: Any) -> PrefillAttentionCurve:
        numbers = dict(zip(names, map(float, x), strict=True))
        return PrefillAttentionCurve(form="attention_prefill/1", confidence="measured", **numbers)

    def predict(x: Any) -> np.ndarray:
        return operators.attention_prefill_s(pairs, tokens, chunks, moved, heads, tables.HEAD_DIM, curve(x))

    numbers = fit(predict, points, bounds)
    ranges = {"tokens": points.range("isl"), "chunks": points.range("batch_size"), "heads": points.range("num_heads")}
    ranges["context_tokens"] = (0, 0)  # no point has earlier context
    method = "least squares on log error, soft L1; head 128, no earlier context, 2 or more query heads a KV head"
    return report(curve(numbers), predict(numbers), points, ranges, {"method": method, **about})


def attention_decode(folder: Path, device: Device, dtype: str, about: dict[str, Any]) -> dict[str, Any] | None:
    """`attention_decode.bf16` or, with the KV cache in fp8, `.fp8`: one line bound by rows, one by memory."""
    points = tables.attention_decode(folder, {"bf16": "bfloat16"}.get(dtype, dtype))
    if not len(points):
        return None
    element = 1.0 if dtype == "fp8" else 2.0
    kv_read = 2.0 * element * points["batch_size"] * (points["step"] + 1.0) * points["num_key_value_heads"]
    kv_read = kv_read * tables.HEAD_DIM
    cache, bandwidth = device.memory.cache_bytes or 0.0, device.memory.bandwidth_bytes_per_s
    cold = (kv_read < WARM[0] * cache) | (kv_read > WARM[1] * cache)
    warm, warm_read = points.where(~cold & points.kept_out), kv_read[~cold & points.kept_out]
    points, kv_read = points.where(cold), kv_read[cold]
    rows = _rows(points)
    bounds: list[Bound] = [
        (1e-5, 1e-7, 1e-3),
        (2e-8, 1e-12, 1e-5),
        (5 * bandwidth, bandwidth, 100 * bandwidth),
        (1.2e-5, 1e-7, 1e-3),
        (2e-9, 1e-12, 1e-6),
        (0.85 * bandwidth, 0.1 * bandwidth, bandwidth),
    ]

    def curve(x: Any) -> DecodeAttentionCurve:
        keys = ("launch_s", "row_s", "bytes_per_s")
        lines = [dict(zip(keys, map(float, part), strict=True)) for part in (x[:3], x[3:])]
        return DecodeAttentionCurve.model_validate(
            {"form": "attention_decode/1", "confidence": "measured", "lines": lines}
        )

    def predict(x: Any) -> np.ndarray:
        return operators.attention_decode_s(rows, kv_read, curve(x))

    numbers = fit(predict, points, bounds)
    ranges = {
        "seqs": points.range("batch_size"),
        "kv_bytes": (float(kv_read.min()), float(kv_read.max())),
        "context_tokens": points.range("step"),
    }
    off = operators.attention_decode_s(_rows(warm), warm_read, curve(numbers)) / warm.seconds - 1.0
    share = np.count_nonzero(~cold) / len(cold)
    method = (
        "least squares on log error, soft L1; head 128, 2 or more query heads a KV head; without the points whose KV"
        f" is {WARM[0]:g}-{WARM[1]:g} of the cache ({share:.0%} of all), which repeated calls read from there and"
        f" serving does not; the curve is {np.median(off):+.0%} off on those in the median"
    )
    return report(curve(numbers), predict(numbers), points, ranges, {"method": method, **about})


def _rows(points: Points) -> np.ndarray:
    return points["batch_size"] * points["num_key_value_heads"]


def all_reduce(folder: Path, device: Device, about: dict[str, Any]) -> dict[str, Any] | None:
    """`all_reduce.bf16`: by number of devices the engine's own kernel in a CUDA graph, NCCL above its size."""
    # a message never takes longer than a larger one: a kernel chosen badly at one size is not the hardware's doing
    own, library = (
        tables.lower_envelope(tables.all_reduce(folder, library=library), ("num_gpus", "bytes"), along=("bytes",))
        for library in (False, True)
    )
    devices: dict[int, Any] = {}
    used: list[Points] = []
    for count in sorted(set(own["num_gpus"].tolist())):
        mine, theirs = own.where(own["num_gpus"] == count), library.where(library["num_gpus"] == count)
        limit = _limit_bytes(mine, theirs)
        small, large = mine.where(mine["bytes"] <= limit), theirs.where(theirs["bytes"] > limit)
        devices[int(count)] = {"small": _lines(small), "small_limit_bytes": limit, "large": _lines(large)}
        used += [small, large]
    curve = AllReduceCurve.model_validate({"form": "all_reduce/1", "confidence": "measured", "devices": devices})
    points = Points(
        {name: np.concatenate([part[name] for part in used]) for name in ("num_gpus", "bytes")},
        np.concatenate([part.seconds for part in used]),
        np.concatenate([part.kept_out for part in used]),
    )
    predicted = np.array(
        [float(all_reduce_s(b, int(n), curve)) for n, b in zip(points["num_gpus"], points["bytes"], strict=True)]
    )
    method = (
        "lowest of two lines by least squares on log error; vLLM's graph kernel up to its limit, then NCCL;"
        " fitted to the lower monotone envelope of both tables, held against their own times"
    )
    ranges = {"bytes": points.range("bytes"), "devices": points.range("num_gpus")}
    return report(curve, predicted, points, ranges, {"method": method, **about})


def _limit_bytes(own: Points, library: Points) -> float:
    """Largest size at which the engine's own kernel clearly beats the library; 0 where it never does."""
    theirs = dict(zip(library["bytes"].tolist(), library.seconds.tolist(), strict=True))
    below = sorted(theirs)[:-FEW]
    mine = zip(own["bytes"].tolist(), own.seconds.tolist(), strict=True)
    return max((size for size, seconds in mine if size in below and seconds <= GRAPH_GAIN * theirs[size]), default=0.0)


def _lines(points: Points) -> list[dict[str, float]]:
    """One line through a few points, else two; a line that is nowhere the lowest is dropped."""
    if not len(points):
        return []
    first, last = float(points.seconds.min()), float(points.seconds.max())
    rate = float(points["bytes"].max()) / last
    bounds: list[Bound] = [
        (first, 1e-7, 1e-1),
        (rate / 4, rate / 1e4, rate * 10),
        (2 * first, 1e-7, 1e-1),
        (rate, rate / 1e4, rate * 10),
    ]
    if np.count_nonzero(~points.kept_out) < MANY:
        bounds = bounds[:1] + bounds[3:]

    def lines(x: Any) -> np.ndarray:
        return np.array([x[i] + points["bytes"] / x[i + 1] for i in range(0, len(x), 2)])

    numbers = fit(lambda x: lines(x).min(axis=0), points, bounds)
    lowest = set(lines(numbers).argmin(axis=0).tolist())
    return [{"latency_s": numbers[2 * i], "bytes_per_s": numbers[2 * i + 1]} for i in sorted(lowest)]
