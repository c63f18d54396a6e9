"""Operator forms against numbers worked out by hand, and the laws that every curve must keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infersim.spec.hardware import (
    AllReduceCurve,
    DecodeAttentionCurve,
    ElementwiseCurve,
    GemmCurve,
    MoeCurve,
    PrefillAttentionCurve,
)
from infersim.timing import operators
from infersim.timing.collectives import all_reduce_s
from tests.timing.helpers import ALL_REDUCE, DECODE, ELEMENTWISE, GEMM, PREFILL

SIZES = st.integers(1, 50_000)
RATES = st.floats(1e9, 1e15)


def test_a_product_takes_launch_plus_compute_plus_memory_at_norm_one():
    curve = GemmCurve.model_validate(GEMM)
    # 2·10·20·30 = 12,000 FLOPs at 1 TFLOP/s; (10·30 + 20·30)·2 + 10·20·2 = 2,200 bytes at 1 GB/s
    assert operators.gemm_s(10, 20, 30, 2.0, curve) == pytest.approx(1e-6 + 12e-9 + 2.2e-6)


def test_a_large_norm_takes_the_longer_of_compute_and_memory():
    curve = GemmCurve.model_validate({**GEMM, "norm": 200})
    assert operators.gemm_s(10, 20, 30, 2.0, curve) == pytest.approx(1e-6 + 2.2e-6)


def test_few_tiles_and_a_short_inner_dimension_each_halve_the_compute_rate():
    # 256 × 256 has 2·2 tiles, as many as wave_tiles; k = 64 is k_half: a quarter of 1 TFLOP/s in all
    curve = GemmCurve.model_validate({**GEMM, "wave_tiles": 4, "k_half": 64, "bytes_per_s": 1e30})
    assert operators.gemm_s(256, 256, 64, 2.0, curve) == pytest.approx(1e-6 + 4 * 2 * 256 * 256 * 64 / 1e12)


def test_quantising_activations_comes_on_top_and_a_floor_below():
    # 10 rows, each the longer of 1 µs and 30 · 0.1 µs
    quantise = {"row_s": 1e-6, "element_s": 1e-7, "norm": 200}
    curve = GemmCurve.model_validate({**GEMM, "norm": 200, "quantise": quantise})
    assert operators.gemm_s(10, 20, 30, 2.0, curve) == pytest.approx(1e-6 + 2.2e-6 + 30e-6)
    curve = GemmCurve.model_validate({**GEMM, "floor": {"seconds": 1e-3, "norm": 200}})
    assert operators.gemm_s(10, 20, 30, 2.0, curve) == pytest.approx(1e-3)


def test_weights_of_fewer_bytes_move_fewer_bytes():
    assert operators.gemm_bytes(10, 20, 30, 0.5, 2.0) == 10 * 30 * 2 + 20 * 30 * 0.5 + 10 * 20 * 2
    curve = GemmCurve.model_validate({**GEMM, "norm": 200})
    assert operators.gemm_s(10, 20, 30, 0.5, curve, activation_bytes=2.0) == pytest.approx(1e-6 + 1.3e-6)


def test_a_cache_counts_only_where_the_call_is_repeated():
    # 20 · 30 weights of 2 bytes are the cache's 1,200: half of the reads at 3 times the rate
    cache = {"bytes": 1200, "sharpness": 5, "gain": 3}
    curve = GemmCurve.model_validate({**GEMM, "norm": 200, "cache": cache})
    assert operators.gemm_s(10, 20, 30, 2.0, curve) == pytest.approx(1e-6 + 2.2e-6)
    assert operators.gemm_s(10, 20, 30, 2.0, curve, warm=True) == pytest.approx(1e-6 + 2.2e-6 * (1 / 2 + 1 / 6))
    curve = DecodeAttentionCurve.model_validate({**DECODE, "cache": cache})
    assert operators.attention_decode_s(1, 120_000, curve) == pytest.approx(4e-6 + 120e-6)
    assert operators.attention_decode_s(1, 120_000, curve, warm=True) == pytest.approx(4e-6 + 120e-6)
    slow = {**DECODE, "lines": DECODE["lines"][1:], "cache": cache}
    curve = DecodeAttentionCurve.model_validate(slow)
    assert operators.attention_decode_s(1, 1200, curve, warm=True) == pytest.approx(4e-6 + 1.2e-6 * (1 / 2 + 1 / 6))


def test_heads_wider_or_narrower_than_128_take_longer():
    assert operators.head_factor(np.array([64, 128, 256]), 0.5, 0.25).tolist() == [1.5, 1.0, 1.25]
    curve = PrefillAttentionCurve.model_validate({**PREFILL, "bytes_per_s": 1e30, "narrow_head": 0.5})
    assert operators.attention_prefill_s(100, 10, 1, 0, 2, 64, curve) == pytest.approx(2e-6 + 1.5 * 51_200 / 1e12)


def test_one_long_sequence_reads_at_the_rate_of_a_row():
    line = {"launch_s": 1e-6, "row_s": 0, "bytes_per_s": 1e9, "row_bytes_per_s": 1e8, "query_s": 1e-9}
    curve = DecodeAttentionCurve.model_validate({**DECODE, "lines": [line]})
    # 4 rows, 8,000 bytes: 8 µs at 1 GB/s and 2,000 bytes a row at 0.1 GB/s; 100 query elements of 1 ns
    assert operators.attention_decode_s(4, 8000, curve, queries=100) == pytest.approx(1e-6 + 8e-6 + 20e-6 + 0.1e-6)


MOE = {
    "form": "moe/1", "launch_s": 1e-6, "flops_per_s": 1e12, "bytes_per_s": 1e9, "expert_s": 1e-6, "spread": 1,
    "pad_rows": 0, "inter_half": 0, "hidden_half": 0, "hidden_bytes": 0, "inter_bytes": 0, "norm": 200,
    "confidence": "measured",
}  # fmt: skip


def test_experts_with_tokens_are_read_and_no_others():
    curve = MoeCurve.model_validate(MOE)
    # one token takes 2 of 8 experts, each 3 · 10 · 20 elements of a byte
    assert operators.moe_s(1, 10, 20, 8, 2, 1.0, curve) == pytest.approx(1e-6 + 2e-6 + 2 * 600 / 1e9)
    # many tokens take all
    assert operators.moe_s(10**9, 1, 1, 8, 2, 1.0, curve) == pytest.approx(1e-6 + 8e-6 + 6 * 2e9 / 1e12)
    # 5 tokens at spread 1: 4 others of 2/8 each leave (1 − 1/4)/(1 + 1) of 8 untouched
    assert operators.active_experts(5, 8, 2, 1.0) == pytest.approx(5)
    assert operators.active_experts(5, 8, 2) == pytest.approx(8 * (1 - 0.75 * np.exp(-1)))


def test_an_expert_s_rows_are_padded_and_its_activations_move():
    curve = MoeCurve.model_validate({**MOE, "bytes_per_s": 1e30, "pad_rows": 3})
    assert operators.moe_s(1, 10, 20, 8, 2, 1.0, curve) == pytest.approx(3e-6 + 6 * 200 * (2 + 2 * 3) / 1e12)
    curve = MoeCurve.model_validate({**MOE, "hidden_bytes": 4, "inter_bytes": 2})
    assert operators.moe_s(1, 10, 20, 8, 2, 0.0, curve) == pytest.approx(3e-6 + 2 * (40 + 40) / 1e9)


def test_the_slowest_of_devices_that_share_experts_has_more_than_an_even_share():
    curve = MoeCurve.model_validate({**MOE, "norm": 1, "hidden_bytes": 4})
    # many tokens, 4 devices: 2 of 8 experts, a quarter of the 2 million rows
    even = 1e-6 + 2e-6 + 6 * 5e5 / 1e12 + (2 * 3 + 5e5 * 4) / 1e9
    assert operators.moe_s(10**6, 1, 1, 8, 2, 1.0, curve, expert_parallel=4) == pytest.approx(even)
    parallel = {"rows_power": 0.5, "active_power": 0.3, "remote_share": 0.5}
    curve = MoeCurve.model_validate({**MOE, "norm": 1, "hidden_bytes": 4, "parallel": parallel})
    # half of the rows; still 2 experts, for it has no more; traffic of a quarter and of half of the other rows
    told = 1e-6 + 2e-6 + 6 * 1e6 / 1e12 + (2 * 3 + (5e5 + 7.5e5) * 4) / 1e9
    assert operators.moe_s(10**6, 1, 1, 8, 2, 1.0, curve, expert_parallel=4) == pytest.approx(told)
    # one token: 2 experts, half an expert a device, 4^0.3 times that
    alone = operators.moe_s(1, 1, 1, 8, 2, 0.0, MoeCurve.model_validate({**MOE, "parallel": parallel}), 4)
    assert alone == pytest.approx(1e-6 + 0.5 * 4**0.3 * 1e-6, rel=1e-4)


@given(st.integers(1, 20_000), st.sampled_from((8, 64, 256)), st.integers(1, 8), st.floats(0.1, 100), st.floats(0, 200))
def test_experts_grow_with_tokens_and_never_beat_the_rates(tokens, experts, top_k, spread, pad):
    curve = MoeCurve.model_validate({**MOE, "spread": spread, "pad_rows": pad, "norm": 1.5})
    size = (2048, 768, experts, top_k, 2.0, curve)
    time_s = operators.moe_s(tokens, *size)
    assert operators.moe_s(tokens + 1, *size) >= time_s * (1 - 1e-12)
    active = operators.active_experts(tokens, experts, top_k, spread)
    assert top_k * (1 - 1e-12) <= active <= experts
    assert time_s >= max(6 * 2048 * 768 * tokens * top_k / 1e12, active * 3 * 2048 * 768 * 2 / 1e9) * (1 - 1e-12)


def test_prefill_attention_counts_pairs_once_and_reads_the_context():
    curve = PrefillAttentionCurve.model_validate(PREFILL)
    # 8 new tokens on 4 earlier ones, 2 query heads and 1 KV head of 50:
    # 8·(4 + 4) pairs · 4·2·50 FLOPs; 8·2·50·4 bytes of queries and results, 12·50·2·2 bytes of keys and values
    read = operators.attention_prefill_bytes(8, 4, 2, 1, 50, 2.0)
    assert read == 3200 + 2400
    time_s = operators.attention_prefill_s(8 * (4 + 4), 8, 1, read, 2, 50, curve)
    assert time_s == pytest.approx(2e-6 + 64 * 400 / 1e12 + 5600 / 1e9)


def test_decode_attention_is_the_highest_of_its_lines():
    curve = DecodeAttentionCurve.model_validate(DECODE)
    # rows bind while 8 + 3 µs + bytes/1 TB/s exceeds 4 µs + bytes/1 GB/s: up to about 7 kB
    assert operators.attention_decode_s(3, 1000, curve) == pytest.approx(11e-6 + 1e-9)
    assert operators.attention_decode_s(3, 20_000, curve) == pytest.approx(4e-6 + 20e-6)


def test_all_reduce_changes_to_the_library_above_the_limit_and_never_gets_faster_there():
    curve = AllReduceCurve.model_validate(ALL_REDUCE)
    times = all_reduce_s(np.array([500, 1000, 2000, 20_000]), 2, curve)
    # 1 µs + bytes/1 GB/s up to 1,000 B; at 2,000 B the library's 1.7 µs are lifted to the 2 µs of the limit
    assert times == pytest.approx([1.5e-6, 2e-6, 2e-6, 3.5e-6])


def test_elementwise_moves_bytes():
    curve = ElementwiseCurve.model_validate({**ELEMENTWISE, "launch_s": 1e-6})
    assert operators.elementwise_s(3000, curve) == pytest.approx(4e-6)


@given(st.tuples(SIZES, SIZES, SIZES), RATES, RATES, st.floats(0, 500), st.floats(0, 2000), st.floats(1, 12))
def test_a_product_is_never_faster_than_its_rates_and_grows_with_tokens(size, flops, moved, tiles, half, norm):
    numbers = {"flops_per_s": flops, "bytes_per_s": moved, "wave_tiles": tiles, "k_half": half, "norm": norm}
    curve = GemmCurve.model_validate({**GEMM, **numbers})
    m, n, k = size
    time_s = operators.gemm_s(m, n, k, 2.0, curve)
    floor = max(operators.gemm_flops(m, n, k) / flops, operators.gemm_bytes(m, n, k, 2.0) / moved)
    assert time_s >= floor * (1 - 1e-12)
    assert operators.gemm_s(m + 1, n, k, 2.0, curve) >= time_s * (1 - 1e-12)


@given(st.floats(0, 1e3), st.floats(0, 1e3), st.floats(1, 12))
def test_joining_lies_between_the_longer_and_the_sum(compute, memory, norm):
    joined = operators.joined(compute, memory, norm)
    assert max(compute, memory) * (1 - 1e-12) <= joined <= (compute + memory) * (1 + 1e-12)
