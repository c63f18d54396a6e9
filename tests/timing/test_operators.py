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
