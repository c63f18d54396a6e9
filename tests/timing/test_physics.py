"""What no hardware can do, over the whole catalogue, by kernel times alone: no engine's time hides a fault."""

from dataclasses import replace

import numpy as np
import pytest

from infersim.load.profiles import list_profiles, load_profile
from infersim.timing import operators
from infersim.timing.dtypes import DTYPE_BYTES
from infersim.timing.experts import active_experts, experts_s
from infersim.timing.layout import Layout
from infersim.timing.shape import BatchShape
from tests.timing.catalogue import ALONE, FLOATS, Case, cases, devices, shares, timing

ROUNDING = 1.0 - 1e-12
"""Sums in another order differ in their last digits."""
CACHE_BYTES = 128e6
"""Of the largest last-level cache of a device whose profile does not state it."""


@pytest.fixture(scope="module", params=devices())
def device(request):
    return request.param


def decodes(seqs, context_each):
    return BatchShape(seqs, seqs * context_each, sampled_seqs=seqs)


def prompts(chunks, tokens, earlier=0, decodes=0, context_each=0):
    """So many prompts of so many new tokens each, beside decodes."""
    work = chunks * tokens * (tokens / 2 + earlier)
    return BatchShape(
        decodes, decodes * context_each, chunks, chunks * tokens, chunks * earlier, work, chunks + decodes
    )


SHAPES = (
    decodes(1, 1), decodes(1, 30_000), decodes(16, 1000), decodes(128, 4000),
    prompts(1, 1), prompts(1, 100), prompts(1, 2048), prompts(4, 500), prompts(8, 250, earlier=4000),
    prompts(1, 1000, decodes=32, context_each=1000), prompts(2, 300, earlier=3000, decodes=8, context_each=1000),
)  # fmt: skip
EDGES = (1, 2, 3, 15, 16, 17, 63, 64, 65, 127, 128, 129)
"""Sizes about the tiles of kernels."""
LONG = (*EDGES, 511, 512, 513, 2047, 2048, 2049, 8191, 8192, 8193, 50_000)
"""Contexts about the windows of models."""


def columns(shapes):
    fields = {name: np.array([getattr(shape, name) for shape in shapes]) for name in BatchShape.__slots__}
    return {**fields, "steps": np.ones(len(shapes))}


def test_no_step_is_faster_than_its_bytes_and_flops_at_the_data_sheets_peaks(device):
    for case in (each for stated in cases(device) for each in (stated, replace(stated, at_peak=True))):
        model = timing(case)
        if model is None:  # no link of its own: a relative's collectives, which are no peaks
            continue
        flops, moved = model.work(columns(SHAPES))
        least_s = np.maximum(flops / model.peak_flops, moved / model.peak_bytes_per_s)
        step_s = np.array([model.step_s(shape) for shape in SHAPES])
        assert (step_s >= least_s * ROUNDING).all(), (case, step_s / least_s)


def test_a_step_is_never_shorter_for_more_tokens_more_context_or_a_larger_batch(device):
    for case in cases(device):
        rising = {
            "sequences": [decodes(seqs, 500) for seqs in range(1, 129)],
            "context": [decodes(8, each) for each in LONG],
            "prompts": [prompts(chunks, 100) for chunks in range(1, 20)],
            **{f"tokens of {chunks} prompts": [prompts(chunks, each) for each in EDGES] for chunks in (1, 8, 9)},
            "earlier context": [prompts(2, 100, each) for each in (0, *LONG)],
            "decodes beside a prompt": [prompts(1, 500, decodes=seqs, context_each=500) for seqs in (0, *EDGES[:9])],
        }
        for what, shapes in rising.items():
            step_s = np.array([timing(case).step_s(shape) for shape in shapes])
            assert (step_s[1:] >= step_s[:-1] * ROUNDING).all(), (case, what)


def test_tensor_parallelism_is_never_faster_than_linear(device):
    for case in cases(device):
        tensor = case.layout.tensor
        if case.layout != Layout(tensor=tensor) or tensor == 1:
            continue
        alone = timing(replace(case, layout=ALONE))
        if alone is None:  # it takes several devices to hold the model
            continue
        for shape in SHAPES:
            assert timing(case).step_s(shape) >= ROUNDING * alone.step_s(shape) / tensor, (case, shape)


NARROWER = ("fp8", "fp8_block", "int8", "int4", "mxfp4", "nvfp4", "q8_0", "q4_k_m")
OTHER_EXPERTS = {"mxfp4": {"b200-sxm-180gb"}}
"""Experts by another kernel than the 16-bit ones, measured at 0.60 of the bandwidth there and 0.96: where an expert is
small, a quarter of the bytes does not make up for it. It holds for devices whose curves are scaled from these."""
WIDE_FP8_HEADS = {"h100-sxm-80gb", "h200-sxm-141gb"}
"""Where FlashAttention 3 was measured to read fp8 keys and values of heads wider than 128 slower than 16-bit ones: by
6% (H100) and 34% (H200) in the median of heads of 256. It holds for devices whose curves are scaled from these."""
LOADS = np.array([1, 4, 8, 16])
"""Tokens of a decode step that the weights' bytes dominate."""


def beyond_cache(device, nbytes):
    return nbytes > (load_profile("device", device).memory.cache_bytes or CACHE_BYTES)


def product_s(case, tokens, outputs, inputs):
    curves, weight_bytes = timing(case).curves, DTYPE_BYTES[case.weights]
    operands = 2.0 if curves.roles["gemm"] == "gemm.bf16" else weight_bytes
    return operators.gemm_s(tokens, outputs, inputs, weight_bytes, curves.gemm, operands)


def test_a_product_by_weights_of_fewer_bytes_is_never_slower_where_reading_them_takes_its_time(device):
    sizes = {size for held in shares() for block in (*held.mixers, *held.feeds) for size in block.products}
    outputs, inputs = np.array(sorted(size for size in sizes if min(size) >= operators.LEAST)).T[:, :, None]
    wide = Case("llama-3.2-1b", device)
    for weights in NARROWER:
        narrow = replace(wide, weights=weights)
        name = timing(narrow).curves.roles["gemm"]
        read = beyond_cache(device, outputs * inputs * DTYPE_BYTES[weights])[:, 0]
        ratio = product_s(narrow, LOADS, outputs, inputs) / product_s(wide, LOADS, outputs, inputs)
        assert (ratio <= 1.0)[read].all(), (name, ratio[read].max())


def test_experts_of_fewer_bytes_are_never_slower_where_reading_them_takes_their_time(device):
    wide = timing(Case("llama-3.2-1b", device)).curves.experts
    for weights in NARROWER:
        narrow = timing(Case("llama-3.2-1b", device, weights)).curves.experts
        if {device, load_profile("device", device).relative} & OTHER_EXPERTS.get(weights, set()):
            continue
        for experts in {feed.experts for held in shares() for feed in held.feeds if feed.experts}:
            one = experts.matrices * experts.hidden * experts.wide * DTYPE_BYTES[weights]
            read = beyond_cache(device, active_experts(LOADS, experts, narrow) * one)
            narrow_s = experts_s(LOADS, experts, 1, DTYPE_BYTES[weights], narrow)
            wide_s = experts_s(LOADS, experts, 1, DTYPE_BYTES["bf16"], wide)
            assert (narrow_s <= wide_s)[read].all(), (weights, experts, narrow_s / wide_s)


def test_a_kv_cache_of_fewer_bytes_is_never_read_slower(device):
    wide, narrow = (timing(Case("llama-3.2-1b", device, kv_cache=kind)).curves.decode for kind in ("bf16", "fp8"))
    seqs, context = (grid.ravel() for grid in np.meshgrid([1, 8, 64], [1000, 8000, 60_000]))
    excepted = {device, load_profile("device", device).relative} & WIDE_FP8_HEADS
    for mixer in {mixer for held in shares() for mixer in held.mixers if mixer.kind == "gqa"}:
        if mixer.head_dim > operators.HEAD and excepted:
            continue
        rows, queries = seqs * mixer.kv_heads, seqs * mixer.heads * mixer.head_dim
        wide_bytes = seqs * context * mixer.kv_bytes
        wide_s = operators.attention_decode_s(rows, wide_bytes, wide, queries, mixer.head_dim)
        narrow_s = operators.attention_decode_s(rows, wide_bytes / 2, narrow, queries, mixer.head_dim)
        assert (narrow_s <= wide_s)[beyond_cache(device, wide_bytes / 2)].all(), (mixer, narrow_s / wide_s)


def test_what_is_excepted_above_is_slower():
    # an exception that better curves make needless is to go
    for device in WIDE_FP8_HEADS:
        wide, narrow = (timing(Case("llama-3.2-1b", device, kv_cache=kind)).curves.decode for kind in ("bf16", "fp8"))
        narrow_s = operators.attention_decode_s(64, 2e9, narrow, head_dim=256)
        assert narrow_s > operators.attention_decode_s(64, 4e9, wide, head_dim=256)

    for weights, measured in OTHER_EXPERTS.items():
        for device in measured:
            four, sixteen = (load_profile("device", device).operators[f"moe.{kind}"] for kind in (weights, "bf16"))
            assert four.bytes_per_s < 0.75 * sixteen.bytes_per_s


def test_devices_are_left_out_only_for_want_of_floating_point():
    for name in set(list_profiles("device")) - set(devices()):
        peaks = load_profile("device", name).peak_flops
        assert peaks.int8
        assert not any(getattr(peaks, kind) for kind in (*FLOATS, "fp8", "fp4"))


def test_narrower_floating_point_is_never_slower_on_a_data_sheet():
    for name in devices():
        peaks = load_profile("device", name).peak_flops
        rates = [rate for rate in (peaks.fp32, peaks.bf16 or peaks.fp16, peaks.fp8, peaks.fp4) if rate]
        assert rates == sorted(rates), name
        assert peaks.fp8 or not peaks.fp4, f"{name}: 4-bit units without 8-bit ones are integer ones"
