"""Device profiles: memory, peaks, power, link, and the operator curves fitted to measurements.

Numbers carry their unit in the name and their origin beside them. What a curve's numbers mean is defined by its
`form` (`infersim.timing.operators`, `infersim.timing.collectives`).
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from infersim.spec.base import Count, Integer, Number, Spec

Confidence = Literal["measured", "derived", "spec-sheet"]
"""How far a number can be trusted: fitted to measurements, derived from others, or taken from a data sheet."""

Text = Annotated[str, Field(min_length=1)]
Positive = Annotated[Number, Field(gt=0)]
NonNegative = Annotated[Number, Field(ge=0)]


def _iso_date(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.date) else str(value) if isinstance(value, int) else value


IsoDate = Annotated[str, BeforeValidator(_iso_date), Field(pattern=r"^\d{4}(-\d{2}){0,2}$")]
"""A date as `2026`, `2026-11` or `2026-11-25`."""


class Fit(Spec):
    """What a curve was fitted to, and how far off it is on points that the fit did not see."""

    points: Annotated[Integer, Field(ge=1)]
    """Measured points, those kept out included."""
    kept_out: Annotated[Number, Field(ge=0, lt=1)]
    """Share of the points that was kept out of the fit; the errors are theirs."""
    median_error: NonNegative
    """Median of |model ÷ measured − 1|."""
    mean_error: NonNegative
    """Mean of |model ÷ measured − 1|."""
    range: dict[str, tuple[NonNegative, NonNegative]]
    """Smallest and largest value of each argument among the points."""
    date: IsoDate
    source: Text
    method: Text


class _Curve(Spec):
    confidence: Confidence
    fit: Fit | None = None
    source: str | None = None
    """Where the numbers come from if they were not fitted."""
    date: IsoDate | None = None


class Cache(Spec):
    """What repeated calls on the same operands read from the last-level cache.

    It matters when a curve is held against such measurements, and nowhere else: serving reads from memory.
    """

    bytes: Positive
    """Size of the reused operand at which half of the reads come from the cache [B]."""
    sharpness: Positive
    """Exponent of the transition: the share from the cache is 1 / (1 + (size/bytes)^sharpness)."""
    gain: Annotated[Number, Field(ge=1)]
    """Rate of the cache over that of memory."""


class Quantise(Spec):
    """Quantising a product's activations at run time, before the product; per row ‖row_s, inputs · element_s‖."""

    row_s: NonNegative
    """Per row (token) [s]."""
    element_s: NonNegative
    """Per element of the activations [s]."""
    norm: Annotated[Number, Field(ge=1)]


class Floor(Spec):
    """Time below which a kernel does not get whatever its size, joined with its own time by a p-norm."""

    seconds: Positive
    norm: Annotated[Number, Field(ge=1)]


class Crowding(Spec):
    """Loss of compute rate in products with many rows: compute · (1 + share · m / (m + rows))."""

    share: NonNegative
    rows: Positive


class Unpack(Spec):
    """Quantised weights written out in 16 bits before products of many rows: outputs · inputs · element_s."""

    rows: NonNegative
    """Rows up to which the product's own kernel unpacks them."""
    element_s: NonNegative
    """Per weight [s]."""


class GemmCurve(_Curve):
    """Time of a matrix product; `operators.gemm_s`. The optional parts are zero where they are absent."""

    form: Literal["gemm/1"]
    launch_s: NonNegative
    flops_per_s: Positive
    bytes_per_s: Positive
    wave_tiles: NonNegative
    """Output tiles of `tile_rows` × 128 at which half of the compute rate is reached."""
    k_half: NonNegative
    """Inner dimension at which half of the compute rate is reached."""
    bytes_extra: NonNegative
    """Traffic that every product pays beside its own operands [B]."""
    norm: Annotated[Number, Field(ge=1)]
    """Exponent that joins compute and memory: 1 adds them, a large one takes the longer."""
    tile_rows: Positive = 128.0
    """Rows of an output tile."""
    quantise: Quantise | None = None
    unpack: Unpack | None = None
    crowding: Crowding | None = None
    floor: Floor | None = None
    cache: Cache | None = None
    """Of the weights, in tables of repeated calls."""


class PrefillAttentionCurve(_Curve):
    """Time of causal attention over new tokens; `operators.attention_prefill_s`."""

    form: Literal["attention_prefill/1"]
    launch_s: NonNegative
    flops_per_s: Positive
    bytes_per_s: Positive
    wave_tiles: NonNegative
    """Tiles (query heads × 128 tokens) at which half of the compute rate is reached."""
    norm: Annotated[Number, Field(ge=1)]
    chunk_pairs: NonNegative = 0.0
    """Query–key pairs that every chunk pays beside its own."""
    kv_passes: Annotated[Number, Field(ge=1)] = 1.0
    """Times that keys and values are read."""
    narrow_head: NonNegative = 0.0
    """Compute time grows by this for each 128/head_dim − 1."""
    wide_head: NonNegative = 0.0
    """Compute time grows by this for each head_dim/128 − 1."""
    pair_s: NonNegative = 0.0
    """Per query-key pair and head, whatever the head's width: scores that go through memory [s]."""


class DecodeLine(Spec):
    """One line of decode attention, in the bytes of KV cache read."""

    launch_s: NonNegative
    row_s: NonNegative
    """Per sequence and KV head of the device [s]."""
    bytes_per_s: Positive
    query_s: NonNegative = 0.0
    """Per element of the queries, sequences × heads × head_dim of the device [s]."""
    row_bytes_per_s: Positive | None = None
    """Rate at which one sequence's keys and values of one KV head are read, however many there are; None: at once."""


class DecodeAttentionCurve(_Curve):
    """Time of attention of one new token per sequence; `operators.attention_decode_s`: the highest of its lines."""

    form: Literal["attention_decode/1"]
    lines: Annotated[tuple[DecodeLine, ...], Field(min_length=1, max_length=4)]
    wide_head: NonNegative = 0.0
    """The time to read grows by this for each head_dim/128 − 1 above 128."""
    cache: Cache | None = None
    """Of the keys and values, in tables of repeated calls."""


class ExpertParallel(Spec):
    """What a device does of a layer whose experts d devices share; the slowest of them, as all wait for it."""

    rows_power: Annotated[Number, Field(ge=0, le=1)]
    """A device computes d^−rows_power of the tokens' rows; 1 is an even share."""
    active_power: NonNegative
    """A device has d^active_power as many experts with tokens as an even share, at most all of its own."""
    remote_share: Annotated[Number, Field(ge=0, le=1)]
    """Share of the hidden traffic that it pays for rows computed elsewhere, too."""


class MoeCurve(_Curve):
    """Time of a layer's routed experts on one device, routing included; `operators.moe_s`."""

    form: Literal["moe/1"]
    launch_s: NonNegative
    flops_per_s: Positive
    bytes_per_s: Positive
    expert_s: NonNegative
    """Per expert that has tokens [s]."""
    spread: Positive
    """How evenly tokens fall on experts: large is as by fair dice, small means that few take most."""
    pad_rows: NonNegative
    """Rows that an expert with tokens computes beside theirs."""
    inter_half: NonNegative
    """Intermediate size at which half of the compute rate is reached."""
    hidden_half: NonNegative
    """Hidden size at which half of the compute rate is reached."""
    hidden_bytes: NonNegative
    """Traffic for each token, expert and hidden element [B]."""
    inter_bytes: NonNegative
    """Traffic for each token, expert and intermediate element [B]."""
    norm: Annotated[Number, Field(ge=1)]
    parallel: ExpertParallel | None = None
    """None: an even share."""


class LatentAttentionCurve(_Curve):
    """Time of decode attention over compressed keys and values (MLA); `transformer` has its two lines."""

    form: Literal["attention_latent/1"]
    launch_s: NonNegative
    flops_per_s: Positive
    bytes_per_s: Positive


class ElementwiseCurve(_Curve):
    """Time of norms, activations, rotary embedding and cache writes; `operators.elementwise_s`."""

    form: Literal["elementwise/1"]
    launch_s: NonNegative
    bytes_per_s: Positive


class CollectiveLine(Spec):
    """One algorithm of a collective: latency and rate."""

    latency_s: NonNegative
    bytes_per_s: Positive


class Participants(Spec):
    """A collective among a number of devices: below a size the engine's own kernel, above it the library's."""

    small: Annotated[tuple[CollectiveLine, ...], Field(max_length=3)] = ()
    """Of these lines the lowest counts, as the kernel picks its algorithm; none where only the library is used."""
    small_limit_bytes: NonNegative = 0.0
    """Largest message of `small` [B]."""
    large: Annotated[tuple[CollectiveLine, ...], Field(min_length=1, max_length=3)]

    @model_validator(mode="after")
    def _limited(self):
        if bool(self.small) != (self.small_limit_bytes > 0):
            raise ValueError("small lines need small_limit_bytes, and it needs them")
        return self


class AllReduceCurve(_Curve):
    """Time of an all-reduce; `collectives.all_reduce_s`."""

    form: Literal["all_reduce/1"]
    devices: dict[Annotated[int, Field(ge=2, le=1024)], Participants]


class CollectiveCurve(_Curve):
    """Time of an all-gather, a reduce-scatter or an all-to-all; `collectives.collective_s`."""

    form: Literal["collective/1"]
    devices: dict[Annotated[int, Field(ge=2, le=1024)], Participants]


Curve = Annotated[
    GemmCurve
    | PrefillAttentionCurve
    | DecodeAttentionCurve
    | LatentAttentionCurve
    | MoeCurve
    | ElementwiseCurve
    | AllReduceCurve
    | CollectiveCurve,
    Field(discriminator="form"),
]


class Memory(Spec):
    """A device's main memory."""

    bytes: Positive
    """All of it, as the driver reports it."""
    bandwidth_bytes_per_s: Positive
    cache_bytes: Positive | None = None
    """Last-level cache in front of it."""
    source: Text
    date: IsoDate
    confidence: Confidence


class PeakFlops(Spec):
    """Dense peak rates [FLOP/s; OP/s for integers]."""

    fp32: Positive | None = None
    tf32: Positive | None = None
    bf16: Positive | None = None
    fp16: Positive | None = None
    fp8: Positive | None = None
    fp4: Positive | None = None
    int8: Positive | None = None
    int4: Positive | None = None
    source: Text
    date: IsoDate
    confidence: Confidence


class DynamicPower(_Curve):
    """What a device draws above idle while a step runs; `infersim.cost.energy`."""

    active: NonNegative
    """Whatever the step does [W]."""
    joules_per_flop: Annotated[dict[str, NonNegative], Field(min_length=1)]
    """By the type of the products' operands [J]; other types in the proportion of their peaks."""
    joules_per_byte: NonNegative
    """Of memory traffic [J]."""


class Power(Spec):
    """Electrical power of one device [W]."""

    limit: Positive
    idle: NonNegative | None = None
    """Model loaded, no step running."""
    dynamic: DynamicPower | None = None
    source: Text
    date: IsoDate
    confidence: Confidence


class Link(Spec):
    """Connection between the devices of one node."""

    kind: Text
    bytes_per_s: Positive
    """Per device and direction."""
    source: Text
    date: IsoDate
    confidence: Confidence


class Device(Spec):
    """An accelerator."""

    model_config = ConfigDict(serialize_by_alias=True)
    schema_: Literal["infersim/device/1"] = Field(alias="schema")
    name: Text
    full_name: Text
    aliases: tuple[str, ...] = ()
    maker: Text
    kind: Literal["gpu", "tpu", "edge", "cpu"]
    year: Annotated[Integer, Field(ge=1990, le=2100)]
    memory: Memory
    peak_flops: PeakFlops
    power_w: Power | None = None
    link: Link | None = None
    node_devices: Count | None = None
    """Devices that one link joins."""
    relative: str | None = None
    """Nearest device with measured curves; where this one has none, its are scaled by the ratios of the data sheets."""
    multiprocessors: Count | None = None
    """Streaming multiprocessors, compute units or cores that share the work."""
    operators: dict[str, Curve] = Field(default_factory=dict)
    """Curves by operator and type: `gemm.bf16`, `attention_decode.fp8` (KV cache in fp8), `moe.int4` (4-bit weights),
    `all_reduce.bf16`, `all_gather.bf16` …"""
    engine_operators: dict[str, dict[str, Curve]] = Field(default_factory=dict)
    """The same by engine, of kernels that are its own and were measured as such: they go before `operators`."""
