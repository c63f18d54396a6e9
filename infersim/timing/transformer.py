"""Step times of a decoder-only language model: kernels per layer, times layers, and what the engine adds.

What depends on whole numbers of tokens is compiled into plain lists when the model is built; decode attention is
piecewise linear in the context, its pieces compiled when a number of sequences is first seen. So a step costs a handful
of look-ups and products.

Attention data parallelism and pipelines are reckoned in even shares: a rank holds 1/data of the sequences, a pipeline
keeps 1/pipeline of them in each of its stages, and a token passes all layers at that share's pace.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from infersim.spec.engine import EngineConstants
from infersim.spec.fleet import Precision
from infersim.spec.hardware import Device
from infersim.spec.model import Model
from infersim.timing import generic, operators
from infersim.timing.collectives import all_reduce_s
from infersim.timing.curves import Curves, Source
from infersim.timing.dtypes import DTYPE_BYTES, GGUF, compute_dtype
from infersim.timing.experts import active_experts, experts_s
from infersim.timing.generic import peak_of
from infersim.timing.layout import DeviceShare, Feed, Layout, Mixer, share_of
from infersim.timing.pieces import FOREVER, Line, Piece, in_buckets, limited, summed, upper_envelope, value_at
from infersim.timing.shape import BatchShape

INFINITE = float("inf")
LEAST_BUCKET = 128
"""Smallest length that an engine reads which reads its KV cache in buckets (transformers-neuronx's) [tokens]."""
PASSES_UNDER_WAY = 4
"""Passes of a prompt that a pipeline works on at a time (GGML_SCHED_MAX_COPIES of ggml's scheduler)."""
TILE_PAIRS = operators.TILE**2 / 2.0
LINEAR_CHUNK = 64
"""Tokens that chunk-wise kernels of linear attention take together (flash-linear-attention's default)."""


@dataclass(frozen=True)
class Prefill:
    """Prefill attention of one kind of layer, all such layers: numbers by which the batch's sums are multiplied."""

    base_s: float
    pair_s: float
    tile_factor: float
    chunk_pairs: float
    token_s: float
    prompt_s: float
    context_s: float
    norm: float
    reach: float


class TransformerTiming:
    """Step times of one replica.

    Args:
        model, device, engine: profiles.
        relative: device whose curves are scaled where `device` has none.
        precision: numeric types, all of them said.
        layout: the replica's devices.
        max_tokens: most tokens of a step (`max_num_batched_tokens`).
        max_seqs: most sequences of a step (`max_num_seqs`).
        async_scheduling: the next step is scheduled while the device works.
        lanes: micro-batches that a pipeline keeps under way, `max_tokens` being that of all.
        fused_attention: attention's scores stay in the cores, where the engine's own kernels tell the two apart.
        place_tokens: tokens that one of `max_seqs` places holds, where the engine reads places and not what they hold.

    Attributes:
        frontend_s: delay of every token by front end and network [s].
        frontend_serial_s: time for which one request keeps the front end to itself [s].
        peak_flops: dense peak of all devices together in the type that products are computed in [FLOP/s].
        peak_bytes_per_s: memory bandwidth of all devices together [B/s].

    Raises:
        InputError: the model cannot be split so, or the devices have no link.
    """

    __slots__ = (
        "_batch_extra_s",
        "_body",
        "_curves",
        "_decode",
        "_experts",
        "_head",
        "_host_s",
        "_lane_tokens",
        "_lanes",
        "_latent_prompts",
        "_launches_overlap",
        "_model",
        "_operand_bytes",
        "_overlapping",
        "_place_tokens",
        "_prefill",
        "_prefill_extra_s",
        "_ranks",
        "_reads_buckets",
        "_reads_whole",
        "_share",
        "_tile_s",
        "frontend_s",
        "frontend_serial_s",
        "max_seqs",
        "max_tokens",
        "peak_bytes_per_s",
        "peak_flops",
        "precision",
    )

    def __init__(
        self,
        model: Model,
        device: Device,
        engine: EngineConstants,
        *,
        precision: Precision,
        layout: Layout,
        max_tokens: int,
        max_seqs: int,
        relative: Device | None = None,
        async_scheduling: bool = False,
        lanes: int = 1,
        fused_attention: bool = True,
        place_tokens: int = 0,
    ):
        weights, kv = precision.weights or "bf16", precision.kv_cache or "bf16"
        moe = precision.moe_weights or weights
        self._model, self.precision = model, precision
        self._share = share_of(model, layout, precision, engine)
        activations = compute_dtype(weights, precision.activations)
        self._operand_bytes = DTYPE_BYTES[generic.computes_in(device, activations)]
        source = Source.of(device, relative, engine, fused_attention)
        self._curves = Curves.of(
            source,
            weights=weights,
            moe_weights=moe,
            activations=activations,
            moe_activations=compute_dtype(moe, precision.activations),
            head=weights if weights in GGUF or engine.quantises_head else "bf16",
            kv_cache=kv,
            tensor=layout.tensor,
            group=layout.tensor * layout.data,
            uses=self._uses,
        )
        self.max_tokens, self.max_seqs = max_tokens, max_seqs
        self.frontend_s = engine.frontend_s.value
        self.frontend_serial_s = engine.frontend_serial_s.value if engine.frontend_serial_s else 0.0
        in_16_bits = source.shares is not None and source.shares.sums_in_16_bits
        self.peak_flops = layout.devices * (peak_of(device, activations, in_16_bits) or 0.0)
        self.peak_bytes_per_s = layout.devices * device.memory.bandwidth_bytes_per_s
        self._ranks, self._lanes, self._lane_tokens = layout.data, lanes, -(-max_tokens // lanes)
        overlap = engine.pass_overlap.value if engine.pass_overlap else 0.0
        # behind a pass of its own prompt a pass waits for a stage or two of it, not for all
        self._overlapping = 1.0 + overlap * (min(layout.pipeline, PASSES_UNDER_WAY) - 1)
        self._place_tokens, self._latent_prompts = place_tokens, engine.latent_prompts
        self._reads_buckets, self._reads_whole = engine.kv_read == "buckets", engine.kv_read == "whole"
        host = engine.step_host_async_s if async_scheduling and engine.step_host_async_s else engine.step_host_s
        most = max(max_tokens, max_seqs)
        tokens = np.arange(1, most + 1, dtype=float)
        mix, feed = self._mix_s(tokens), self._feed_s(tokens)
        spread = layout.data * lanes > 1
        self._body = np.concatenate(([0.0], mix if spread else mix + feed)).tolist()
        self._experts: list[float] | None = np.concatenate(([0.0], feed)).tolist() if spread else None
        self._host_s = (host.value, engine.step_host_per_seq_s.value)
        extra = engine.batch_extra_per_layer_s
        self._batch_extra_s = model.layers * extra.value if extra else 0.0
        self._head = self._compile_head(max_seqs, *self._host_s)
        self._decode: list[tuple[Piece, ...] | None] = [None] * (max_seqs + 1)
        self._decode[0] = ((FOREVER, 0.0, 0.0),)
        self._prefill = tuple(self._compile_prefill(mixer) for mixer in self._share.mixers)
        self._prefill_extra_s = _prefill_launches_s(model, engine)
        self._launches_overlap = engine.launches_overlap
        self._tile_s = 1.0 / operators.TILE

    # -- the hot path ------------------------------------------------------------------------------------------------

    def step_s(self, shape: BatchShape) -> float:
        """Time of one step [s]."""
        if self._reads_whole:
            shape = self.computed(shape)
        decodes, context = shape.decode_seqs, shape.decode_context_tokens
        for piece in self._decode[decodes] or self._pieces(decodes):
            if context <= piece[0]:
                break
        _, base_s, token_s = piece
        prefill = shape.prefill_tokens
        if self._experts is None:
            body_s = self._body[decodes + prefill]
        else:
            body_s = self._spread_s(decodes, prefill, shape.prefill_chunks)
        if not prefill:
            return body_s + self._head[shape.sampled_seqs] + base_s + context * token_s
        attention_s = base_s + context * token_s
        step_s = body_s + self._head[shape.sampled_seqs] + attention_s + self._prefill_s(shape, self._prefill)
        step_s += self._launches_s(step_s, shape.sampled_seqs)
        return step_s / self._overlapping if shape.prefill_context_tokens else step_s

    def _prefill_s(self, shape: BatchShape, parts: tuple[Prefill, ...]) -> float:
        """Attention over new tokens in some kinds of layers.

        It is `operators.attention_prefill_s` of the batch's sums, in compiled numbers.
        """
        prefill: float = shape.prefill_tokens
        chunks: float = shape.prefill_chunks
        context: float = shape.prefill_context_tokens
        work = shape.prefill_work
        if self._experts is not None:
            # prompts are spread evenly over ranks and micro-batches, each launches its own kernels
            share = 1.0 / self._prefill_shares(shape.prefill_tokens, shape.prefill_chunks)
            prefill, work, chunks, context = prefill * share, work * share, chunks * share, context * share
        tiles = prefill * self._tile_s
        if tiles < chunks:
            tiles = chunks
        total = 0.0
        for part in parts:
            pairs = prefill * part.reach
            pairs = (work if work < pairs else pairs) + chunks * part.chunk_pairs
            pairs *= 1.0 + part.tile_factor / tiles
            if tiles > chunks:
                least = (TILE_PAIRS + part.chunk_pairs) * (chunks + part.tile_factor)
                if pairs < least:
                    pairs = least
            compute = pairs * part.pair_s
            reached = chunks * part.reach
            earlier = context if context < reached else reached
            memory = prefill * part.token_s + chunks * part.prompt_s + earlier * part.context_s
            longer, shorter = (compute, memory) if compute > memory else (memory, compute)
            norm = part.norm
            total += part.base_s + longer * (1.0 + (shorter / longer) ** norm) ** (1.0 / norm)
        return total

    def _launches_s(self, step_s: float, sampled: int) -> float:
        """What launches outside CUDA graphs add to a step of `step_s` that has any prefill [s]."""
        extra_s = self._prefill_extra_s
        if not self._launches_overlap:
            return extra_s
        host_s, per_seq_s = self._host_s
        kernels_s = step_s - host_s - sampled / self._ranks * per_seq_s
        return math.hypot(kernels_s, extra_s) - kernels_s

    def _spread_s(self, decodes: int, prefill: int, chunks: int) -> float:
        """Linear layers of a rank's or a stage's share."""
        assert self._experts is not None
        decoding, feeding = self._spread_tokens(decodes, prefill, chunks)
        return self._body[decoding] + self._experts[feeding]

    def _spread_tokens(self, decodes: int, prefill: int, chunks: int) -> tuple[int, int]:
        """Tokens of a rank, and of all ranks' experts: sequences are spread evenly, one prompt is not."""
        decoding = -(-decodes // (self._ranks * self._lanes))
        feeding = -(-decodes // self._lanes)
        if prefill:
            shares = self._prefill_shares(prefill, chunks)
            decoding += -(-prefill // shares)
            feeding += -(-prefill * min(self._ranks, chunks) // shares)
        return decoding, feeding

    def _prefill_shares(self, prefill: int, chunks: int) -> int:
        """Parts that a step's prompts fall into: ranks by whole prompts, micro-batches where one cannot hold them."""
        micro = min(self._lanes, -(-prefill // self._lane_tokens))
        return min(self._ranks, chunks) * micro

    def decode_piece(self, shape: BatchShape) -> tuple[float, float, int]:
        """Decode steps from this shape on while nobody joins or leaves; see `TimingModel`.

        The shape must have no prefill. The line ends where decode attention changes from one of its lines to the
        next.
        """
        if self._reads_whole:
            shape = self.computed(shape)
        decodes, context = shape.decode_seqs, shape.decode_context_tokens
        for piece in self._decode[decodes] or self._pieces(decodes):
            if context <= piece[0]:
                break
        upto, base_s, token_s = piece
        body_s = self._body[decodes] if self._experts is None else self._spread_s(decodes, 0, 0)
        first_s = body_s + self._head[shape.sampled_seqs] + base_s + context * token_s
        steps = int((upto - context) // decodes) + 1 if upto < FOREVER else FOREVER
        return first_s, token_s * decodes, steps

    def computed(self, shape: BatchShape) -> BatchShape:
        """What an engine computes that is asked for a shape: the tokens and the context that it pads with, too."""
        decodes, context = shape.decode_seqs, shape.decode_context_tokens
        if not decodes or not (self._reads_buckets or self._reads_whole):
            return shape
        padded = copy.copy(shape)
        if self._reads_whole:
            padded.decode_seqs = self.max_seqs
            padded.decode_context_tokens = self.max_seqs * self._place_tokens
            padded.sampled_seqs = self.max_seqs
        else:
            edges = in_buckets(((FOREVER, 0.0, 1.0),), decodes * LEAST_BUCKET, decodes * self._place_tokens)
            padded.decode_context_tokens = int(value_at(edges, context))
        return padded

    # -- work --------------------------------------------------------------------------------------------------------

    def work(self, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """FLOPs and bytes of memory traffic of segments, all devices of the replica together; see `TimingModel`.

        Weights are read once a step by each data-parallel rank (micro-batches of a pipeline read them again, which is
        left out), of experts those that are chosen; keys and values are written once and read by decodes and by later
        chunks. Activations are left out: they are small beside the rest, and a bound must not exceed what is moved.
        """
        share = self._share
        steps, decodes, prefill, chunks, sampled = (
            np.asarray(columns[name], dtype=float)
            for name in ("steps", "decode_seqs", "prefill_tokens", "prefill_chunks", "sampled_seqs")
        )
        growth = decodes * steps * (steps - 1.0) / 2.0
        context = steps * np.asarray(columns["decode_context_tokens"], dtype=float) + growth
        earlier = steps * np.asarray(columns["prefill_context_tokens"], dtype=float)
        pairs = steps * np.asarray(columns["prefill_work"], dtype=float)
        tokens = steps * (decodes + prefill)
        flops = 2.0 * share.layout.tensor * tokens * share.dense_weights
        flops = flops + 2.0 * steps * sampled * share.head_weights * share.layout.tensor
        moved = steps * (share.dense_weights * share.weight_bytes + share.head_weights * share.head_bytes)
        moved = moved * share.layout.tensor * share.layout.data
        for feed in share.feeds:
            if feed.experts is not None:
                experts, layers = feed.experts, feed.layers
                whole = experts.count * experts.matrices * experts.hidden * experts.wide * share.layout.experts_tensor
                flops = flops + 2.0 * tokens * layers * whole * experts.chosen / experts.count
                active = active_experts(np.maximum(decodes + prefill, 1.0), experts, self._curves.experts)
                moved = moved + steps * layers * whole * share.moe_bytes * active / experts.count
        for mixer in share.mixers:
            read = context if mixer.reach is None else np.minimum(context, steps * decodes * mixer.reach)
            seen = pairs if mixer.reach is None else np.minimum(pairs, steps * prefill * mixer.reach)
            work = 2.0 * mixer.heads * (read * mixer.decode_width + seen * mixer.pair_width)
            flops = flops + work * mixer.layers * share.layout.tensor
            before = earlier if mixer.reach is None else np.minimum(earlier, steps * chunks * mixer.reach)
            cached = (read + tokens + before) * mixer.kv_bytes + context * mixer.index_bytes
            states = 2.0 * steps * (decodes + chunks) * mixer.state_bytes
            moved = moved + (cached + states) * mixer.layers * share.layout.tensor
        return flops, moved

    # -- what the numbers rest on --------------------------------------------------------------------------------------

    @property
    def share(self) -> DeviceShare:
        """What one device holds."""
        return self._share

    @property
    def curves(self) -> Curves:
        """The operators' curves."""
        return self._curves

    def confidence(self) -> list[dict[str, Any]]:
        """What each curve rests on; see `Curves.confidence`."""
        return self._curves.confidence()

    def outside_fit(self, columns: dict[str, np.ndarray]) -> list[dict[str, Any]]:
        """Curves that segments take outside the range of their fit; see `Curves.outside`.

        Args:
            columns: as in `work`.
        """
        ranks = self._ranks * self._lanes
        decodes, prefill = np.asarray(columns["decode_seqs"]) / ranks, np.asarray(columns["prefill_tokens"])
        last = np.asarray(columns["decode_context_tokens"]) / ranks + decodes * (np.asarray(columns["steps"]) - 1)
        active, filling = decodes > 0, prefill > 0
        tokens = np.maximum((decodes + prefill)[active | filling], 1.0)
        sampled = np.asarray(columns["sampled_seqs"])
        chunk = (prefill / np.maximum(np.asarray(columns["prefill_chunks"]), 1))[filling]
        read = max((m.kv_bytes for m in self._share.mixers if m.kind == "gqa" and not m.reach), default=0.0)
        payload = tokens * operators.RESULT_BYTES * self._model.hidden
        return self._curves.outside(
            [
                *self._fixed_arguments(),
                ("gemm", "m", tokens),
                ("head", "m", sampled[sampled > 0]),
                ("prefill", "tokens", chunk),
                ("prefill", "chunks", np.asarray(columns["prefill_chunks"])[filling]),
                ("prefill", "context_tokens", np.asarray(columns["prefill_context_tokens"])[filling]),
                ("decode", "seqs", np.maximum(decodes[active], 1.0)),
                ("decode", "context_tokens", last[active] / decodes[active]),
                ("decode", "kv_bytes", last[active] * read if read else np.empty(0)),
                ("reduce_tensor", "bytes", payload),
                ("reduce_experts", "bytes", payload),
            ]
        )

    def _fixed_arguments(self) -> list[tuple[str, str, np.ndarray]]:
        """Arguments of the curves that are the same in every step: the products' sizes and the heads."""
        share = self._share
        blocks: tuple[Mixer | Feed, ...] = (*share.mixers, *share.feeds)
        products = [p for block in blocks for p in block.products if min(p) >= operators.LEAST]
        heads = [mixer.heads for mixer in share.mixers if mixer.kind == "gqa"]
        sizes = np.array(products or [share.head])
        return [
            ("gemm", "n", sizes[:, 0]),
            ("gemm", "k", sizes[:, 1]),
            ("head", "n", np.array([share.head[0]])),
            ("head", "k", np.array([share.head[1]])),
            ("prefill", "heads", np.array(heads)),
        ]

    def _uses(self, role: str) -> bool:
        kinds = {mixer.kind for mixer in self._share.mixers}
        moe = any(feed.experts for feed in self._share.feeds)
        needed = {"decode": "gqa" in kinds, "prefill": bool(kinds & {"gqa", "mla"}), "latent": "mla" in kinds}
        return {**needed, "experts": moe, "reduce_experts": moe}.get(role, True)

    # -- compilation -------------------------------------------------------------------------------------------------

    def _products_s(self, tokens: Any, products: Any) -> Any:
        curve, operands = self._curves.gemm, (self._share.weight_bytes, self._operand_bytes)
        return sum(operators.gemm_s(tokens, n, k, operands[0], curve, operands[1]) for n, k in products)

    def _mix_s(self, tokens: np.ndarray) -> np.ndarray:
        """What a rank computes of its own tokens: all but routed experts and what brings tokens to them [s]."""
        share, curves, total = self._share, self._curves, np.zeros_like(tokens)
        reduce_s = self._reduce_s(tokens, share.layout.tensor, curves.reduce_tensor)
        blocks: tuple[Mixer | Feed, ...] = (*share.mixers, *share.feeds)
        for block in blocks:
            moved = operators.elementwise_s(tokens * operators.RESULT_BYTES * block.moved, curves.elementwise)
            routed = isinstance(block, Feed) and block.experts is not None
            total += block.layers * (self._products_s(tokens, block.products) + moved + (0.0 if routed else reduce_s))
        return total

    def _feed_s(self, tokens: np.ndarray) -> np.ndarray:
        """Routed experts of the tokens of all ranks, and the collectives round them [s].

        Behind experts the results are summed; under attention data parallelism tokens are gathered before them and
        scattered after, which moves as much.
        """
        share, curves, total = self._share, self._curves, np.zeros_like(tokens)
        reduce_s = self._reduce_s(tokens, share.layout.tensor * share.layout.data, curves.reduce_experts)
        for feed in share.feeds:
            if feed.experts is not None:
                layer = experts_s(tokens, feed.experts, share.layout.expert, share.moe_bytes, curves.experts)
                total += feed.layers * (layer + reduce_s)
        return total

    def _reduce_s(self, tokens: Any, devices: int, curve: Any) -> Any:
        if curve is None or devices == 1:
            return 0.0
        return all_reduce_s(tokens * operators.RESULT_BYTES * self._model.hidden, devices, curve)

    def _compile_head(self, most: int, host_s: float, host_per_seq_s: float) -> list[float]:
        """LM head of s sampled sequences and the engine's host time, for s = 0 … `most` [s]."""
        seqs = np.arange(1, most + 1, dtype=float)
        host = host_s + seqs / self._ranks * host_per_seq_s + np.where(seqs > 1, self._batch_extra_s, 0.0)
        return np.concatenate(([host_s], self._head_s(seqs) + host)).tolist()

    def _head_s(self, seqs: Any) -> Any:
        outputs, inputs = self._share.head
        return operators.gemm_s(seqs / self._ranks, outputs, inputs, self._share.head_bytes, self._curves.head)

    def _pieces(self, seqs: int) -> tuple[Piece, ...]:
        """Decode attention of all layers for so many sequences: pieces of a line in their context."""
        pieces = self._live_pieces(seqs)
        if self._reads_buckets:
            pieces = in_buckets(pieces, seqs * LEAST_BUCKET, seqs * self._place_tokens)
        elif self._reads_whole:
            pieces = ((FOREVER, value_at(pieces, seqs * self._place_tokens), 0.0),)
        self._decode[seqs] = pieces
        return pieces

    def _live_pieces(self, seqs: int) -> tuple[Piece, ...]:
        """The same of an engine that reads what is in the cache and no more."""
        spread = min(self._ranks * self._lanes, seqs)
        rank = seqs / spread
        shares = [self._mixer_pieces(mixer, rank) for mixer in self._share.mixers]
        return tuple(
            (upto * spread if upto < FOREVER else FOREVER, base_s, slope_s / spread)
            for upto, base_s, slope_s in summed(shares)
        )

    def _mixer_pieces(self, mixer: Mixer, seqs: float) -> tuple[Piece, ...]:
        layers = mixer.layers
        if mixer.kind == "linear":
            state_s = operators.elementwise_s(2.0 * seqs * mixer.state_bytes, self._curves.elementwise)
            return ((FOREVER, layers * (float(state_s) + self._curves.decode.lines[0].launch_s), 0.0),)
        lines = self._latent_lines(mixer) if mixer.kind == "mla" else self._grouped_lines(mixer, seqs)
        pieces = upper_envelope([(layers * base_s, layers * slope_s) for base_s, slope_s in lines])
        if mixer.reach is not None:
            pieces = limited(pieces, seqs * mixer.reach)
        if mixer.index_bytes:
            index_s = layers * mixer.index_bytes / self._curves.latent.bytes_per_s
            pieces = summed([pieces, ((FOREVER, 0.0, index_s),)])
        return pieces

    def _grouped_lines(self, mixer: Mixer, seqs: float) -> list[Line]:
        curve, rows, queries = self._curves.decode, seqs * mixer.kv_heads, seqs * mixer.heads * mixer.head_dim
        wide = float(operators.head_factor(mixer.head_dim, 0.0, curve.wide_head))
        return [
            (
                line.launch_s + rows * line.row_s + queries * line.query_s,
                mixer.kv_bytes * (wide / line.bytes_per_s + 1.0 / (rows * (line.row_bytes_per_s or INFINITE))),
            )
            for line in curve.lines
        ]

    def _latent_lines(self, mixer: Mixer) -> list[Line]:
        curve = self._curves.latent
        flops = 2.0 * mixer.heads * mixer.decode_width
        return [(curve.launch_s, mixer.kv_bytes / curve.bytes_per_s), (curve.launch_s, flops / curve.flops_per_s)]

    def _compile_prefill(self, mixer: Mixer) -> Prefill:
        curve, layers = self._curves.prefill, mixer.layers
        width = mixer.decode_width if self._latent_prompts and mixer.kind == "mla" else mixer.pair_width
        results = 2.0 * operators.RESULT_BYTES * mixer.heads * mixer.pair_width / 2.0
        pair_s = 2.0 * mixer.heads * width / curve.flops_per_s
        pair_s *= float(operators.head_factor(width / 2.0, curve.narrow_head, curve.wide_head))
        if mixer.kind != "linear":
            pair_s += mixer.heads * curve.pair_s
        kv_s = curve.kv_passes * mixer.kv_bytes / curve.bytes_per_s
        # a prompt's state is read and written once, and again for every so many tokens
        state_s = layers * 2.0 * mixer.state_bytes / curve.bytes_per_s
        return Prefill(
            base_s=layers * curve.launch_s,
            pair_s=layers * pair_s,
            tile_factor=curve.wave_tiles / mixer.heads,
            chunk_pairs=curve.chunk_pairs,
            token_s=layers * (results / curve.bytes_per_s + kv_s) + state_s / LINEAR_CHUNK,
            prompt_s=state_s,
            context_s=layers * kv_s,
            norm=curve.norm,
            reach=float(LINEAR_CHUNK if mixer.kind == "linear" else mixer.reach or FOREVER),
        )


def _prefill_launches_s(model: Model, engine: EngineConstants) -> float:
    """Launches outside CUDA graphs in a step that has any prefill, all layers [s]."""
    of_experts = sum(block.layers for block in model.feed_forward if block.kind == "moe")
    extra = engine.prefill_extra_per_moe_layer_s
    return model.layers * engine.prefill_extra_per_layer_s.value + (of_experts * extra.value if extra else 0.0)
