"""Engine profiles: what a serving engine adds to the kernels, in time and in memory."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from infersim.spec.base import Count, Flag, Number, Spec, SpecError
from infersim.spec.hardware import Confidence, IsoDate, NonNegative, Positive, Text


class Constant(Spec):
    """One number with its origin."""

    value: NonNegative
    source: Text
    date: IsoDate
    method: Text
    confidence: Confidence


class KernelShares(Spec):
    """Shares of a device's peaks that kernels reach which were not measured one by one."""

    flops: Annotated[Number, Field(gt=0, le=1)]
    """Matrix products of many tokens, of the peak of the type that they are computed in."""
    bytes: Annotated[Number, Field(gt=0, le=1)]
    """Weights, of the memory bandwidth."""
    attention_flops: Annotated[Number, Field(gt=0, le=1)]
    """Attention over new tokens, of the 16-bit peak."""
    attention_bytes: Annotated[Number, Field(gt=0, le=1)]
    """KV cache read by decodes, of the memory bandwidth."""
    launch_s: NonNegative
    """Every kernel [s]."""
    bytes_by_dtype: dict[str, Annotated[Number, Field(gt=0, le=1)]] = Field(default_factory=dict)
    """Shares of `bytes` for weights of certain types."""
    flops_by_dtype: dict[str, Annotated[Number, Field(gt=0, le=1)]] = Field(default_factory=dict)
    """Shares of `flops` for weights of certain types."""
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
    step_host_s: Constant
    """Host time of every step [s]."""
    step_host_per_seq_s: Constant
    """Host time per sequence that samples a token in the step [s]."""
    prefill_extra_per_layer_s: Constant
    """Added per layer to a step that has any prefill, which runs without a full CUDA graph [s]."""
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
    first_bundle_tokens: Constant | None = None
    """Further tokens that are sent along with the first one, which waits for them."""
    pads_heads: Flag = False
    """Heads are padded, so that the devices of a replica need not divide them."""
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
