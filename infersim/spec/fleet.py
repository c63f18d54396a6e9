"""Pools of equal replicas: model, device, precision, layout, engine, purchase; and the router in front."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from infersim.spec.base import Count, Flag, Integer, Number, Spec, SpecError
from infersim.spec.model import Dtype

KvDtype = Literal["fp32", "bf16", "fp16", "fp8", "int8"]


class Precision(Spec):
    """Numeric types; what is not said is the checkpoint's own."""

    weights: Dtype | None = None
    moe_weights: Dtype | None = None
    """Routed experts; the checkpoint's own, or that of `weights` where one is given."""
    activations: Dtype | None = None
    """What products are computed in; the weights' type, 16 bits where weights alone are quantised."""
    kv_cache: KvDtype | None = None


class Parallel(Spec):
    """Layout of one replica: its devices are tensor × pipeline × data."""

    tensor: Annotated[Integer, Field(ge=1, le=1024)] = 1
    pipeline: Annotated[Integer, Field(ge=1, le=1024)] = 1
    expert: Annotated[Integer, Field(ge=1, le=1024)] = 1
    data: Annotated[Integer, Field(ge=1, le=1024)] = 1


class VllmEngine(Spec):
    """vLLM's V1 engine, under its own option names.

    Defaults are one set for all devices: those of vLLM's configuration classes for long, with prefix caching off. A
    server picks some by itself: 1,024 sequences and 8,192 tokens on devices of 70 GiB or more that are no A100, 256 and
    2,048 on others (`EngineArgs.get_batch_defaults`); releases of 2026 take 0.92 of the memory. State what you run.
    """

    kind: Literal["vllm"] = "vllm"
    max_num_seqs: Count = 256
    """Most requests running at a time."""
    max_num_batched_tokens: Count = 8192
    """Most tokens in one step."""
    enable_chunked_prefill: Literal[True] = True
    """Prompts are split to fill the token budget; always on in the V1 engine for decoder models."""
    enable_prefix_caching: Literal[False] = False
    """Not modelled yet."""
    block_size: Annotated[Integer, Field(ge=1, le=4096)] = 16
    """Tokens a KV block."""
    gpu_memory_utilization: Annotated[Number, Field(gt=0, le=1)] = 0.9
    """Share of device memory that the engine may use."""
    num_gpu_blocks_override: Annotated[Integer, Field(ge=2, le=10**9)] | None = None
    """KV blocks, the null block included, in place of the number that the memory gives."""
    max_model_len: Count | None = None
    """Longest prompt + output; by default the model's own, or what the KV memory holds if that is less."""
    watermark: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    """Share of KV blocks that an admission must leave free."""
    scheduler_reserve_full_isl: Flag = True
    """Admit a request only if all its present tokens fit, not just its first chunk."""

    @model_validator(mode="after")
    def _budget_holds_decodes(self):
        if self.max_num_batched_tokens < self.max_num_seqs:
            raise SpecError(
                f"is below max_num_seqs {self.max_num_seqs}: a step must hold a token of every running request",
                at="max_num_batched_tokens",
                hint=f"vLLM refuses this; set max_num_seqs to at most {self.max_num_batched_tokens}, or this higher",
            )
        return self


class Purchase(Spec):
    """How the devices are paid for."""

    kind: Literal["on_demand"] = "on_demand"
    price_usd_per_h: Annotated[Number, Field(ge=0, le=1e6)] | None = None
    """Price of one device for an hour."""
    source: str | None = None
    """Where the price comes from, and its date."""


class Pool(Spec):
    """Equal replicas of one model on one kind of device."""

    model: Annotated[str, Field(min_length=1)]
    """Model profile (`infersim models list`), or the path of a hub's `config.json`, or of its folder."""
    device: Annotated[str, Field(min_length=1)]
    """Device profile (`infersim devices list`)."""
    replicas: Annotated[Integer, Field(ge=1, le=100_000)] = 1
    precision: Precision = Precision()
    parallel: Parallel = Parallel()
    engine: VllmEngine = VllmEngine()
    purchase: Purchase = Purchase()


class Router(Spec):
    """How requests are spread over replicas."""

    kind: Literal["least_outstanding", "round_robin", "random"] = "least_outstanding"
