"""What one device of a replica holds of a model: widths of its products, weights, KV bytes, block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass

from infersim.errors import InputError
from infersim.spec.engine import EngineConstants
from infersim.spec.fleet import Precision
from infersim.spec.model import (
    DenseFeedForward,
    GroupedAttention,
    LatentAttention,
    LinearAttention,
    Model,
    MoeFeedForward,
)
from infersim.timing.dtypes import DTYPE_BYTES, head_bytes
from infersim.timing.operators import RESULT_BYTES

FEW_ALLOWED = 8
INDEX_BYTES = 1.0 + 4.0 / 128
"""Bytes an element of sparse attention's index keys: fp8 with a scale for 128 of them."""
STATE_BYTES = {"fp32": 4.0, "bf16": 2.0}

Product = tuple[int, int]
"""Outputs and inputs of a matrix product."""


@dataclass(frozen=True)
class Layout:
    """How a replica's devices share a model: tensor × pipeline × data, `expert` dividing tensor × data."""

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    expert: int = 1

    @property
    def devices(self) -> int:
        """Devices of the replica."""
        return self.tensor * self.pipeline * self.data

    @property
    def experts_tensor(self) -> int:
        """Devices that one expert is split over."""
        return self.tensor * self.data // self.expert


@dataclass(frozen=True)
class Mixer:
    """One device's share of a layer that mixes tokens, and how many such layers there are.

    Attributes:
        layers: layers of this shape.
        kind: `gqa`, `mla` or `linear`.
        heads: query heads of the device.
        kv_heads: KV heads of the device; copied where devices outnumber them.
        head_dim: width of a query head.
        products: its matrix products.
        pair_width: widths of the two products of a query–key pair, summed (prefill).
        decode_width: the same where a decode works on compressed keys (MLA).
        kv_bytes: keys and values of a token in one layer [B].
        index_bytes: index keys of a token in one layer, read whatever the selection [B].
        reach: tokens that attention reads at most; None reads all.
        own_kv: it keeps a KV cache of its own.
        state_bytes: state of fixed size of a sequence in one layer [B].
        moved: elements that element-wise kernels read and write a token.
    """

    layers: int
    kind: str
    heads: int
    kv_heads: int
    head_dim: int
    products: tuple[Product, ...]
    pair_width: int
    decode_width: int
    kv_bytes: float
    index_bytes: float
    reach: int | None
    own_kv: bool
    state_bytes: float
    moved: float

    @property
    def cached_bytes(self) -> float:
        """What a token takes in the KV pool, in one layer [B]."""
        return (self.kv_bytes if self.own_kv else 0.0) + self.index_bytes


@dataclass(frozen=True)
class Experts:
    """One device's share of a layer's routed experts.

    Attributes:
        count: experts in the model; chosen: of these, per token; local: on the device.
        hidden: width that they work on; wide: the device's share of an expert's width.
        matrices: 3 for gated experts, else 2.
    """

    count: int
    chosen: int
    local: int
    hidden: int
    wide: int
    matrices: int

    @property
    def weights(self) -> int:
        """Elements of the device."""
        return self.local * self.matrices * self.hidden * self.wide


@dataclass(frozen=True)
class Feed:
    """One device's share of a feed-forward layer, and how many such layers there are."""

    layers: int
    products: tuple[Product, ...]
    experts: Experts | None
    moved: float


@dataclass(frozen=True)
class DeviceShare:
    """One device's share of a model: all blocks, LM head and embedding.

    Attributes:
        layout: the replica's.
        mixers, feeds: blocks.
        head: the LM head's product.
        head_weights, embedding_weights: elements of the device.
        weight_bytes, moe_bytes, head_bytes, kv_element_bytes: bytes an element.
    """

    layout: Layout
    mixers: tuple[Mixer, ...]
    feeds: tuple[Feed, ...]
    head: Product
    head_weights: int
    embedding_weights: int
    weight_bytes: float
    moe_bytes: float
    head_bytes: float
    kv_element_bytes: float

    @classmethod
    def of(
        cls,
        model: Model,
        layout: Layout,
        *,
        weights: str,
        moe_weights: str,
        kv_cache: str,
        pads_heads: bool = False,
        cores: int = 1,
        quantises_head: bool = False,
        embedding_on_host: bool = False,
    ) -> DeviceShare:
        """The share of each device of a replica.

        Args:
            model: the network.
            layout: the replica's.
            weights, moe_weights, kv_cache: numeric types.
            pads_heads: the engine pads heads, so that `tensor` need not divide them.
            cores: cores of a device, each of which has heads of its own.
            quantises_head: embedding and LM head are kept in the weights' type.
            embedding_on_host: the table of token embeddings takes no device memory.

        Raises:
            InputError: the model cannot be split so.
        """
        _check(model, layout, pads_heads)
        element = DTYPE_BYTES[kv_cache]
        mixers = tuple(_mixer(block, model.hidden, layout.tensor, element, cores) for block in model.attention)
        feeds = tuple(_feed(block, model.hidden, layout) for block in model.feed_forward)
        vocab = math.ceil(model.vocab / layout.tensor)
        rows = vocab * model.hidden
        looked_up = (0 if model.tie_embeddings else rows) + math.ceil(model.lookup_params / layout.tensor)
        return cls(
            layout=layout,
            mixers=mixers,
            feeds=feeds,
            head=(vocab, model.hidden),
            head_weights=rows,
            embedding_weights=0 if embedding_on_host else looked_up,
            weight_bytes=DTYPE_BYTES[weights],
            moe_bytes=DTYPE_BYTES[moe_weights],
            head_bytes=DTYPE_BYTES[weights] if quantises_head else head_bytes(weights),
            kv_element_bytes=element,
        )

    @property
    def dense_weights(self) -> int:
        """Elements of all layers but routed experts, whatever the pipeline."""
        blocks: tuple[Mixer | Feed, ...] = (*self.mixers, *self.feeds)
        return sum(block.layers * _elements(block.products) for block in blocks)

    @property
    def expert_weights(self) -> int:
        """Elements of all routed experts, whatever the pipeline."""
        return sum(feed.layers * feed.experts.weights for feed in self.feeds if feed.experts)

    @property
    def weights_bytes(self) -> float:
        """Weights of one device, embedding and LM head included [B]."""
        layers = self.dense_weights * self.weight_bytes + self.expert_weights * self.moe_bytes
        ends = (self.head_weights, self.embedding_weights)
        # the first stage of a pipeline holds the embedding, the last one the head
        return layers / self.layout.pipeline + (max(ends) if self.layout.pipeline > 1 else sum(ends)) * self.head_bytes

    @property
    def kv_bytes_per_token(self) -> float:
        """KV cache of a token on one device, all of its layers, before windows end [B]."""
        return sum(mixer.layers * mixer.cached_bytes for mixer in self.mixers) / self.layout.pipeline

    @property
    def state_bytes_per_seq(self) -> float:
        """State of fixed size of a sequence on one device [B]."""
        return sum(mixer.layers * mixer.state_bytes for mixer in self.mixers) / self.layout.pipeline


def share_of(model: Model, layout: Layout, precision: Precision, engine: EngineConstants) -> DeviceShare:
    """The share of each device of a replica as an engine holds it; see `DeviceShare.of`.

    Args:
        model, layout: the network and the replica's devices.
        precision: numeric types; experts have the weights' where none is said.
        engine: what it pads, quantises and leaves on the host.
    """
    weights = precision.weights or "bf16"
    return DeviceShare.of(
        model,
        layout,
        weights=weights,
        moe_weights=precision.moe_weights or weights,
        kv_cache=precision.kv_cache or "bf16",
        pads_heads=engine.pads_heads,
        cores=engine.cores,
        quantises_head=engine.quantises_head,
        embedding_on_host=engine.embedding_on_host,
    )


def _elements(products: tuple[Product, ...]) -> int:
    return sum(outputs * inputs for outputs, inputs in products)


def _mixer(
    block: GroupedAttention | LatentAttention | LinearAttention, hidden: int, tensor: int, element: float, cores: int
) -> Mixer:
    if isinstance(block, GroupedAttention):
        return _grouped(block, hidden, tensor, element, cores)
    if isinstance(block, LatentAttention):
        return _latent(block, hidden, tensor, element)
    return _linear(block, hidden, tensor)


def _grouped(block: GroupedAttention, hidden: int, tensor: int, element: float, cores: int) -> Mixer:
    heads, kv_heads = (cores * math.ceil(count / (tensor * cores)) for count in (block.heads, block.kv_heads))
    key, value = block.head_dim, block.value_dim or block.head_dim
    keys_values = kv_heads * (key + value) if block.own_kv else 0
    queries = heads * (key + (value if block.output_gate else 0))
    # a norm reads and writes the stream and its residual; rotary embedding reads and writes queries and keys; the
    # cache write reads keys and values and writes them in the cache's type
    moved = 4 * hidden + 2 * (heads + kv_heads) * key + keys_values * (1.0 + element / RESULT_BYTES)
    return Mixer(
        layers=block.layers,
        kind="gqa",
        heads=heads,
        kv_heads=kv_heads,
        head_dim=key,
        products=((queries + keys_values, hidden), (hidden, heads * value)),
        pair_width=key + value,
        decode_width=key + value,
        kv_bytes=kv_heads * (key + value) * element,
        index_bytes=0.0,
        reach=block.window,
        own_kv=block.own_kv,
        state_bytes=0.0,
        moved=moved,
    )


def _latent(block: LatentAttention, hidden: int, tensor: int, element: float) -> Mixer:
    heads = math.ceil(block.heads / tensor)
    rope, nope, value, rank = block.qk_rope_head_dim, block.qk_nope_head_dim, block.v_head_dim, block.kv_lora_rank
    query = heads * (nope + rope)
    down = rank + rope + (block.q_lora_rank or query)
    products = [(down, hidden)]
    if block.q_lora_rank:
        products.append((query, block.q_lora_rank))
    # keys and values are unfolded from the latent (prefill), or queries and results folded into it (decode): the
    # same products
    products += [(heads * (nope + value), rank), (hidden, heads * value)]
    index_heads, index_dim = block.index_heads or 0, block.index_head_dim or 0
    if index_heads:
        products.append((index_heads * index_dim, block.q_lora_rank or hidden))
        products.append((index_dim + index_heads, hidden))
    return Mixer(
        layers=block.layers,
        kind="mla",
        heads=heads,
        kv_heads=1,
        head_dim=nope + rope,
        products=tuple(products),
        pair_width=nope + rope + value,
        decode_width=2 * rank + rope,
        kv_bytes=(rank + rope) * element,
        index_bytes=index_dim * INDEX_BYTES,
        reach=block.index_topk,
        own_kv=True,
        state_bytes=0.0,
        moved=4 * hidden + 2 * query + 3 * (rank + rope),
    )


def _linear(block: LinearAttention, hidden: int, tensor: int) -> Mixer:
    keys = math.ceil(block.key_heads / tensor) * block.key_dim
    value_heads = math.ceil(block.value_heads / tensor)
    values = value_heads * block.value_dim
    wide = 2 * keys + values
    state = value_heads * block.key_dim * block.value_dim * STATE_BYTES[block.state_dtype]
    return Mixer(
        layers=block.layers,
        kind="linear",
        heads=value_heads,
        kv_heads=1,
        head_dim=block.key_dim,
        products=((wide + values + 2 * value_heads, hidden), (hidden, values)),
        pair_width=block.key_dim + block.value_dim,
        decode_width=0,
        kv_bytes=0.0,
        index_bytes=0.0,
        reach=0,
        own_kv=False,
        state_bytes=state + 2.0 * block.conv * wide,
        moved=4 * hidden + 4 * wide + 2 * values,
    )


def _feed(block: DenseFeedForward | MoeFeedForward, hidden: int, layout: Layout) -> Feed:
    matrices = 3 if block.gated else 2
    if isinstance(block, DenseFeedForward):
        wide = math.ceil(block.intermediate / layout.tensor)
        return Feed(block.layers, _gated(hidden, wide, block.gated), None, 4 * hidden + matrices * wide)
    inner = block.latent or hidden
    experts = Experts(
        block.experts,
        block.experts_per_token,
        math.ceil(block.experts / layout.expert),
        inner,
        math.ceil(block.intermediate / layout.experts_tensor),
        matrices,
    )
    products: list[Product] = [(block.experts, hidden)]
    if block.latent:
        products += [(block.latent, hidden), (hidden, block.latent)]
    shared = math.ceil(block.shared_intermediate / layout.tensor)
    if shared:
        products += _gated(hidden, shared, block.gated)
    moved = 4 * hidden + matrices * shared
    return Feed(block.layers, tuple(products), experts, moved)


def _gated(hidden: int, wide: int, gated: bool) -> tuple[Product, ...]:
    return ((2 * wide if gated else wide, hidden), (hidden, wide))


def _divides(model: Model, tensor: int) -> bool:
    """Whether so many devices share every head and every dense layer evenly; KV heads may be copied."""
    for block in model.attention:
        if isinstance(block, LinearAttention):
            fits = block.value_heads % tensor == 0
        elif isinstance(block, LatentAttention):
            fits = block.heads % tensor == 0
        else:
            fits = block.heads % tensor == 0 and not (block.kv_heads % tensor and tensor % block.kv_heads)
        if not fits:
            return False
    wide = [block.intermediate for block in model.feed_forward if isinstance(block, DenseFeedForward)]
    return all(width % tensor == 0 for width in wide)


def allowed_tensor(model: Model) -> list[int]:
    """Device counts that a model's heads, dense layers and KV heads can be split over."""
    most = max((getattr(b, "heads", 0) or getattr(b, "value_heads", 0) for b in model.attention), default=1)
    return [n for n in range(1, most + 1) if _divides(model, n)]


def _check(model: Model, layout: Layout, pads_heads: bool) -> None:
    if not pads_heads and not _divides(model, layout.tensor):
        allowed = ", ".join(str(n) for n in allowed_tensor(model)[:FEW_ALLOWED])
        heads = " and ".join(sorted({_heads(block) for block in model.attention}))
        problem = f"{layout.tensor} devices cannot share the {heads} of {model.name}"
        raise InputError(problem, f"allowed: {allowed}", "parallel.tensor", str(layout.tensor))
    if layout.pipeline > model.layers:
        problem = f"{model.name} has {model.layers} layers"
        raise InputError(problem, f"at most {model.layers}", "parallel.pipeline", str(layout.pipeline))
    experts = [block.experts for block in model.feed_forward if isinstance(block, MoeFeedForward)]
    group, expert = layout.tensor * layout.data, layout.expert
    if expert == 1:
        return
    if not experts:
        raise InputError(f"{model.name} has no experts to spread", "allowed: 1", "parallel.expert", str(expert))
    if expert > min(experts):
        problem = f"{model.name} has {min(experts)} experts a layer"
        raise InputError(problem, f"at most {min(experts)}", "parallel.expert", str(expert))
    if group % expert:
        allowed = ", ".join(str(n) for n in range(1, group + 1) if group % n == 0)
        problem = f"does not divide tensor x data = {group}"
        raise InputError(problem, f"allowed: {allowed}", "parallel.expert", str(expert))


def _heads(block: GroupedAttention | LatentAttention | LinearAttention) -> str:
    if isinstance(block, GroupedAttention):
        return f"{block.heads} heads and {block.kv_heads} KV heads"
    return f"{block.heads if isinstance(block, LatentAttention) else block.value_heads} heads"
