"""Operator forms: seconds of one kernel from its size, by the few numbers of a fitted curve.

Every function takes scalars or arrays (they broadcast) and returns seconds of the same shape. With rates no higher
than the device's peaks no form can beat bytes ÷ peak bandwidth or FLOPs ÷ peak compute. All grow with every
argument. Fits and their errors are in the device profiles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim.spec.hardware import DecodeAttentionCurve, ElementwiseCurve, GemmCurve, PrefillAttentionCurve

TILE = 128
"""Rows and columns of the output tile that the forms reckon with."""

LEAST = 512
"""Products with fewer outputs or inputs were not measured; they are small."""

RESULT_BYTES = 2.0
"""Bytes an element of results and of all that layers hand on, in whatever type the operands are."""

Array = Any
"""A number or an array of numbers."""


def joined(compute_s: Array, memory_s: Array, norm: float) -> Array:
    """Compute and memory time as one: the p-norm, which lies between their maximum and their sum [s]."""
    longer = np.maximum(compute_s, memory_s)
    shorter = np.minimum(compute_s, memory_s)
    safe = np.where(longer > 0, longer, 1.0)
    return longer * (1.0 + (shorter / safe) ** norm) ** (1.0 / norm)


def gemm_flops(m: Array, n: Array, k: Array) -> Array:
    """FLOPs of an m × k by k × n product."""
    return 2.0 * m * n * k


def gemm_bytes(m: Array, n: Array, k: Array, operand_bytes: float, output_bytes: float = RESULT_BYTES) -> Array:
    """Bytes of both operands and the result of an m × k by k × n product [B]."""
    return (m * k + n * k) * operand_bytes + m * n * output_bytes


def gemm_s(m: Array, n: Array, k: Array, operand_bytes: float, curve: GemmCurve) -> Array:
    """Time of an m × k by k × n product [s], form `gemm/1`.

    launch + ‖compute, memory‖ with compute = 2mnk/P · (1 + wave_tiles/tiles) · (1 + k_half/k), where
    tiles = max(m/128, 1) · ceil(n/128), and memory = (bytes + bytes_extra)/BW. Rows are not rounded up to whole
    tiles: a fit with rounding was no better and made more tokens take less time at some sizes.

    Args:
        m: tokens; n: outputs; k: inputs.
        operand_bytes: bytes an element of either operand; results are 2 bytes.
        curve: the numbers.
    """
    tiles = np.maximum(np.asarray(m) / TILE, 1.0) * np.ceil(np.asarray(n) / TILE)
    rate = curve.flops_per_s / (1.0 + curve.wave_tiles / tiles) / (1.0 + curve.k_half / np.asarray(k))
    memory = (gemm_bytes(m, n, k, operand_bytes) + curve.bytes_extra) / curve.bytes_per_s
    return curve.launch_s + joined(gemm_flops(m, n, k) / rate, memory, curve.norm)


def attention_flops(pairs: Array, heads: Array, head_dim: float) -> Array:
    """FLOPs of attention over query–key pairs: two products of head_dim per pair and head."""
    return 4.0 * pairs * heads * head_dim


def attention_prefill_bytes(
    tokens: Array, context: Array, heads: Array, kv_heads: Array, head_dim: float, kv_bytes: float
) -> Array:
    """Bytes of queries and results (2 each) of the new tokens, and of the keys and values of all [B]."""
    return 4.0 * tokens * heads * head_dim + 2.0 * kv_bytes * (tokens + context) * kv_heads * head_dim


def attention_prefill_s(
    pairs: Array,
    tokens: Array,
    chunks: Array,
    read_bytes: Array,
    heads: Array,
    head_dim: float,
    curve: PrefillAttentionCurve,
) -> Array:
    """Time of causal attention over new tokens in one call [s], form `attention_prefill/1`.

    launch + ‖FLOPs/P · (1 + wave_tiles/tiles), bytes/BW‖ with tiles = heads · max(tokens/128, chunks).

    Args:
        pairs: query–key pairs, Σ q·(q/2 + context).
        tokens: new tokens, Σ q.
        chunks: prompts or parts of prompts in the call.
        read_bytes: `attention_prefill_bytes`.
        heads, head_dim: query heads of the device and their width.
        curve: the numbers.
    """
    tiles = heads * np.maximum(np.asarray(tokens) / TILE, chunks)
    compute = attention_flops(pairs, heads, head_dim) / curve.flops_per_s * (1.0 + curve.wave_tiles / tiles)
    return curve.launch_s + joined(compute, read_bytes / curve.bytes_per_s, curve.norm)


def attention_decode_s(rows: Array, kv_read_bytes: Array, curve: DecodeAttentionCurve) -> Array:
    """Time of attention of one new token per sequence [s], form `attention_decode/1`.

    The highest of a few lines `launch + rows · row_s + bytes/BW`: piecewise linear in the context for a given
    number of sequences, which is what lets a stretch of decode steps have a closed form.

    Args:
        rows: sequences × KV heads of the device.
        kv_read_bytes: KV cache read [B].
        curve: the lines.
    """
    lines = [line.launch_s + rows * line.row_s + kv_read_bytes / line.bytes_per_s for line in curve.lines]
    return np.maximum.reduce(np.broadcast_arrays(*lines))


def elementwise_s(traffic_bytes: Array, curve: ElementwiseCurve) -> Array:
    """Time of kernels that only move bytes [s], form `elementwise/1`: launch + bytes/BW."""
    return curve.launch_s + traffic_bytes / curve.bytes_per_s
