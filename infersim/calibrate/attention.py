"""Fits of prefill and decode attention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from infersim.calibrate.fitting import Bound, Limits, error, fit, report, share_of
from infersim.calibrate.tables import Points, Tables
from infersim.spec.hardware import DecodeAttentionCurve, PrefillAttentionCurve
from infersim.timing import operators

HEAD_DIMS = (64, 128, 256)
"""Head widths that one curve covers: others (192, 512) run kernels of their own on some devices."""

SHORTEST = 16
"""Shortest prompt [tokens]: shorter ones run the kernels of decode."""

KV_BYTES = {"bf16": 2.0, "fp8": 1.0}
"""Bytes an element of the KV cache by measured type."""

COLD = (0.04, 1.3)
"""KV bytes in cache sizes: below the first and above the second, repeated calls read as serving does."""

COMMON = "least squares on log error, soft L1; head 64, 128 and 256, 1 to 96 query heads a KV head"
LINE_NUMBERS = ("launch_s", "row_s", "bytes_per_s", "query_s", "row_bytes_per_s")


def _full(rows: pd.DataFrame) -> pd.Series:
    """Rows of full attention with heads that the curve covers."""
    return rows["head_dim"].isin(HEAD_DIMS) & (rows["window_tokens"] == 0)


def _windowed(rows: pd.DataFrame) -> pd.Series:
    return rows["head_dim"].isin(HEAD_DIMS) & (rows["window_tokens"] > 0)


def _one_width(points: Points) -> bool:
    low, high = points.range("head_dim")
    return low == high


# -- prefill -----------------------------------------------------------------------------------------------------------


def prefill_points(tables: Tables, kv_dtype: str) -> Points:
    """Measured calls over equal prompts."""
    return tables.points(
        "attention_prefill", lambda rows: _full(rows) & (rows["tokens"] >= SHORTEST), kv_dtype=kv_dtype
    )


def prefill_predicted(curve: PrefillAttentionCurve, kv_dtype: str, points: Points) -> np.ndarray:
    """Times of the points by a curve [s]; a window shortens what a token attends to."""
    seqs, new, context, window = (points[name] for name in ("seqs", "tokens", "context_tokens", "window_tokens"))
    pairs = seqs * new * (new / 2.0 + context)
    limited = (window > 0) & (window < new + context)
    pairs = np.where(limited, np.minimum(pairs, seqs * new * window), pairs)
    tokens, heads, head_dim = seqs * new, points["heads"], points["head_dim"]
    read = operators.attention_prefill_bytes(
        tokens, seqs * context, heads, points["kv_heads"], head_dim, KV_BYTES[kv_dtype], curve.kv_passes
    )
    return operators.attention_prefill_s(pairs, tokens, seqs, read, heads, head_dim, curve)


def prefill(tables: Tables, kv_dtype: str, limits: Limits, about: dict[str, Any]) -> dict[str, Any] | None:
    """The curve `attention_prefill.KV_DTYPE` as an entry of a profile; None where it was not measured."""
    points, peak = prefill_points(tables, kv_dtype), limits.peak("bf16")
    if not len(points) or peak is None:
        return None
    simple, padded = (_prefill_curve(points, kv_dtype, peak, limits, parts) for parts in ((), ("chunk_pairs",)))
    curve = min(simple, padded, key=lambda curve: _median(prefill_predicted(curve, kv_dtype, points), points))
    times = prefill_predicted(curve, kv_dtype, points)
    ranges = {"tokens": points.range("tokens"), "chunks": points.range("seqs"), "heads": points.range("heads")}
    ranges |= {"kv_heads": points.range("kv_heads"), "head_dim": points.range("head_dim")}
    ranges["context_tokens"] = points.range("context_tokens")
    return report(curve, times, points, ranges, {"method": COMMON, **about})


def _median(times: np.ndarray, points: Points) -> float:
    return float(np.median(error(times, points, kept_out=False)))


def _prefill_curve(
    points: Points, kv_dtype: str, peak: float, limits: Limits, parts: tuple[str, ...]
) -> PrefillAttentionCurve:
    """The curve with these of the optional numbers."""
    bandwidth = limits.bytes_per_s
    bounds: dict[str, Bound] = {
        "launch_s": (1e-5, 1e-7, 1e-3),
        "flops_per_s": (0.7 * peak, 0.05 * peak, peak),
        "bytes_per_s": (0.7 * bandwidth, 0.05 * bandwidth, bandwidth),
        "wave_tiles": (100.0, 0.1, 5000.0),
        "norm": (2.0, 1.0, 12.0),
        "kv_passes": (2.0, 1.0, 20.0),
        "chunk_pairs": (1000.0, 1e-3, 1e5),
        "narrow_head": (0.2, 1e-3, 3.0),
        "wide_head": (0.1, 1e-3, 3.0),
    }
    heads = () if _one_width(points) else ("narrow_head", "wide_head")
    names = ("launch_s", "flops_per_s", "bytes_per_s", "wave_tiles", "norm", "kv_passes", *parts, *heads)

    def made(x: Any) -> PrefillAttentionCurve:
        numbers = dict(zip(names, map(float, x), strict=True))
        return PrefillAttentionCurve.model_validate(
            {"form": "attention_prefill/1", "confidence": "measured", **numbers}
        )

    chosen = [bounds[name] for name in names]
    return made(fit(lambda x: prefill_predicted(made(x), kv_dtype, points), points, chosen))


# -- decode ------------------------------------------------------------------------------------------------------------


def decode_points(tables: Tables, kv_dtype: str) -> Points:
    """Measured calls of one new token for each of equal sequences."""
    return tables.points("attention_decode", _full, kv_dtype=kv_dtype)


def decode_read_bytes(kv_dtype: str, points: Points) -> np.ndarray:
    """KV cache that each point reads [B]; a window shortens it."""
    context, window = points["context_tokens"] + 1.0, points["window_tokens"]
    context = np.where(window > 0, np.minimum(context, window), context)
    return 2.0 * KV_BYTES[kv_dtype] * points["seqs"] * context * points["kv_heads"] * points["head_dim"]


def decode_predicted(curve: DecodeAttentionCurve, kv_dtype: str, points: Points, warm: bool = True) -> np.ndarray:
    """Times of the points by a curve [s].

    Args:
        warm: as repeated calls measure them, else as serving sees them.
    """
    rows, head_dim = points["seqs"] * points["kv_heads"], points["head_dim"]
    queries = points["seqs"] * points["heads"] * head_dim
    return operators.attention_decode_s(rows, decode_read_bytes(kv_dtype, points), curve, queries, head_dim, warm)


def is_cold(points: Points, kv_dtype: str, cache_bytes: float) -> np.ndarray:
    """Points that repeated calls read as serving does: far below or above the cache."""
    read = decode_read_bytes(kv_dtype, points)
    return (read < COLD[0] * cache_bytes) | (read > COLD[1] * cache_bytes)


def decode(tables: Tables, kv_dtype: str, limits: Limits, about: dict[str, Any]) -> dict[str, Any] | None:
    """The curve `attention_decode.KV_DTYPE`: one line bound by rows, one by memory, and the cache beside it."""
    points, bandwidth = decode_points(tables, kv_dtype), limits.bytes_per_s
    if not len(points):
        return None
    bounds: list[Bound] = [
        *((1e-5, 1e-7, 1e-3), (2e-8, 1e-12, 1e-5), (5 * bandwidth, 0.1 * bandwidth, 100 * bandwidth)),
        *((1e-11, 1e-15, 1e-8), (bandwidth, 1e-3 * bandwidth, 1e4 * bandwidth)),
        *((1.2e-5, 1e-7, 1e-3), (2e-9, 1e-12, 1e-5), (0.85 * bandwidth, 0.1 * bandwidth, bandwidth)),
        *((1e-12, 1e-15, 1e-8), (0.5 * bandwidth, 1e-3 * bandwidth, 1e4 * bandwidth)),
    ]
    wide, cached = not _one_width(points), limits.cache_bytes > 0
    bounds += [(0.1, 1e-4, 3.0)] * wide
    bounds += [(limits.cache_bytes, 0.1 * limits.cache_bytes, 3.0 * limits.cache_bytes)] * cached
    bounds += [(8.0, 1.0, 30.0), (3.0, 1.0, 30.0)] * cached

    def made(x: Any) -> DecodeAttentionCurve:
        values = list(map(float, x))
        lines = [dict(zip(LINE_NUMBERS, part, strict=True)) for part in (values[:5], values[5:10])]
        data: dict[str, Any] = {"form": "attention_decode/1", "confidence": "measured", "lines": lines}
        if wide:
            data["wide_head"] = values[10]
        if cached:
            data["cache"] = dict(zip(("bytes", "sharpness", "gain"), values[-3:], strict=True))
        return DecodeAttentionCurve.model_validate(data)

    curve = made(fit(lambda x: decode_predicted(made(x), kv_dtype, points), points, bounds))
    read = decode_read_bytes(kv_dtype, points)
    ranges = {"seqs": points.range("seqs"), "kv_bytes": (float(read.min()), float(read.max()))}
    ranges |= {name: points.range(name) for name in ("context_tokens", "heads", "kv_heads", "head_dim")}
    method = COMMON
    if cached:
        cold = points.where(is_cold(points, kv_dtype, limits.cache_bytes))
        memory = error(decode_predicted(curve, kv_dtype, cold, warm=False), cold, kept_out=True)
        method += (
            "; what repeated calls read from the cache is held against the curve's cache part, which serving leaves"
            f" out; without it {share_of(float(np.median(memory)))} in the median off on points far from the cache's"
            " size"
        )
    windowed = tables.points("attention_decode", _windowed, kv_dtype=kv_dtype)
    if len(windowed):
        off = error(decode_predicted(curve, kv_dtype, windowed), windowed, kept_out=True)
        method += f"; on sliding windows, not fitted, {share_of(float(np.median(off)))}"
    return report(curve, decode_predicted(curve, kv_dtype, points), points, ranges, {"method": method, **about})
