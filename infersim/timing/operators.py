"""Operator forms: seconds of one kernel from its size, by the few numbers of a fitted curve.

Every function takes scalars or arrays (they broadcast) and returns seconds of the same shape. With rates no higher
than the device's peaks no form can beat bytes ÷ peak bandwidth or FLOPs ÷ peak compute. All grow with every
argument. Fits and their errors are in the device profiles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim.spec.hardware import (
    Cache,
    DecodeAttentionCurve,
    ElementwiseCurve,
    GemmCurve,
    MoeCurve,
    PrefillAttentionCurve,
)

TILE = 128
"""Columns of a product's output tile and rows of attention's that the forms reckon with."""

HEAD = 128
"""Width of a head that the rates of attention hold for."""

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


def gemm_bytes(
    m: Array,
    n: Array,
    k: Array,
    weight_bytes: float,
    activation_bytes: float | None = None,
    output_bytes: float = RESULT_BYTES,
) -> Array:
    """Bytes of both operands and the result of an m × k by k × n product [B].

    Args:
        m: tokens; n: outputs; k: inputs.
        weight_bytes: bytes an element of the weights.
        activation_bytes: bytes an element of the activations; as the weights by default.
        output_bytes: bytes an element of the result.
    """
    activations = weight_bytes if activation_bytes is None else activation_bytes
    return m * k * activations + n * k * weight_bytes + m * n * output_bytes


def gemm_s(
    m: Array,
    n: Array,
    k: Array,
    weight_bytes: float,
    curve: GemmCurve,
    activation_bytes: float | None = None,
    warm: bool = False,
) -> Array:
    """Time of an m × k by k × n product [s], form `gemm/1`.

    launch + ‖compute, memory‖ + quantise + unpack, with
    compute = 2mnk/P · (1 + wave_tiles/tiles) · (1 + k_half/k) · (1 + share · m/(m + rows)),
    tiles = max(m/tile_rows, 1) · ceil(n/128),
    memory = (bytes + bytes_extra)/BW,
    quantise = m · ‖row_s, k · element_s‖ for activations that are quantised at run time,
    unpack = n · k · element_s of more than `rows` rows;
    all of it joined with a floor where the curve has one. Rows are not rounded up to whole tiles: a fit with rounding
    was no better and made more tokens take less time at some sizes.

    Args:
        m: tokens; n: outputs; k: inputs.
        weight_bytes: bytes an element of the weights; results are 2 bytes.
        curve: the numbers.
        activation_bytes: bytes an element of the activations; as the weights by default.
        warm: weights are read again and again, as in a table of repeated calls; never in serving.
    """
    m, n, k = (np.asarray(size, dtype=float) for size in (m, n, k))
    tiles = np.maximum(m / curve.tile_rows, 1.0) * np.ceil(n / TILE)
    compute = gemm_flops(m, n, k) / curve.flops_per_s * (1.0 + curve.wave_tiles / tiles) * (1.0 + curve.k_half / k)
    if curve.crowding is not None:
        compute = compute * (1.0 + curve.crowding.share * m / (m + curve.crowding.rows))
    moved = gemm_bytes(m, n, k, weight_bytes, activation_bytes)
    if warm and curve.cache is not None:
        moved = moved * _from_memory(n * k * weight_bytes, curve.cache)
    time = curve.launch_s + joined(compute, (moved + curve.bytes_extra) / curve.bytes_per_s, curve.norm)
    if curve.quantise is not None:
        time = time + m * joined(curve.quantise.row_s, k * curve.quantise.element_s, curve.quantise.norm)
    if curve.unpack is not None:
        time = time + np.where(m > curve.unpack.rows, n * k * curve.unpack.element_s, 0.0)
    return time if curve.floor is None else joined(time, curve.floor.seconds, curve.floor.norm)


def _from_memory(reused_bytes: Array, cache: Cache) -> Array:
    """Time to read over that from memory, where an operand of this size is read again and again."""
    cached = 1.0 / (1.0 + (reused_bytes / cache.bytes) ** cache.sharpness)
    return 1.0 - cached * (1.0 - 1.0 / cache.gain)


def attention_flops(pairs: Array, heads: Array, head_dim: float) -> Array:
    """FLOPs of attention over query–key pairs: two products of head_dim per pair and head."""
    return 4.0 * pairs * heads * head_dim


def attention_prefill_bytes(
    tokens: Array,
    context: Array,
    heads: Array,
    kv_heads: Array,
    head_dim: Array,
    kv_bytes: float,
    kv_passes: float = 1.0,
) -> Array:
    """Bytes of queries and results (2 each) of the new tokens, and of the keys and values of all [B].

    Args:
        tokens: new tokens; context: earlier ones.
        heads, kv_heads, head_dim: of the device.
        kv_bytes: bytes an element of the KV cache.
        kv_passes: times that keys and values are read, `PrefillAttentionCurve.kv_passes`.
    """
    read = 2.0 * kv_bytes * kv_passes * (tokens + context) * kv_heads * head_dim
    return 4.0 * tokens * heads * head_dim + read


def head_factor(head_dim: Array, narrow_head: float, wide_head: float) -> Array:
    """Compute time of attention over that with heads of 128, FLOPs being equal; at least 1."""
    narrow = 1.0 + narrow_head * np.maximum(HEAD / np.asarray(head_dim) - 1.0, 0.0)
    return narrow * (1.0 + wide_head * np.maximum(np.asarray(head_dim) / HEAD - 1.0, 0.0))


def attention_prefill_s(
    pairs: Array,
    tokens: Array,
    chunks: Array,
    read_bytes: Array,
    heads: Array,
    head_dim: Array,
    curve: PrefillAttentionCurve,
) -> Array:
    """Time of causal attention over new tokens in one call [s], form `attention_prefill/1`.

    launch + ‖FLOPs/P · head_factor · (1 + wave_tiles/tiles) + pairs · heads · pair_s, bytes/BW‖ with
    tiles = heads · max(tokens/128, chunks); pairs are those given and `chunk_pairs` for every chunk.

    Args:
        pairs: query–key pairs, Σ q·(q/2 + context).
        tokens: new tokens, Σ q.
        chunks: prompts or parts of prompts in the call.
        read_bytes: `attention_prefill_bytes` with the curve's `kv_passes`.
        heads, head_dim: query heads of the device and their width.
        curve: the numbers.
    """
    tiles = heads * np.maximum(np.asarray(tokens) / TILE, chunks)
    padded = pairs + curve.chunk_pairs * np.asarray(chunks)
    padded = padded * (1.0 + curve.wave_tiles / tiles)
    # what every chunk pays is spread over more tiles as it grows: never below the work of one tile a chunk
    least = (TILE**2 / 2.0 + curve.chunk_pairs) * np.asarray(chunks) * (1.0 + curve.wave_tiles / (heads * chunks))
    padded = np.where(np.asarray(tokens) / TILE > chunks, np.maximum(padded, least), padded)
    compute = attention_flops(padded, heads, head_dim) / curve.flops_per_s
    compute = compute * head_factor(head_dim, curve.narrow_head, curve.wide_head) + padded * heads * curve.pair_s
    return curve.launch_s + joined(compute, read_bytes / curve.bytes_per_s, curve.norm)


def attention_decode_s(
    rows: Array,
    kv_read_bytes: Array,
    curve: DecodeAttentionCurve,
    queries: Array = 0.0,
    head_dim: Array = HEAD,
    warm: bool = False,
) -> Array:
    """Time of attention of one new token per sequence [s], form `attention_decode/1`.

    The highest of a few lines `launch + rows · row_s + queries · query_s + bytes · wide/BW + bytes/rows/row rate`, with
    wide = 1 + wide_head · max(head_dim/128 − 1, 0): piecewise linear in the context for a given number of sequences,
    which is what lets a stretch of decode steps have a closed form.

    Args:
        rows: sequences × KV heads of the device.
        kv_read_bytes: KV cache read [B].
        curve: the lines.
        queries: elements of the queries: sequences × query heads of the device × head_dim.
        head_dim: width of a head.
        warm: the KV cache is read again and again, as in a table of repeated calls; never in serving.
    """
    moved = np.asarray(kv_read_bytes, dtype=float)
    per_row = moved / rows
    if warm and curve.cache is not None:
        moved = moved * _from_memory(moved, curve.cache)
    moved = moved * head_factor(head_dim, 0.0, curve.wide_head)
    lines = [
        line.launch_s
        + rows * line.row_s
        + queries * line.query_s
        + moved / line.bytes_per_s
        + (per_row / line.row_bytes_per_s if line.row_bytes_per_s else 0.0)
        for line in curve.lines
    ]
    return np.maximum.reduce(np.broadcast_arrays(*lines))


def active_experts(tokens: Array, experts: Array, top_k: Array, spread: float = np.inf) -> Array:
    """Experts that have tokens, in the mean.

    E · (1 − (1 − k/E) · (1 + (n − 1)·k/(E·spread))^−spread): k for one token, E for many; with a large spread
    E · (1 − (1 − k/E) · exp(−(n − 1)·k/E)), as of fair dice.

    Args:
        tokens: n ≥ 1.
        experts: E.
        top_k: k, experts that a token takes; at most E.
        spread: `MoeCurve.spread`.
    """
    share = np.asarray(top_k, dtype=float) / experts
    others = np.maximum(np.asarray(tokens, dtype=float) - 1.0, 0.0) * share
    missed = np.exp(-others) if np.isinf(spread) else (1.0 + others / spread) ** -spread
    return experts * (1.0 - (1.0 - share) * missed)


def moe_s(
    tokens: Array,
    hidden: Array,
    intermediate: Array,
    experts: Array,
    top_k: Array,
    weight_bytes: float,
    curve: MoeCurve,
    expert_parallel: Array = 1,
) -> Array:
    """Time of a layer's routed experts on one device [s], form `moe/1`.

    launch + expert_s · active + ‖compute, memory‖ with
    compute = 6 · hidden · intermediate · (rows + pad_rows · active)/P · (1 + inter_half/intermediate) ·
    (1 + hidden_half/hidden) and
    memory = (active · 3 · hidden · intermediate · weight_bytes + moved · hidden_bytes · hidden +
    rows · inter_bytes · intermediate)/BW. An expert is three matrices (gate, up, down) of hidden × intermediate.
    On one device rows = moved = n·k; over d devices `ExpertParallel` says what the slowest has of each.

    Args:
        tokens: n, that reach the device.
        hidden: width of the model.
        intermediate: width of an expert, on this device.
        experts: experts of the model.
        top_k: k, experts that a token takes.
        weight_bytes: bytes an element of the weights, scales included.
        curve: the numbers.
        expert_parallel: d, devices that share the experts.
    """
    devices = np.asarray(expert_parallel, dtype=float)
    pairs = np.asarray(tokens, dtype=float) * top_k
    active = active_experts(tokens, experts, top_k, curve.spread) / devices
    rows, moved = pairs / devices, pairs / devices
    if curve.parallel is not None:
        rows = pairs * devices**-curve.parallel.rows_power
        active = np.minimum(active * devices**curve.parallel.active_power, experts / devices)
        moved = moved + curve.parallel.remote_share * (pairs - moved)
    area = np.asarray(hidden, dtype=float) * intermediate
    compute = 6.0 * area * (rows + curve.pad_rows * active) / curve.flops_per_s
    compute = compute * (1.0 + curve.inter_half / intermediate) * (1.0 + curve.hidden_half / hidden)
    traffic = 3.0 * area * active * weight_bytes
    traffic = traffic + moved * curve.hidden_bytes * hidden + rows * curve.inter_bytes * intermediate
    return curve.launch_s + curve.expert_s * active + joined(compute, traffic / curve.bytes_per_s, curve.norm)


def elementwise_s(traffic_bytes: Array, curve: ElementwiseCurve) -> Array:
    """Time of kernels that only move bytes [s], form `elementwise/1`: launch + bytes/BW."""
    return curve.launch_s + traffic_bytes / curve.bytes_per_s
