"""A step operator by operator: the rows are the step, their work is the step's work, their bounds are physics."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.load.profiles import load_profile
from infersim.spec.fleet import Precision
from infersim.timing.breakdown import breakdown
from infersim.timing.layout import Layout
from infersim.timing.shape import BatchShape
from infersim.timing.transformer import TransformerTiming
from tests.timing.helpers import round_device, round_timing

CASES = (
    ("llama-3.1-8b", "h100-sxm-80gb", "bf16", Layout()),
    ("llama-3.1-70b", "b200-sxm-180gb", "fp8", Layout(tensor=4)),
    ("bloom-176b", "mi300x-192gb", "bf16", Layout(tensor=8)),
    ("gemma-3-27b", "a100-sxm-80gb", "bf16", Layout(tensor=2, pipeline=2)),
    ("mixtral-8x7b", "h200-sxm-141gb", "fp8", Layout(tensor=4, expert=2)),
    ("gpt-oss-120b", "h100-sxm-80gb", "mxfp4", Layout(tensor=2)),
    ("deepseek-v3", "h200-sxm-141gb", "fp8_block", Layout(data=8, expert=8)),
    ("deepseek-v3.2", "b200-sxm-180gb", "fp8", Layout(tensor=8)),
    ("qwen3.5-122b-a10b", "h200-sxm-141gb", "fp8", Layout(tensor=2, data=2, expert=4)),
    ("nemotron-nano-12b-v2", "l40s-48gb", "bf16", Layout()),
    ("qwen2.5-7b", "apple-m2-ultra-76gpu", "q4_k_m", Layout()),
    ("llama-3.1-8b", "rtx-4090-24gb", "q8_0", Layout(pipeline=2)),
    ("llama-3.1-8b", "inferentia2", "bf16", Layout()),
    ("llama-3.1-8b", "tpu-v5e", "bf16", Layout(tensor=4)),
)
ENGINES = {
    "apple-m2-ultra-76gpu": "llamacpp", "rtx-4090-24gb": "llamacpp", "inferentia2": "neuronx", "tpu-v5e": "jetstream",
}  # fmt: skip


@functools.cache
def timing_of(number):
    model, device, weights, layout = CASES[number]
    of = load_profile("device", device)
    return TransformerTiming(
        load_profile("model", model),
        of,
        load_profile("engine", ENGINES.get(device, "vllm")),
        precision=Precision(weights=weights, moe_weights=weights, kv_cache="bf16"),
        layout=layout,
        max_tokens=4096,
        max_seqs=256,
        relative=load_profile("device", of.relative) if of.relative else None,
        place_tokens=32_768,
    )


def batch(seqs, each, chunks, tokens, earlier, ending):
    work = chunks * tokens * (tokens / 2 + earlier)
    return BatchShape(
        seqs, seqs * each, chunks, chunks * tokens, chunks * earlier, work, seqs + (chunks if ending else 0)
    )


decoding = st.builds(batch, st.integers(1, 256), st.integers(1, 20_000), *[st.just(0)] * 3, st.just(False))
mixed = st.builds(
    batch, st.integers(0, 120), st.integers(1, 20_000), st.integers(1, 8), st.integers(1, 400), st.integers(0, 9000),
    st.booleans(),
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{case[0]}, {case[1]}" for case in CASES])
@given(shape=decoding | mixed)
@settings(max_examples=40, deadline=None)
def test_the_rows_sum_to_the_step(number, shape):
    timing = timing_of(number)
    rows = breakdown(timing, shape)
    assert sum(row.seconds for row in rows) == pytest.approx(timing.step_s(shape), rel=1e-9)
    assert all(row.seconds > 0 and row.calls > 0 for row in rows)
    assert len({row.operator for row in rows}) == len(rows)


@pytest.mark.parametrize("number", [0, 1, 2, 4, 7])
@given(shape=decoding | mixed)
@settings(max_examples=20, deadline=None)
def test_the_rows_flops_are_the_steps(number, shape):
    """FLOPs of a device times devices are those that MFU counts, where all devices have equal shares."""
    timing = timing_of(number)
    columns = {name: np.array([getattr(shape, name)]) for name in BatchShape.__slots__} | {"steps": np.array([1])}
    flops, _ = timing.work(columns)
    found = sum(row.flops for row in breakdown(timing, shape))
    assert found * timing.share.layout.tensor == pytest.approx(flops[0], rel=1e-9)


def test_rows_of_a_round_model_follow_by_hand():
    # 3 sequences on 300 tokens, two layers of 100 wide, 1 TFLOP/s and 1 GB/s, compute and memory added
    rows = {row.operator: row for row in breakdown(round_timing(), batch(3, 100, 0, 0, 0, False))}
    qkv = rows["QKV product"]  # 200 × 100, in two layers
    moved = 3 * 100 * 2 + 200 * 100 * 2 + 3 * 200 * 2
    assert (qkv.calls, qkv.flops, qkv.bytes) == (2, 2 * 2 * 3 * 200 * 100, 2 * moved)
    assert qkv.seconds == pytest.approx(2 * (1e-6 + 2 * 3 * 200 * 100 / 1e12 + moved / 1e9))
    assert rows["decode attention"].bytes == 2 * 300 * 200
    assert rows["decode attention"].seconds == pytest.approx(2 * (4e-6 + 60e-6))
    assert rows["host, per step"].seconds == pytest.approx(1e-3)
    assert rows["host, per sequence"].seconds == pytest.approx(3e-5)
    assert "prefill outside CUDA graphs" not in rows


@pytest.mark.parametrize(
    ("gemm", "bound"),
    [
        ({"bytes_per_s": 1e6}, "memory"),
        ({"flops_per_s": 1e6}, "compute"),
        ({"launch_s": 1.0}, "launch"),
    ],
)
def test_the_scarcest_resource_bounds_a_product(gemm, bound):
    device = round_device()
    curve = device.operators["gemm.bf16"].model_copy(update=gemm)
    scarce = device.model_copy(update={"operators": {**device.operators, "gemm.bf16": curve}})
    rows = {row.operator: row.bound for row in breakdown(round_timing(device=scarce), batch(3, 100, 0, 0, 0, False))}
    assert rows["down product"] == rows["LM head"] == bound
    assert rows["decode attention"] == "memory"


def test_decodes_wait_for_memory_and_long_prompts_for_arithmetic():
    decode = {row.operator: row.bound for row in breakdown(timing_of(0), batch(64, 2000, 0, 0, 0, False))}
    prompt = {row.operator: row.bound for row in breakdown(timing_of(0), batch(0, 1, 1, 4096, 0, True))}
    assert decode["gate/up product"] == decode["decode attention"] == "memory"
    assert prompt["gate/up product"] == prompt["prefill attention"] == "compute"
    split = {row.operator: row.bound for row in breakdown(timing_of(1), batch(64, 2000, 0, 0, 0, False))}
    assert (split["all-reduce"], split["host, per step"]) == ("link", "host")
