"""Step times of a dense transformer: kernels per layer, times layers, and what the engine adds.

What depends on whole numbers of tokens or sequences is compiled into plain lists when the model is built; decode
attention is the upper envelope of a few lines in the context. So a step costs a handful of look-ups and products.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.spec.engine import EngineConstants
from infersim.spec.hardware import Device
from infersim.spec.model import Model
from infersim.timing import operators
from infersim.timing.collectives import all_reduce_s
from infersim.timing.curves import Curves
from infersim.timing.layout import DeviceShare
from infersim.timing.shape import BatchShape

FOREVER = 1 << 60
"""Decode steps that a line holds for if no other line crosses it."""

Piece = tuple[float, float, float]
"""Up to this context [tokens]: time at context 0 [s], time per context token [s]."""


class TransformerTiming:
    """Step times of one replica, of `tensor` devices.

    Args:
        model, device, engine: profiles.
        weights_dtype: type of weights and of the products' operands: `bf16`, `fp16` or `fp8`.
        kv_dtype: type of the KV cache: `bf16`, `fp16` or `fp8`.
        tensor: devices that every layer is split over.
        max_tokens: most tokens of a step (`max_num_batched_tokens`).
        max_seqs: most sequences of a step (`max_num_seqs`).

    Attributes:
        peak_flops: dense peak of all devices together in the weights' type [FLOP/s].
        peak_bytes_per_s: memory bandwidth of all devices together [B/s].

    Raises:
        InputError: `tensor` does not divide the model, or the device has no curve for a type or a device count.
    """

    __slots__ = (
        "_body",
        "_chunk_pairs",
        "_curves",
        "_decode",
        "_head",
        "_model",
        "_pair_s",
        "_prefill_base_s",
        "_prefill_context_s",
        "_prefill_norm",
        "_prefill_tile_s",
        "_prefill_tiles",
        "_prefill_token_s",
        "_share",
        "frontend_s",
        "max_seqs",
        "max_tokens",
        "peak_bytes_per_s",
        "peak_flops",
    )

    def __init__(
        self,
        model: Model,
        device: Device,
        engine: EngineConstants,
        *,
        weights_dtype: str,
        kv_dtype: str,
        tensor: int,
        max_tokens: int,
        max_seqs: int,
    ):
        self._model = model
        self._share = DeviceShare.of(model, weights_dtype, kv_dtype, tensor)
        self._curves = Curves.of(device, weights_dtype, kv_dtype, tensor)
        self.max_tokens, self.max_seqs = max_tokens, max_seqs
        self.frontend_s = engine.frontend_s.value
        self.peak_flops = tensor * _peak(device, weights_dtype)
        self.peak_bytes_per_s = tensor * device.memory.bandwidth_bytes_per_s
        self._body = self._compile_body(max(max_tokens, max_seqs)).tolist()
        self._head = self._compile_head(max_seqs, engine).tolist()
        self._decode = self._compile_decode(max_seqs)
        self._compile_prefill(engine)

    # -- the hot path ------------------------------------------------------------------------------------------------

    def step_s(self, shape: BatchShape) -> float:
        """Time of one step [s]."""
        decodes, context = shape.decode_seqs, shape.decode_context_tokens
        for piece in self._decode[decodes]:
            if context <= piece[0]:
                break
        _, base_s, token_s = piece
        prefill = shape.prefill_tokens
        if not prefill:
            return self._body[decodes] + self._head[shape.sampled_seqs] + base_s + context * token_s
        # operators.attention_prefill_s over the batch's sums, spelt out in numbers compiled beforehand
        tiles = prefill * self._prefill_tile_s
        if tiles < shape.prefill_chunks:
            tiles = shape.prefill_chunks
        pairs = shape.prefill_work + shape.prefill_chunks * self._chunk_pairs
        compute = pairs * self._pair_s * (1.0 + self._prefill_tiles / tiles)
        memory = prefill * self._prefill_token_s + shape.prefill_context_tokens * self._prefill_context_s
        longer, shorter = (compute, memory) if compute > memory else (memory, compute)
        norm = self._prefill_norm
        attention_s = longer * (1.0 + (shorter / longer) ** norm) ** (1.0 / norm)
        return (
            self._body[decodes + prefill]
            + self._head[shape.sampled_seqs]
            + base_s
            + context * token_s
            + (self._prefill_base_s + attention_s)
        )

    def decode_piece(self, shape: BatchShape) -> tuple[float, float, int]:
        """Decode steps from this shape on while nobody joins or leaves; see `TimingModel`.

        The shape must have no prefill. The line ends where decode attention changes from one of its lines to the
        next.
        """
        decodes, context = shape.decode_seqs, shape.decode_context_tokens
        for piece in self._decode[decodes]:
            if context <= piece[0]:
                break
        upto, base_s, token_s = piece
        first_s = self._body[decodes] + self._head[shape.sampled_seqs] + base_s + context * token_s
        steps = int((upto - context) // decodes) + 1 if upto < FOREVER else FOREVER
        return first_s, token_s * decodes, steps

    # -- work --------------------------------------------------------------------------------------------------------

    def work(self, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """FLOPs and bytes of memory traffic of segments, all devices of the replica together; see `TimingModel`.

        Weights are read once a step; keys and values are written once and read by decodes and by later chunks.
        Activations are left out: they are small beside the rest, and a bound must not exceed what is moved.
        """
        share, model = self._share, self._model
        steps = np.asarray(columns["steps"], dtype=float)
        decodes = np.asarray(columns["decode_seqs"], dtype=float)
        prefill = np.asarray(columns["prefill_tokens"], dtype=float)
        read = steps * np.asarray(columns["decode_context_tokens"], dtype=float)
        read = read + decodes * steps * (steps - 1.0) / 2.0
        tokens = steps * (decodes + prefill)
        sampled = steps * np.asarray(columns["sampled_seqs"], dtype=float)
        pairs = read + steps * np.asarray(columns["prefill_work"], dtype=float)
        attention = operators.attention_flops(pairs, model.heads, model.head_dim) * model.layers
        flops = 2.0 * tokens * share.layer_weights * share.tensor * model.layers + attention
        flops = flops + 2.0 * sampled * share.head_weights * share.tensor
        kv_tokens = read + tokens + steps * np.asarray(columns["prefill_context_tokens"], dtype=float)
        weights = share.layer_weights * model.layers * share.weight_bytes + share.head_weights * share.head_bytes
        moved = share.tensor * (steps * weights + kv_tokens * share.kv_bytes_per_token)
        return flops, moved

    # -- what the numbers rest on --------------------------------------------------------------------------------------

    def confidence(self) -> list[dict[str, Any]]:
        """What each curve rests on; see `Curves.confidence`."""
        return self._curves.confidence()

    def outside_fit(self, columns: dict[str, np.ndarray]) -> list[dict[str, Any]]:
        """Curves that segments take outside the range of their fit; see `Curves.outside`.

        Args:
            columns: as in `work`.
        """
        model, share = self._model, self._share
        decodes, prefill = np.asarray(columns["decode_seqs"]), np.asarray(columns["prefill_tokens"])
        last = np.asarray(columns["decode_context_tokens"]) + decodes * (np.asarray(columns["steps"]) - 1)
        active, filling = decodes > 0, prefill > 0
        tokens = (decodes + prefill)[active | filling]
        sampled = np.asarray(columns["sampled_seqs"])
        chunk = (prefill / np.maximum(np.asarray(columns["prefill_chunks"]), 1))[filling]
        return self._curves.outside(
            [
                *self._fixed_arguments(),
                ("gemm", "m", tokens),
                ("head", "m", sampled[sampled > 0]),
                ("prefill", "tokens", chunk),
                ("prefill", "chunks", np.asarray(columns["prefill_chunks"])[filling]),
                ("prefill", "context_tokens", np.asarray(columns["prefill_context_tokens"])[filling]),
                ("decode", "seqs", decodes[active]),
                ("decode", "context_tokens", last[active] / decodes[active]),
                ("decode", "kv_bytes", last[active] * (share.kv_bytes_per_token / model.layers)),
                ("all_reduce", "bytes", tokens * operators.RESULT_BYTES * model.hidden),
            ]
        )

    def _fixed_arguments(self) -> list[tuple[str, str, np.ndarray]]:
        """Arguments of the curves that are the same in every step: the products' sizes and the heads."""
        share = self._share
        outputs, inputs = zip(*share.products, strict=True)
        return [
            ("gemm", "n", np.array(outputs)),
            ("gemm", "k", np.array(inputs)),
            ("head", "n", np.array([share.head[0]])),
            ("head", "k", np.array([share.head[1]])),
            ("prefill", "heads", np.array([share.heads])),
        ]

    # -- compilation -------------------------------------------------------------------------------------------------

    def _compile_body(self, most: int) -> np.ndarray:
        """Linear layers, element-wise kernels and all-reduces of n tokens, for n = 0 … `most` [s]."""
        share, tokens = self._share, np.arange(1, most + 1, dtype=float)
        curves = self._curves
        layer = operators.elementwise_s(tokens * share.elementwise_bytes_per_token, curves.elementwise)
        for outputs, inputs in share.products:
            layer = layer + operators.gemm_s(tokens, outputs, inputs, share.weight_bytes, curves.gemm)
        if curves.all_reduce is not None:
            payload = tokens * operators.RESULT_BYTES * self._model.hidden
            layer = layer + 2.0 * all_reduce_s(payload, share.tensor, curves.all_reduce)
        return np.concatenate(([0.0], layer * self._model.layers))

    def _compile_head(self, most: int, engine: EngineConstants) -> np.ndarray:
        """LM head of s sampled sequences and the engine's host time, for s = 0 … `most` [s]."""
        share, seqs = self._share, np.arange(1, most + 1, dtype=float)
        outputs, inputs = share.head
        head = operators.gemm_s(seqs, outputs, inputs, share.head_bytes, self._curves.head)
        host = engine.step_host_s.value
        return np.concatenate(([host], head + host + seqs * engine.step_host_per_seq_s.value))

    def _compile_decode(self, most: int) -> list[tuple[Piece, ...]]:
        """Decode attention of all layers by sequences: the upper envelope of the curve's lines in the context."""
        curve, layers, share = self._curves.decode, self._model.layers, self._share
        token_bytes = share.kv_bytes_per_token * float(
            operators.head_factor(self._model.head_dim, 0.0, curve.wide_head)
        )
        queries = share.heads * self._model.head_dim
        table: list[tuple[Piece, ...]] = [((float("inf"), 0.0, 0.0),)]
        for seqs in range(1, most + 1):
            rows = seqs * share.kv_heads
            bases = [
                layers * (line.launch_s + rows * line.row_s + seqs * queries * line.query_s) for line in curve.lines
            ]
            slopes = [
                token_bytes / line.bytes_per_s
                + (share.kv_bytes_per_token / (rows * line.row_bytes_per_s) if line.row_bytes_per_s else 0.0)
                for line in curve.lines
            ]
            table.append(upper_envelope(list(zip(bases, slopes, strict=True))))
        return table

    def _compile_prefill(self, engine: EngineConstants) -> None:
        curve, model, share = self._curves.prefill, self._model, self._share
        per_token = operators.attention_prefill_bytes(
            1.0, 0.0, share.heads, share.kv_heads, model.head_dim, share.kv_element_bytes, curve.kv_passes
        )
        self._pair_s = model.layers * operators.attention_flops(1.0, share.heads, model.head_dim) / curve.flops_per_s
        self._pair_s *= float(operators.head_factor(model.head_dim, curve.narrow_head, curve.wide_head))
        self._chunk_pairs = curve.chunk_pairs
        self._prefill_tile_s = 1.0 / operators.TILE
        self._prefill_tiles = curve.wave_tiles / share.heads
        self._prefill_token_s = model.layers * per_token / curve.bytes_per_s
        self._prefill_context_s = share.kv_bytes_per_token * curve.kv_passes / curve.bytes_per_s
        self._prefill_norm = curve.norm
        self._prefill_base_s = model.layers * (curve.launch_s + engine.prefill_extra_per_layer_s.value)


def _peak(device: Device, weights_dtype: str) -> float:
    peak = getattr(device.peak_flops, weights_dtype, None)
    if peak is None:
        raise InputError(f"{device.name} states no peak for {weights_dtype}", "", "precision.weights", weights_dtype)
    return peak


def upper_envelope(lines: list[tuple[float, float]]) -> tuple[Piece, ...]:
    """The pieces of max over lines `base + slope · x` for x ≥ 0, in the order of x."""
    at = 0.0
    current = max(lines)
    pieces = []
    while True:
        steeper = [
            (max((current[0] - base) / (slope - current[1]), at), -slope, base)
            for base, slope in lines
            if slope > current[1]
        ]
        if not steeper:
            pieces.append((float("inf"), *current))
            return tuple(pieces)
        upto, minus_slope, base = min(steeper)
        if upto > at:
            pieces.append((upto, *current))
        at, current = upto, (base, -minus_slope)
