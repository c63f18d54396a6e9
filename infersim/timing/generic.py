"""Curves where none was measured: shares of a data sheet's peaks, and curves of a relative scaled to another device.

Scaling keeps what belongs to a kernel (launch, tiles, exponents) and multiplies rates by the ratio of the peaks.
"""

from __future__ import annotations

from typing import Any

from infersim.errors import InputError
from infersim.spec.engine import KernelShares
from infersim.spec.hardware import (
    AllReduceCurve,
    Confidence,
    Curve,
    DecodeAttentionCurve,
    DecodeLine,
    Device,
    ElementwiseCurve,
    GemmCurve,
    LatentAttentionCurve,
    MoeCurve,
    PrefillAttentionCurve,
    Unpack,
)
from infersim.timing.dtypes import DTYPE_BYTES, compute_dtype
from infersim.timing.operators import RESULT_BYTES

GENERIC = KernelShares(
    flops=0.68,
    bytes=0.8,
    attention_flops=0.45,
    attention_bytes=0.8,
    launch_s=4e-6,
    expert_flops=0.62,
    expert_spread=0.93,
    expert_pad_rows=34.0,
    source="medians over the curves of A100, H100, H200, B200, L40S, from github.com/ai-dynamo/aiconfigurator@095f58a",
    date="2026-11-25",
    method="fitted rate divided by the data sheet's, median of five devices; decode attention 0.80, launches 3-5 us; "
    "experts: nine curves (bf16, fp8_block), their rate over that of products",
    confidence="spec-sheet",
)
"""What the kernels of a GPU engine reach of a data sheet that nobody measured."""
READ_NORM = 3.0
"""Exponent that joins two limits: reading weights and unpacking them, units and power."""
USUAL_MATRIX = 4.0
"""Peak of matrix units over that of fp32 on most GPUs."""
UNPACKED_ROWS = 32
"""Tokens of a step up to which a product's own kernel unpacks the weights (MMQ_MAX_BATCH_SIZE of ggml-cuda)."""
MATRIX_UNITS = 2.0
"""A 16-bit peak of more than so many times the fp32 one is that of matrix units."""
LATENT_LAUNCH_S, LATENT_FLOPS_SHARE, LATENT_BYTES_SHARE = 12e-6, 0.6, 0.75
"""MLA, which has no kernel table: numbers by which a study came within 11% of real serving runs."""
LINK_SHARE = 0.75
"""All-reduce over a link that nobody measured: share of its rate (A100, H100, B200: 0.72-0.8)."""
_SIXTEEN = ("bf16", "fp16", "tf32", "fp32")
_PEAKS = {"fp8": ("fp8", *_SIXTEEN), "nvfp4": ("fp4", *_SIXTEEN), "int8": ("int8", *_SIXTEEN), "fp32": ("fp32",)}


def peak_of(device: Device, dtype: str, sums_in_16_bits: bool = False) -> float | None:
    """Peak rate at which a device computes in a type, or in the next that it has [FLOP/s].

    Args:
        device: whose data sheet.
        dtype: numeric type.
        sums_in_16_bits: as `KernelShares.sums_in_16_bits`.
    """
    peaks = device.peak_flops
    rates = (getattr(peaks, name) for name in _PEAKS.get(dtype, (dtype, *_SIXTEEN)) if hasattr(peaks, name))
    peak = next((rate for rate in rates if rate is not None), None)
    if peak is not None and sums_in_16_bits and dtype in _SIXTEEN:
        return max(peak, (peaks.int8 or 0.0) / 2.0)
    return peak


def computes_in(device: Device, dtype: str) -> str:
    """The type that products asked for in `dtype` run in: 16 bits where the device has no such units."""
    wanted = {"nvfp4": "fp4"}.get(dtype, dtype)
    return dtype if getattr(device.peak_flops, wanted, None) or dtype in _SIXTEEN else "bf16"


def in_type(curve: Any, dtype: str, name: str, device: Device) -> Any:
    """A curve measured in one type for products in another of the same width or wider: its rate by the peaks' ratio."""
    measured = name.partition(".")[2]
    if not isinstance(curve, GemmCurve) or dtype == measured or {dtype, measured} == {"fp16", "bf16"}:
        return curve
    ratio = (peak_of(device, dtype) or 0.0) / (peak_of(device, measured) or 1.0)
    source = f"{name}'s curve x the ratio of the peaks; {curve.fit.source if curve.fit else curve.source}"
    changed = {"flops_per_s": curve.flops_per_s * ratio, "confidence": "derived", "fit": None, "source": source}
    return curve.model_copy(update=changed) if ratio != 1.0 else curve


def scaled(curve: Any, name: str, relative: Device, device: Device) -> Any:
    """A relative's curve with its rates multiplied by the ratios of the two devices' peaks, marked `derived`."""
    dtype = compute_dtype(name.partition(".")[2], None)
    bandwidth = device.memory.bandwidth_bytes_per_s / relative.memory.bandwidth_bytes_per_s
    if isinstance(curve, AllReduceCurve):
        return _scaled_collective(curve, relative, device)
    if isinstance(curve, DecodeAttentionCurve):
        lines = tuple(_faster_line(line, bandwidth) for line in curve.lines)
        return _derived(curve, relative, {"lines": lines})
    update = {"bytes_per_s": curve.bytes_per_s * bandwidth}
    if isinstance(curve, GemmCurve):
        update["bytes_extra"] = curve.bytes_extra * bandwidth  # traffic that stands for a time of the kernel's own
    if hasattr(curve, "flops_per_s"):
        attention = isinstance(curve, (PrefillAttentionCurve, LatentAttentionCurve))
        theirs, ours = (peak_of(of, "bf16" if attention else dtype) for of in (relative, device))
        ratio = (ours or 0.0) / (theirs or 1.0)
        update["flops_per_s"] = curve.flops_per_s * ratio
        if hasattr(curve, "wave_tiles"):
            update["wave_tiles"] = curve.wave_tiles * ratio  # a tile's own latency stays
    return _derived(curve, relative, update)


def _faster_line(line: DecodeLine, ratio: float) -> DecodeLine:
    row = line.row_bytes_per_s
    update = {"bytes_per_s": line.bytes_per_s * ratio, "row_bytes_per_s": None if row is None else row * ratio}
    return line.model_copy(update=update)


def _derived(curve: Any, relative: Device, update: dict[str, Any]) -> Any:
    source = (
        f"{relative.name}'s curve x the ratio of the data sheets; {curve.fit.source if curve.fit else curve.source}"
    )
    return curve.model_copy(update={**update, "confidence": "derived", "fit": None, "source": source})


def _scaled_collective(curve: AllReduceCurve, relative: Device, device: Device) -> AllReduceCurve | None:
    if relative.link is None or device.link is None:
        return None
    # over PCIe the way through the host sets the pace, whatever the generation of the slots
    through_host = all("PCIe" in link.kind and "NVLink 4" not in link.kind for link in (device.link, relative.link))
    ratio = 1.0 if through_host else device.link.bytes_per_s / relative.link.bytes_per_s

    def faster(lines: Any) -> Any:
        return tuple(line.model_copy(update={"bytes_per_s": line.bytes_per_s * ratio}) for line in lines)

    devices = {
        count: part.model_copy(update={"small": faster(part.small), "large": faster(part.large)})
        for count, part in curve.devices.items()
    }
    return _derived(curve, relative, {"devices": devices})


def from_shares(
    operator: str, weights: str, dtype: str, device: Device, shares: KernelShares, fused: bool = True
) -> Curve:
    """A curve of shares of a device's peaks.

    Args:
        operator: `gemm`, `moe`, `attention_prefill`, `attention_decode` or `elementwise`.
        weights: type of the weights, where the shares tell types apart.
        dtype: what the products are computed in.
        device: whose peaks.
        shares: of them.
        fused: attention's scores stay in the cores.
    """
    bandwidth = device.memory.bandwidth_bytes_per_s
    about = {"confidence": shares.confidence, "source": f"{shares.source}; {shares.method}", "date": shares.date}
    if operator == "gemm":
        return _products(weights, dtype, device, shares, about)
    if operator == "moe":
        return _experts(_products(weights, dtype, device, shares, about), bandwidth, shares, about)
    unfused = None if fused else shares.unfused
    if operator == "attention_prefill":
        return PrefillAttentionCurve(
            form="attention_prefill/1",
            launch_s=shares.launch_s,
            flops_per_s=shares.attention_flops * _product_peak(device, "bf16", shares),
            bytes_per_s=shares.attention_bytes * bandwidth,
            wave_tiles=0.0,
            norm=2.0,
            pair_s=unfused.pair_bytes / bandwidth if unfused else 0.0,
            **about,
        )
    if operator == "attention_decode":
        share = unfused.bytes if unfused else shares.attention_bytes
        line = {"launch_s": shares.launch_s, "row_s": 0.0, "bytes_per_s": share * bandwidth}
        return DecodeAttentionCurve.model_validate({"form": "attention_decode/1", "lines": [line], **about})
    return ElementwiseCurve(
        form="elementwise/1", launch_s=0.0, bytes_per_s=shares.elementwise_bytes * bandwidth, **about
    )


def _product_peak(device: Device, dtype: str, shares: KernelShares) -> float:
    """Rate that shares of compute are shares of [FLOP/s]."""
    sixteen, fp32 = peak_of(device, "bf16"), device.peak_flops.fp32
    if sixteen is None:
        problem = f"{device.name} computes in integers only: language models need a floating-point type"
        raise InputError(problem, "a device with bf16 or fp16", "device", device.name)
    peak = peak_of(device, dtype, shares.sums_in_16_bits) or sixteen
    return peak * shares.matrix_units if sixteen > MATRIX_UNITS * (fp32 or sixteen) else peak


def _products(weights: str, dtype: str, device: Device, shares: KernelShares, about: dict[str, Any]) -> GemmCurve:
    """Products of shares of the peaks; weights are read at the pace of memory and of the units that unpack them."""
    flops = _sustained(device, _product_peak(device, dtype, shares), shares) * shares.flops_by_dtype.get(weights, 1.0)
    bandwidth = device.memory.bandwidth_bytes_per_s
    unpack = None
    if shares.unpacked_bytes and DTYPE_BYTES[weights] < RESULT_BYTES:
        unpack = Unpack(rows=UNPACKED_ROWS, element_s=shares.unpacked_bytes / bandwidth)
    read = shares.bytes * shares.bytes_by_dtype.get(weights, 1.0) * bandwidth
    vector, fp32 = shares.vector_flops.get(weights), device.peak_flops.fp32
    if vector and fp32:
        unpacked = vector * fp32 / 2.0 * DTYPE_BYTES[weights]
        read = (read**-READ_NORM + unpacked**-READ_NORM) ** (-1.0 / READ_NORM)
    return GemmCurve(
        form="gemm/1",
        launch_s=shares.launch_s,
        flops_per_s=flops,
        bytes_per_s=read,
        wave_tiles=0.0,
        k_half=0.0,
        bytes_extra=0.0,
        norm=3.5,
        unpack=unpack,
        **about,
    )


def _sustained(device: Device, peak: float, shares: KernelShares) -> float:
    """Rate of products of many tokens by what kernels reach of the peak and what the power limit allows [FLOP/s]."""
    rate, peaks = shares.flops * peak, device.peak_flops
    newest = next((name for name in ("fp4", "fp8", "bf16", "fp16") if getattr(peaks, name)), "")
    if newest not in shares.flops_per_joule or device.power_w is None:
        return rate
    matrix = (peak / peaks.fp32 / USUAL_MATRIX) ** 0.5 if peaks.fp32 else 1.0
    allowed = shares.flops_per_joule[newest] * device.power_w.limit * matrix
    return float((rate**-READ_NORM + allowed**-READ_NORM) ** (-1.0 / READ_NORM))


def _experts(products: GemmCurve, bandwidth: float, shares: KernelShares, about: dict[str, Any]) -> MoeCurve:
    """Routed experts: two calls of products, whose inputs and results kernels that only move bytes pass on."""
    read = shares.expert_bytes * products.bytes_per_s
    moved = RESULT_BYTES * read / (shares.elementwise_bytes * bandwidth)
    return MoeCurve(
        form="moe/1",
        launch_s=2.0 * shares.launch_s,
        flops_per_s=shares.expert_flops * products.flops_per_s,
        bytes_per_s=read,
        expert_s=0.0,
        spread=shares.expert_spread,
        pad_rows=shares.expert_pad_rows,
        inter_half=0.0,
        hidden_half=0.0,
        hidden_bytes=2.0 * moved,
        inter_bytes=3.0 * moved,
        norm=3.5,
        **about,
    )


def latent(device: Device) -> LatentAttentionCurve:
    """Decode attention over compressed keys, from the data sheet."""
    return LatentAttentionCurve(
        form="attention_latent/1",
        launch_s=LATENT_LAUNCH_S,
        flops_per_s=LATENT_FLOPS_SHARE * (peak_of(device, "bf16") or 0.0),
        bytes_per_s=LATENT_BYTES_SHARE * device.memory.bandwidth_bytes_per_s,
        source="shares of the data sheet's peaks by which a study came near real runs of DeepSeek and Kimi models",
        date="2026-11-24",
        confidence="derived",
    )


def all_reduce(
    device: Device, devices: int, shares: KernelShares, confidence: Confidence = "spec-sheet"
) -> AllReduceCurve | None:
    """A ring over the device's link; None where the data sheet has no link."""
    if device.link is None:
        return None
    latency_s, rate = shares.all_reduce_s, LINK_SHARE * device.link.bytes_per_s * devices / (2.0 * (devices - 1))
    if shares.linked_in_pairs and device.node_devices:
        rate *= min((devices - 1) / (device.node_devices - 1), 1.0)
    line = {"latency_s": latency_s, "bytes_per_s": rate}
    return AllReduceCurve.model_validate(
        {
            "form": "all_reduce/1",
            "devices": {devices: {"large": [line]}},
            "source": f"ring over {device.link.kind}: {LINK_SHARE:g} of its rate, {1e6 * latency_s:g} us",
            "date": "2026-11-25",
            "confidence": confidence,
        }
    )
