"""A step's time operator by operator, by the same functions and numbers that `TransformerTiming.step_s` is made of.

What bounds an operator is found by taking it away: of compute, memory traffic and launches the one without which the
operator would take least time. It reads the timing model's compiled parts, which are private to this package.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from infersim.timing import operators
from infersim.timing.experts import active_experts, experts_s
from infersim.timing.layout import Experts, Feed, Mixer, Product
from infersim.timing.shape import BatchShape
from infersim.timing.transformer import INFINITE, Prefill, TransformerTiming

Bound = Literal["compute", "memory", "launch", "link", "host"]
RESOURCES: tuple[Bound, ...] = ("memory", "compute", "launch")
"""What an operator on the device can be bound by; of equals the first is named."""
PADDING = "empty KV places"
_TAKEN_AWAY: dict[str, dict[str, Any]] = {
    "memory": {"bytes_per_s": INFINITE, "row_bytes_per_s": None, "quantise": None, "unpack": None, "pair_s": 0.0},
    "compute": {"flops_per_s": INFINITE},
    "launch": {"launch_s": 0.0, "floor": None, "expert_s": 0.0, "row_s": 0.0, "query_s": 0.0},
}
"""A curve's numbers without a resource; quantising activations is traffic."""


@dataclass(frozen=True)
class Row:
    """What one operator takes of a step, on the device that has most to do.

    Attributes:
        operator: what it is.
        calls: how often the timing model counts it in the step.
        seconds: time of all calls [s].
        flops, bytes: of all calls on this device; of element-wise kernels, products and attention all that they read
            and write, of collectives the vector.
        bound: what limits it.
    """

    operator: str
    calls: int
    seconds: float
    flops: float
    bytes: float
    bound: Bound


def breakdown(timing: TransformerTiming, shape: BatchShape) -> list[Row]:
    """The rows of a step, in the order of a layer; their seconds sum to `timing.step_s(shape)`.

    Args:
        timing: the replica's.
        shape: the step.
    """
    shape = timing.computed(shape)
    rows = _rows(timing, shape)
    without = {resource: _rows(_without(timing, resource), shape) for resource in RESOURCES}
    return [
        replace(row, bound=min(RESOURCES, key=lambda resource: without[resource][name].seconds))
        if row.bound in RESOURCES
        else row
        for name, row in rows.items()
        if row.seconds > 0.0
    ]


def _rows(timing: TransformerTiming, shape: BatchShape) -> dict[str, Row]:
    """Rows by operator, those of all blocks together, and what an engine computes and reads in vain beside them."""
    live, padded = _asked_for(timing, shape), timing.computed(shape)
    if padded is shape:
        return live
    everything = _asked_for(timing, padded).values()
    seconds, flops, moved = (
        sum(getattr(row, name) for row in everything) - sum(getattr(row, name) for row in live.values())
        for name in ("seconds", "flops", "bytes")
    )
    return {**live, PADDING: Row(PADDING, 1, seconds, flops, moved, "memory")}


def _asked_for(timing: TransformerTiming, shape: BatchShape) -> dict[str, Row]:
    found: dict[str, Row] = {}
    # of a pass that runs while the one before is still under way, the time that it adds
    overlapping = timing._overlapping if shape.prefill_context_tokens else 1.0
    rows = [*_linear(timing, shape), *_attention(timing, shape), *_engine(timing, shape)]
    if shape.prefill_tokens:
        added_s = timing._launches_s(sum(row.seconds for row in rows), shape.sampled_seqs)
        rows.append(Row("prefill outside CUDA graphs", timing._model.layers, added_s, 0.0, 0.0, "host"))
    for row in rows:
        before, row = found.get(row.operator), replace(row, seconds=row.seconds / overlapping)
        found[row.operator] = row if before is None else _added(before, row)
    return found


def _added(a: Row, b: Row) -> Row:
    return Row(a.operator, a.calls + b.calls, a.seconds + b.seconds, a.flops + b.flops, a.bytes + b.bytes, a.bound)


def _linear(timing: TransformerTiming, shape: BatchShape) -> Iterator[Row]:
    """Products, experts, element-wise kernels and collectives of all layers."""
    share, curves = timing._share, timing._curves
    mixing = feeding = shape.decode_seqs + shape.prefill_tokens
    if not mixing:
        return
    if timing._experts is not None:
        mixing, feeding = timing._spread_tokens(shape.decode_seqs, shape.prefill_tokens, shape.prefill_chunks)
    reduce_s = float(timing._reduce_s(mixing, share.layout.tensor, curves.reduce_tensor))
    group = share.layout.tensor * share.layout.data
    gather_s = float(timing._reduce_s(feeding, group, curves.reduce_experts))
    stream = operators.RESULT_BYTES * timing._model.hidden
    blocks: tuple[Mixer | Feed, ...] = (*share.mixers, *share.feeds)
    for block in blocks:
        layers = block.layers
        for name, product in zip(_names(block), block.products, strict=True):
            yield _product(timing, name, layers, mixing, product)
        moved = mixing * operators.RESULT_BYTES * block.moved
        seconds = layers * float(operators.elementwise_s(moved, curves.elementwise))
        yield Row("element-wise", layers, seconds, 0.0, layers * moved, "memory")
        if isinstance(block, Feed) and block.experts is not None:
            yield _experts(timing, layers, feeding, block.experts)
            yield Row("all-reduce", layers, layers * gather_s, 0.0, layers * feeding * stream, "link")
        else:
            yield Row("all-reduce", layers, layers * reduce_s, 0.0, layers * mixing * stream, "link")


def _product(timing: TransformerTiming, name: str, layers: int, tokens: int, product: Product) -> Row:
    outputs, inputs = product
    weights, operands = timing._share.weight_bytes, timing._operand_bytes
    seconds = layers * float(timing._products_s(tokens, (product,)))
    flops = operators.gemm_flops(tokens, outputs, inputs)
    moved = operators.gemm_bytes(tokens, outputs, inputs, weights, operands)
    return Row(name, layers, seconds, layers * flops, layers * moved, "memory")


def _experts(timing: TransformerTiming, layers: int, tokens: int, experts: Experts) -> Row:
    share, curve = timing._share, timing._curves.experts
    spread = share.layout.expert
    weights = experts.matrices * experts.hidden * experts.wide
    active = float(active_experts(tokens, experts, curve)) / spread
    return Row(
        "experts",
        layers,
        layers * float(experts_s(tokens, experts, spread, share.moe_bytes, curve)),
        layers * 2.0 * tokens * experts.chosen / spread * weights,
        layers * active * weights * share.moe_bytes,
        "memory",
    )


def _attention(timing: TransformerTiming, shape: BatchShape) -> Iterator[Row]:
    for mixer, part in zip(timing._share.mixers, timing._prefill, strict=True):
        if shape.decode_seqs:
            yield _decode(timing, mixer, shape)
        if shape.prefill_tokens:
            yield _prefill(timing, mixer, part, shape)


def _decode(timing: TransformerTiming, mixer: Mixer, shape: BatchShape) -> Row:
    spread = min(timing._ranks * timing._lanes, max(shape.decode_seqs, 1))
    seqs, context = max(shape.decode_seqs / spread, 1.0), shape.decode_context_tokens / spread
    pieces = timing._mixer_pieces(mixer, seqs)
    _, base_s, slope_s = next(piece for piece in pieces if context <= piece[0])
    read = context if mixer.reach is None else min(context, seqs * mixer.reach)
    flops = 2.0 * mixer.heads * read * mixer.decode_width
    moved = read * mixer.kv_bytes + context * mixer.index_bytes + 2.0 * seqs * mixer.state_bytes
    return Row(
        f"decode attention{_kind(mixer)}",
        mixer.layers,
        base_s + slope_s * context,
        mixer.layers * flops,
        mixer.layers * moved,
        "memory",
    )


def _prefill(timing: TransformerTiming, mixer: Mixer, part: Prefill, shape: BatchShape) -> Row:
    shares = timing._prefill_shares(shape.prefill_tokens, shape.prefill_chunks) if timing._experts is not None else 1
    tokens = shape.prefill_tokens
    seen = min(shape.prefill_work, tokens * part.reach)
    results = operators.RESULT_BYTES * mixer.heads * mixer.pair_width
    moved = tokens * results + (tokens + shape.prefill_context_tokens) * mixer.kv_bytes
    return Row(
        f"prefill attention{_kind(mixer)}",
        mixer.layers,
        timing._prefill_s(shape, (part,)),
        mixer.layers * 2.0 * mixer.heads * seen * mixer.pair_width / shares,
        mixer.layers * moved / shares,
        "memory",
    )


def _engine(timing: TransformerTiming, shape: BatchShape) -> Iterator[Row]:
    """LM head and what the engine adds."""
    seqs, (host_s, host_per_seq_s) = shape.sampled_seqs / timing._ranks, timing._host_s
    if shape.sampled_seqs:
        outputs, inputs = timing._share.head
        moved = operators.gemm_bytes(seqs, outputs, inputs, timing._share.head_bytes)
        flops = operators.gemm_flops(seqs, outputs, inputs)
        yield Row("LM head", 1, float(timing._head_s(shape.sampled_seqs)), flops, moved, "memory")
        yield Row("host, per sequence", 1, seqs * host_per_seq_s, 0.0, 0.0, "host")
    if shape.sampled_seqs > 1:
        layers = timing._model.layers
        yield Row("batch outside CUDA graphs", layers, timing._batch_extra_s, 0.0, 0.0, "host")
    yield Row("host, per step", 1, host_s, 0.0, 0.0, "host")


def _names(block: Mixer | Feed) -> list[str]:
    """What a block's products are, in their order in `DeviceShare`."""
    count = len(block.products)
    if isinstance(block, Feed):
        if block.experts is None:
            return ["gate/up product", "down product"]
        inner = ["latent product"] * 2 if block.experts.hidden != block.products[0][1] else []
        return ["router", *inner, *["shared expert product"] * (count - 1 - len(inner))]
    if block.kind != "mla":
        return ["QKV product", "output product"]
    hidden = block.products[0][1]
    return ["output product" if outputs == hidden else "latent QKV products" for outputs, _ in block.products]


def _kind(mixer: Mixer) -> str:
    if mixer.kind == "linear":
        return ", linear"
    if mixer.kind == "mla":
        return ", latent" if mixer.reach is None else f", latent, top {mixer.reach:,}"
    return "" if mixer.reach is None else f", window {mixer.reach:,}"


def _without(timing: TransformerTiming, resource: str) -> TransformerTiming:
    """The timing model on a device that has endlessly much of a resource."""
    freed = copy.copy(timing)
    curves = timing._curves
    changed = {
        name: _freed(getattr(curves, name), resource)
        for name in ("gemm", "head", "prefill", "decode", "latent", "elementwise", "experts")
    }
    freed._curves = replace(curves, **changed)
    freed._decode = [None] * len(timing._decode)
    freed._prefill = tuple(freed._compile_prefill(mixer) for mixer in timing._share.mixers)
    return freed


def _freed(curve: Any, resource: str) -> Any:
    fields = type(curve).model_fields
    changes = {name: value for name, value in _TAKEN_AWAY[resource].items() if name in fields}
    if "lines" in fields:
        changes["lines"] = tuple(_freed(line, resource) for line in curve.lines)
    return curve.model_copy(update=changes)
