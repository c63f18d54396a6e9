"""Model profiles: the shape of a network, which decides its FLOPs, bytes and KV cache."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from infersim.spec.base import Count, Integer, Spec
from infersim.spec.hardware import IsoDate, Text


class Model(Spec):
    """A dense decoder-only transformer with grouped-query attention and a gated feed-forward layer."""

    model_config = ConfigDict(serialize_by_alias=True)
    schema_: Literal["infersim/model/1"] = Field(alias="schema")
    name: Text
    full_name: Text
    aliases: tuple[str, ...] = ()
    layers: Count
    hidden: Count
    """Width of the residual stream."""
    heads: Count
    """Query heads."""
    kv_heads: Count
    head_dim: Count
    intermediate: Count
    """Width of the feed-forward layer."""
    vocab: Count
    tie_embeddings: bool
    """The LM head is the embedding matrix."""
    max_position: Count
    """Longest sequence that the model was made for [tokens]."""
    dtype: Literal["bf16", "fp16", "fp32"] = "bf16"
    """The checkpoint's own type."""
    params: Annotated[Integer, Field(ge=1, le=10**14)]
    """Parameters of the published checkpoint."""
    source: Text
    date: IsoDate

    @model_validator(mode="after")
    def _heads_group(self):
        if self.heads % self.kv_heads:
            raise ValueError(f"heads {self.heads} is not a multiple of kv_heads {self.kv_heads}")
        return self
