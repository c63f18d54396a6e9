"""Parameters of a model, counted from its blocks."""

from __future__ import annotations

from collections.abc import Iterable

from infersim.spec.model import (
    Attention,
    DenseFeedForward,
    FeedForward,
    GroupedAttention,
    LatentAttention,
    MoeFeedForward,
)


def count(
    hidden: int,
    vocab: int,
    attention: Iterable[Attention],
    feed_forward: Iterable[FeedForward],
    *,
    tied: bool,
    lookup: int = 0,
) -> int:
    """Matrices, embeddings and the norm in front of each block and of the head; no biases, no norms within a block."""
    blocks = [(block.layers, _attention(block, hidden)) for block in attention]
    blocks += [(block.layers, _feed_forward(block, hidden)) for block in feed_forward]
    embeddings = vocab * hidden * (1 if tied else 2)
    return sum(layers * (each + hidden) for layers, each in blocks) + embeddings + hidden + lookup


def _attention(block: Attention, hidden: int) -> int:
    if isinstance(block, LatentAttention):
        return _latent(block, hidden)
    if isinstance(block, GroupedAttention):
        value_dim = block.value_dim or block.head_dim
        query = block.heads * block.head_dim * (2 if block.output_gate else 1)
        cached = block.kv_heads * (block.head_dim + value_dim) if block.own_kv else 0
        return hidden * (query + cached + block.heads * value_dim)
    keys, values = block.key_heads * block.key_dim, block.value_heads * block.value_dim
    return hidden * (2 * keys + 3 * values + 2 * block.value_heads) + block.conv * (2 * keys + values)


def _latent(block: LatentAttention, hidden: int) -> int:
    rope, nope, value = block.qk_rope_head_dim, block.qk_nope_head_dim, block.v_head_dim
    query = block.heads * (rope + nope)
    rank = block.q_lora_rank
    total = hidden * query if rank is None else rank * (hidden + query)
    total += hidden * (block.kv_lora_rank + rope) + block.kv_lora_rank * block.heads * (nope + value)
    total += block.heads * value * hidden
    if block.index_heads is not None and block.index_head_dim is not None:
        index = block.index_heads * block.index_head_dim
        total += (rank or hidden) * index + hidden * (block.index_head_dim + block.index_heads)
    return total


def _feed_forward(block: FeedForward, hidden: int) -> int:
    matrices = 3 if block.gated else 2
    if isinstance(block, DenseFeedForward):
        return matrices * hidden * block.intermediate
    assert isinstance(block, MoeFeedForward)
    width = block.latent or hidden
    routed = block.experts * matrices * width * block.intermediate
    projections = 2 * hidden * width if block.latent else 0
    return routed + projections + hidden * block.experts + matrices * hidden * block.shared_intermediate
