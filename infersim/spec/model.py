"""Model profiles: the shape of a network, which decides its FLOPs, bytes and KV cache.

A network is two lists of blocks: what mixes tokens (`attention`) and what follows it (`feed_forward`). Blocks of one
shape stand together with their number of layers, in whatever order the network has them: a step's time is a sum.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from infersim.spec.base import Count, Flag, Integer, Spec, SpecError
from infersim.spec.hardware import IsoDate, Text

Dtype = Literal[
    "fp32", "tf32", "bf16", "fp16", "fp8", "fp8_block", "int8", "int4", "mxfp4", "nvfp4",
    "q4_0", "q4_k_m", "q4_k_s", "q5_k_m", "q6_k", "q8_0",
]  # fmt: skip
"""Numeric types of weights; `infersim.timing.dtypes` has their bytes."""
Width = Annotated[Integer, Field(ge=0, le=10**8)]


class GroupedAttention(Spec):
    """Softmax attention whose query heads share KV heads: MHA, GQA and MQA."""

    kind: Literal["gqa"] = "gqa"
    layers: Count
    heads: Count
    """Query heads."""
    kv_heads: Count
    head_dim: Count
    value_dim: Count | None = None
    """Width of a value head where it is not head_dim."""
    window: Count | None = None
    """Tokens that a sliding or chunked window reaches back; all of them where absent."""
    output_gate: Flag = False
    """The query product is twice as wide, half of it gating the result."""
    own_kv: Flag = True
    """False where the layers read the cache of earlier ones and keep none."""

    @model_validator(mode="after")
    def _heads_group(self):
        if self.heads % self.kv_heads:
            raise SpecError(f"is no multiple of kv_heads {self.kv_heads}", at="heads")
        return self


class LatentAttention(Spec):
    """Multi-head latent attention (DeepSeek, Kimi): one compressed key and value a token, shared by all heads."""

    kind: Literal["mla"] = "mla"
    layers: Count
    heads: Count
    kv_lora_rank: Count
    q_lora_rank: Count | None = None
    """Rank of the query's own compression; none where absent."""
    qk_rope_head_dim: Count
    qk_nope_head_dim: Count
    v_head_dim: Count
    index_topk: Count | None = None
    """Tokens that sparse attention picks for each query."""
    index_heads: Count | None = None
    index_head_dim: Count | None = None

    @model_validator(mode="after")
    def _indexed(self):
        if len({self.index_topk is None, self.index_heads is None, self.index_head_dim is None}) > 1:
            raise SpecError("index_topk, index_heads and index_head_dim go together", at="index_topk")
        return self


class LinearAttention(Spec):
    """Attention with a state of fixed size and no KV cache: Gated DeltaNet, Kimi Delta Attention, Mamba-2.

    Mamba-2 in these words: keys are B and C by group, values are the inner channels by head.
    """

    kind: Literal["linear"] = "linear"
    layers: Count
    key_heads: Count
    key_dim: Count
    value_heads: Count
    value_dim: Count
    conv: Width = 4
    """Taps of the causal convolution in front."""
    state_dtype: Literal["fp32", "bf16"] = "fp32"


class DenseFeedForward(Spec):
    """The ordinary feed-forward layer."""

    kind: Literal["dense"] = "dense"
    layers: Count
    intermediate: Count
    gated: Flag = True
    """Three matrices (SwiGLU and its like); two where false."""


class MoeFeedForward(Spec):
    """A mixture of experts, with shared experts beside it."""

    kind: Literal["moe"] = "moe"
    layers: Count
    experts: Count
    experts_per_token: Count
    intermediate: Count
    """Width of one routed expert."""
    shared_intermediate: Width = 0
    """Width of all shared experts together."""
    latent: Count | None = None
    """Width of the projection that routed experts work on, where it is not the hidden one."""
    gated: Flag = True

    @model_validator(mode="after")
    def _chosen(self):
        if self.experts_per_token > self.experts:
            raise SpecError(f"is above experts {self.experts}", at="experts_per_token")
        return self


Attention = Annotated[GroupedAttention | LatentAttention | LinearAttention, Field(discriminator="kind")]
FeedForward = Annotated[DenseFeedForward | MoeFeedForward, Field(discriminator="kind")]


class Model(Spec):
    """A decoder-only language model."""

    model_config = ConfigDict(serialize_by_alias=True)
    schema_: Literal["infersim/model/1"] = Field(alias="schema")
    name: Text
    full_name: Text
    aliases: tuple[str, ...] = ()
    layers: Count
    hidden: Count
    """Width of the residual stream."""
    attention: tuple[Attention, ...] = ()
    feed_forward: tuple[FeedForward, ...] = ()
    vocab: Count
    tie_embeddings: bool
    """The LM head is the embedding matrix."""
    lookup_params: Annotated[Integer, Field(ge=0, le=10**13)] = 0
    """Parameters that are only looked up, beside the token embedding: per-layer embeddings, learned positions."""
    max_position: Count
    """Longest sequence that the model was made for [tokens]."""
    dtype: Dtype = "bf16"
    """The checkpoint's own type."""
    moe_dtype: Dtype | None = None
    """The checkpoint's type of routed experts where it differs."""
    params: Annotated[Integer, Field(ge=1, le=10**14)]
    """Parameters of the published checkpoint, or counted from the shapes; `source` says which."""
    source: Text
    date: IsoDate
    note: str | None = None
    """What the shape leaves out, or how it was read."""

    @model_validator(mode="after")
    def _blocks(self):
        if not self.attention and not self.feed_forward:
            raise SpecError("has no blocks", at="attention", hint="give attention and feed_forward")
        for name in ("attention", "feed_forward"):
            layers = sum(block.layers for block in getattr(self, name))
            if layers > self.layers:
                raise SpecError(f"has {layers} layers, the model {self.layers}", at=name)
        return self
