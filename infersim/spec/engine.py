"""Engine profiles: what a serving engine adds to the kernels, in time and in memory."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from infersim.spec.base import Count, Flag, Number, Spec, SpecError
from infersim.spec.hardware import Confidence, IsoDate, NonNegative, Positive, Text

Share = Annotated[Number, Field(gt=0, le=1)]


class Constant(Spec):
    """One number with its origin."""

    value: NonNegative
    source: Text
    date: IsoDate
    method: Text
    confidence: Confidence


class UnfusedAttention(Spec):
    """Attention whose scores go through memory, where an engine's fused kernels are switched off."""

    pair_bytes: NonNegative
    """Traffic for a query-key pair and head: written by the first product, read and written by softmax, read by the
    second [B]."""
    bytes: Share
    """KV cache read by decodes, of the memory bandwidth."""


class KernelShares(Spec):
    """Shares of a device's peaks that kernels reach which were not measured one by one."""

    flops: Share
    """Matrix products of many tokens, of the peak of the type that they are computed in."""
    bytes: Share
    """Weights, of the memory bandwidth."""
    attention_flops: Share
    """Attention over new tokens, of the 16-bit peak."""
    attention_bytes: Share
    """KV cache read by decodes, of the memory bandwidth."""
    launch_s: NonNegative
    """Every kernel [s]."""
    bytes_by_dtype: dict[str, Share] = Field(default_factory=dict)
    """Shares of `bytes` for weights of certain types."""
    flops_by_dtype: dict[str, Share] = Field(default_factory=dict)
    """Shares of `flops` for weights of certain types."""
    sums_in_16_bits: Flag = False
    """Products are summed in 16 bits: on cards that halve the rate of 32-bit sums the peak is half of int8's."""
    matrix_units: Share = 1.0
    """Share of `flops` on devices whose 16-bit peak is that of matrix units, above twice their fp32 peak."""
    flops_per_joule: dict[str, Positive] = Field(default_factory=dict)
    """Products that a device's power limit allows, by the newest type that it computes in (`fp4`, `fp8`, `bf16` or
    `fp16`), which tells generations apart; for a matrix-unit peak of four times the fp32 one, and with the root of
    that ratio. Generations that are not named are not held by power [FLOP/J]."""
    unpacked_bytes: NonNegative = 0.0
    """Traffic for a weight of less than 16 bits in products of many tokens, before which it is written out in 16
    bits [B]."""
    vector_flops: dict[str, Share] = Field(default_factory=dict)
    """By type of weights: products of one token, which vector units unpack and multiply, of the fp32 peak at two FLOPs
    a weight. Types that are not named are read as fast as memory gives them."""
    expert_flops: Share = 1.0
    """Share of `flops` that routed experts reach."""
    expert_bytes: Share = 1.0
    """Share of `bytes` that routed experts reach."""
    expert_spread: Positive = 0.6
    """How evenly tokens fall on experts: large is as by fair dice, small means that few take most."""
    expert_pad_rows: NonNegative = 32.0
    """Rows that an expert with tokens computes beside theirs."""
    elementwise_bytes: Share = 0.7
    """Kernels that only move bytes, of the memory bandwidth."""
    unfused: UnfusedAttention | None = None
    """What holds with the engine's `flash_attn` off; None: the same as with it."""
    all_reduce_s: Positive = 10e-6
    """Latency of an all-reduce among devices [s]."""
    linked_in_pairs: Flag = False
    """The devices of a node are linked pair by pair: among some of them no more of the link is of use than leads to
    these."""
    source: Text
    date: IsoDate
    method: Text
    confidence: Confidence


class Quantiles(Spec):
    """Predicted ÷ measured over validated runs: the ratios that 10%, 50% and 90% of the runs are below."""

    n: Count
    """Runs."""
    p10: Positive
    p50: Positive
    p90: Positive

    @model_validator(mode="after")
    def _ordered(self):
        if not self.p10 <= self.p50 <= self.p90:
            raise SpecError("p10 <= p50 <= p90 does not hold", at="p50")
        return self


class Residuals(Spec):
    """How far predictions of a class of runs were off; `python -m infersim.validate.residuals` prints it."""

    curves: Confidence
    """Confidence of the weakest of the curves of products, experts and attention."""
    feed_forward: Literal["dense", "moe"]
    """Whether the models have routed experts."""
    ttft_s: Quantiles | None = None
    """Of mean TTFT."""
    tpot_s: Quantiles | None = None
    """Of mean TPOT."""
    source: Text
    """Tables of measured runs."""
    date: IsoDate
    method: Text

    @model_validator(mode="after")
    def _something(self):
        if self.ttft_s is None and self.tpot_s is None:
            raise SpecError("neither ttft_s nor tpot_s is there", hint="leave the class out")
        return self


class EngineConstants(Spec):
    """What an engine adds to the kernels' time and to the weights' memory."""

    model_config = ConfigDict(serialize_by_alias=True)
    schema_: Literal["infersim/engine/1"] = Field(alias="schema")
    name: Text
    makers: tuple[Text, ...] = ()
    """Makers of the devices that it runs on; any where none is named."""
    step_host_s: Constant
    """Host time of every step [s]."""
    step_host_per_seq_s: Constant
    """Host time per sequence that samples a token in the step [s]."""
    prefill_extra_per_layer_s: Constant
    """Per layer, for a step that has any prefill, which runs without a full CUDA graph: added, or beside the kernels
    where `launches_overlap` [s]."""
    frontend_s: Constant
    """Added to every TTFT: HTTP, tokenising, the way back [s]."""
    runtime_bytes: Constant
    """Device memory beside weights, activations and KV cache: context, collectives, workspaces [B]."""
    activation_hidden_copies: Constant
    """Live arrays of tokens × hidden at the peak of a forward pass."""
    activation_intermediate_copies: Constant
    """Live arrays of tokens × intermediate (per device) at the peak of a forward pass."""
    sampler_bytes_per_logit: Constant
    """Peak memory of sampling per sequence and vocabulary entry [B]."""
    step_host_async_s: Constant | None = None
    """Host time that is left in every step when the next one is scheduled while the device works [s]."""
    frontend_serial_s: Constant | None = None
    """Time for which one request keeps the front end to itself, so that a burst enters one after another [s]."""
    turnaround_s: Constant | None = None
    """From an answer's end in the engine to the next request of a client that waited for it; None: `frontend_s` [s]."""
    prefill_extra_per_moe_layer_s: Constant | None = None
    """On top of `prefill_extra_per_layer_s` in layers of experts, which launch more kernels: routing, sorting, two
    grouped products, sums [s]."""
    first_bundle_tokens: Constant | None = None
    """Further tokens that are sent along with the first one, which waits for them."""
    batch_extra_per_layer_s: Constant | None = None
    """Added per layer to a step in which more than one sequence samples: engines that record a CUDA graph of a single
    token only [s]."""
    launches_overlap: Flag = False
    """The host launches a prompt's kernels ahead of the device, so that the longer of `prefill_extra_per_layer_s` and
    the kernels counts (root of the sum of squares) and not their sum."""
    pads_heads: Flag = False
    """Heads are padded, so that the devices of a replica need not divide them."""
    cores: Count = 1
    """Cores of a device that heads are split over, too: each has query heads and KV heads of its own, padded and
    copied."""
    quantises_head: Flag = False
    """Embedding and LM head are kept in the weights' type, whatever it is."""
    embedding_on_host: Flag = False
    """The table of token embeddings lies in host memory; tied to the LM head, it is there twice."""
    pass_overlap: Constant | None = None
    """How well a pipeline overlaps a prompt's passes: 1 where each enters a stage as soon as the one before has left
    it, 0 (None) where one goes through all stages before the next."""
    latent_prompts: Flag = False
    """Attention of prompts over compressed keys (MLA) works on them as they are, as that of decodes does."""
    kv_read: Literal["live", "buckets", "whole"] = "live"
    """What a decode step reads of the KV cache: what is in it; rows up to the next power of two of the longest; or
    every place to its end, with a token computed for each, empty ones too."""
    kernels: dict[str, KernelShares] = Field(default_factory=dict)
    """The engine's own kernels by device, maker or `any`; where none is named the device's measured curves hold."""
    residuals: tuple[Residuals, ...] = ()
    """Errors of predictions by class of runs, each once; a result's prediction interval rests on them."""

    @model_validator(mode="after")
    def _each_class_once(self):
        classes = [(each.curves, each.feed_forward) for each in self.residuals]
        for number, each in enumerate(classes):
            if each in classes[:number]:
                raise SpecError(f"{each[0]}, {each[1]} stands there twice", at=f"residuals.{number}")
        return self
