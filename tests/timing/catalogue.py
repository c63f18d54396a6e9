"""Timing of shipped models on shipped devices by their kernels alone: an engine that takes no time of its own."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from dataclasses import dataclass

from infersim.errors import InputError
from infersim.load.profiles import list_profiles, load_profile
from infersim.spec.fleet import Precision
from infersim.timing.layout import DeviceShare, Layout
from infersim.timing.transformer import TransformerTiming
from infersim.validate.roofline import at_peak
from tests.timing.helpers import round_engine

MODELS = (
    "llama-3.1-8b", "llama-3.1-70b", "llama-3.2-1b",  # dense
    "llama-2-7b", "gemma-2b",  # a KV head for each head, one for all
    "mixtral-8x7b", "qwen3-30b-a3b",  # experts
    "deepseek-v2-lite", "deepseek-v3.2",  # compressed keys, the latter with a sparse index
    "gemma-3-1b", "gpt-oss-20b", "deepseek-v4-flash",  # windows: dense, with experts, with compressed keys
    "nemotron-nano-9b-v2", "qwen3.5-35b-a3b", "kimi-k3",  # linear attention: dense, with experts, with compressed keys
)  # fmt: skip
TYPES = (
    ("bf16", "bf16"), ("fp8", "fp8"), ("fp8_block", "bf16"), ("int8", "int8"), ("int4", "bf16"), ("mxfp4", "bf16"),
    ("nvfp4", "fp8"), ("q4_k_m", "fp16"), ("q8_0", "fp16"),
)  # fmt: skip
"""Of weights and of the KV cache."""
ALONE = Layout()
LAYOUTS = (
    ALONE, Layout(tensor=2), Layout(tensor=8), Layout(tensor=2, pipeline=2),
    Layout(tensor=8, expert=8), Layout(data=8, expert=8), Layout(tensor=2, data=4, expert=4),
)  # fmt: skip
FLOATS = ("fp32", "tf32", "bf16", "fp16")
MOST_TOKENS, MOST_SEQS = 2048, 128
_BARE = round_engine(
    step_host_s=0.0, step_host_per_seq_s=0.0, prefill_extra_per_layer_s=0.0, frontend_s=0.0, runtime_bytes=0.0
)
_AT_PEAK = at_peak(_BARE)


@dataclass(frozen=True)
class Case:
    """A model on a device."""

    model: str
    device: str
    weights: str = "bf16"
    kv_cache: str = "bf16"
    layout: Layout = ALONE
    at_peak: bool = False
    """Every kernel reaches the data sheet's peaks from its first byte, as no engine's own kernels can."""


@functools.cache
def devices() -> list[str]:
    """All devices that language models run on: those that compute in floating point."""
    found = {name: load_profile("device", name).peak_flops for name in list_profiles("device")}
    return [name for name, peaks in found.items() if any(getattr(peaks, kind) for kind in FLOATS)]


def cases(device: str) -> Iterator[Case]:
    """Of each model some layouts, and with each one of the types, drawn anew for each device; those that fit."""
    draw = random.Random(device)
    for model in MODELS:
        for layout in draw.sample(LAYOUTS, 3):
            case = Case(model, device, *draw.choice(TYPES), layout)
            if timing(case) is not None:
                yield case


@functools.lru_cache(maxsize=256)
def timing(case: Case) -> TransformerTiming | None:
    """Its step times; None where it does not fit, cannot be split so, or has no link to be split over."""
    model, device = load_profile("model", case.model), load_profile("device", case.device)
    held = share(case.model, case.layout, case.weights, case.kv_cache)
    if held is None or held.weights_bytes > 0.9 * device.memory.bytes:
        return None
    try:
        return TransformerTiming(
            model,
            device,
            _AT_PEAK if case.at_peak else _BARE,
            precision=Precision(weights=case.weights, moe_weights=case.weights, kv_cache=case.kv_cache),
            layout=case.layout,
            max_tokens=MOST_TOKENS,
            max_seqs=MOST_SEQS,
            relative=load_profile("device", device.relative) if device.relative else None,
        )
    except InputError as refusal:
        if "no link" in refusal.problem:
            return None
        raise


@functools.cache
def share(model: str, layout: Layout, weights: str = "bf16", kv_cache: str = "bf16") -> DeviceShare | None:
    """What a device holds; None where the model cannot be split so."""
    types = {"weights": weights, "moe_weights": weights, "kv_cache": kv_cache}
    try:
        return DeviceShare.of(load_profile("model", model), layout, **types)
    except InputError as refusal:
        if refusal.field.startswith("parallel."):
            return None
        raise


@functools.cache
def shares() -> tuple[DeviceShare, ...]:
    """What a device holds of each model on 1, 2 and 8, whether it fits or not: to ask for the time of a kernel."""
    found = (share(model, Layout(tensor=tensor)) for model in MODELS for tensor in (1, 2, 8))
    return tuple(held for held in found if held is not None)
