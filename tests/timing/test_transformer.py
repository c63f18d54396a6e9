"""Step times of a transformer: sums by hand, exact decode pieces, and bounds that hardware sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.timing.pieces import FOREVER, limited, summed, upper_envelope
from infersim.timing.shape import BatchShape
from tests.timing.helpers import round_timing

DEVICES = ("h100-sxm-80gb", "h200-sxm-141gb", "a100-sxm-80gb", "b200-sxm-180gb", "l40s-48gb")


def decodes(seqs, context):
    return BatchShape(decode_seqs=seqs, decode_context_tokens=context, sampled_seqs=seqs)


def prefill(tokens, context=0, sampled=1):
    work = tokens * (tokens / 2 + context)
    return BatchShape(0, 0, 1, tokens, context, work, sampled)


def columns(shape, steps=1):
    fields = {name: np.array([getattr(shape, name)]) for name in BatchShape.__slots__}
    return {**fields, "steps": np.array([steps])}


# What a layer of the tiny model costs for n tokens, 1 TFLOP/s and 1 GB/s, compute and memory added:
# products QKV 200×100, output 100×100, gate and up 400×100, down 100×200: 90,000 weights, 4 launches
# in and out of them n·(100+200 + 100+100 + 100+400 + 200+100) = 1,300 n elements
# element-wise n·2·(8·100 + 2·(100+50) + 2·50 + 3·200) + n·2·50·2 bytes written to the cache = 3,800 n bytes
def layer_s(n):
    return 4e-6 + 2 * n * 90_000 / 1e12 + (90_000 * 2 + 1300 * n * 2) / 1e9 + 3800 * n / 1e9


def head_s(seqs):
    """LM head 1,000 × 100 in bf16, and the host's 1 ms + 10 µs a sequence."""
    return 1e-6 + 2 * seqs * 1e5 / 1e12 + (1e5 * 2 + seqs * 1100 * 2) / 1e9 + 1e-3 + 1e-5 * seqs


def test_a_decode_step_is_the_sum_of_its_parts():
    # 3 sequences on 300 tokens of KV, 200 bytes a token and layer: 4 µs + 60 µs of reading
    assert round_timing().step_s(decodes(3, 300)) == pytest.approx(2 * layer_s(3) + head_s(3) + 2 * (4e-6 + 60e-6))


def test_a_prefill_step_adds_attention_and_the_engines_extra():
    # 100 tokens on 50 earlier ones: 100·(50 + 50) pairs · 4·100 FLOPs; 100·100·4 + 150·200 bytes
    attention = 2e-6 + 1e4 * 400 / 1e12 + (40_000 + 30_000) / 1e9
    expected = 2 * (layer_s(100) + attention + 1e-4) + head_s(1)
    assert round_timing().step_s(prefill(100, 50)) == pytest.approx(expected)


def test_a_mixed_step_shares_the_linear_layers():
    shape = BatchShape(3, 300, 1, 100, 0, 5000.0, 4)
    attention = 2e-6 + 5000 * 400 / 1e12 + (40_000 + 20_000) / 1e9
    expected = 2 * (layer_s(103) + attention + 1e-4 + 4e-6 + 60e-6) + head_s(4)
    assert round_timing().step_s(shape) == pytest.approx(expected)


def test_a_step_without_the_last_chunk_samples_nothing_and_has_no_head():
    no_head = round_timing().step_s(prefill(10, sampled=0))
    with_head = round_timing().step_s(prefill(10, sampled=1))
    assert with_head - no_head == pytest.approx(head_s(1) - 1e-3)


def test_tensor_parallelism_splits_layers_and_adds_two_all_reduces_a_layer():
    # each of 2 devices: QKV 150×100 (the KV head is copied), output 100×50, gate and up 200×100, down 100×100,
    # so 50,000 weights and n·(100+150 + 50+100 + 100+200 + 100+100) elements; element-wise
    # 2·(800 + 2·(50+50) + 2·50 + 3·100) + 2·50·2 = 3,000 bytes a token; 200-byte all-reduces 1 µs + 0.2 µs
    one_token = 4e-6 + 2 * 50_000 / 1e12 + (100_000 + 900 * 2) / 1e9 + 3000 / 1e9 + 2 * 1.2e-6
    head = 1e-6 + 2 * 5e4 / 1e12 + (5e4 * 2 + 600 * 2) / 1e9 + 1e-3 + 1e-5
    attention = 9e-6 + 200e-12
    assert round_timing(tensor=2).step_s(decodes(1, 1)) == pytest.approx(2 * (one_token + attention) + head)


def test_a_decode_piece_ends_where_the_lines_cross():
    # per layer: 8 µs + 1 µs·2 + 0.2 ns·C against 4 µs + 200 ns·C: they cross at C = 6/0.1998 = 30.03 tokens.
    # 2 sequences on 20 tokens reach 30 in step 5 and 32 in step 6
    first_s, slope_s, steps = round_timing().decode_piece(decodes(2, 20))
    assert (steps, slope_s) == (6, pytest.approx(2 * 2 * 0.2e-9))
    assert first_s == round_timing().step_s(decodes(2, 20))
    _, slope_s, steps = round_timing().decode_piece(decodes(2, 32))
    assert (steps, slope_s) == (FOREVER, pytest.approx(2 * 2 * 200e-9))


@given(st.integers(1, 256), st.integers(1, 3000), st.integers(1, 400), st.sampled_from(DEVICES))
@settings(max_examples=60, deadline=None)
def test_pieces_equal_single_steps_across_knots(timing_of, seqs, context_each, steps, device):
    timing, context, done = timing_of(device=device), seqs * context_each, 0
    while done < steps:
        first_s, slope_s, valid = timing.decode_piece(decodes(seqs, context + done * seqs))
        assert valid >= 1
        assert first_s == timing.step_s(decodes(seqs, context + done * seqs))
        for j in range(min(valid, steps - done)):
            single_s = timing.step_s(decodes(seqs, context + (done + j) * seqs))
            assert first_s + j * slope_s == pytest.approx(single_s, rel=1e-12)
        done += valid


shapes = st.builds(
    lambda seqs, each, chunks, tokens, earlier: BatchShape(
        seqs, seqs * each, chunks, chunks * tokens, chunks * earlier, chunks * tokens * (tokens / 2 + earlier),
        seqs + chunks,
    ),
    st.integers(0, 120), st.integers(1, 20_000), st.integers(0, 8), st.integers(1, 900), st.integers(0, 20_000),
).filter(lambda shape: shape.decode_seqs + shape.prefill_tokens > 0)  # fmt: skip


@given(shapes, st.sampled_from(DEVICES))
@settings(max_examples=150, deadline=None)
def test_no_step_is_faster_than_bytes_and_flops_at_peak(timing_of, shape, device):
    if not shape.prefill_chunks:
        shape = decodes(shape.decode_seqs, shape.decode_context_tokens)
    timing = timing_of(device=device)
    flops, moved = timing.work(columns(shape))
    step_s = timing.step_s(shape)
    assert step_s >= moved[0] / timing.peak_bytes_per_s
    assert step_s >= flops[0] / timing.peak_flops


@given(shapes, st.sampled_from(["decode_context_tokens", "prefill_context_tokens", "prefill_work"]))
@settings(max_examples=100, deadline=None)
def test_a_step_never_gets_shorter_with_more_context(timing_of, shape, field):
    timing, before_s = timing_of(), timing_of().step_s(shape)
    setattr(shape, field, getattr(shape, field) + 1000)
    assert timing.step_s(shape) >= before_s


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("tensor", [1, 2, 8])
def test_a_step_never_gets_shorter_with_more_tokens_or_sequences(timing_of, device, tensor):
    timing = timing_of(device=device, tensor=tensor)
    batches = [timing.step_s(decodes(seqs, 100 * seqs)) for seqs in range(1, 257)]
    prompts = [timing.step_s(prefill(tokens)) for tokens in range(1, 8193)]
    assert (np.diff(batches) >= 0).all()
    assert (np.diff(prompts) >= 0).all()


@given(shapes, st.sampled_from(DEVICES), st.sampled_from([2, 4, 8]))
@settings(max_examples=100, deadline=None)
def test_tensor_parallelism_is_never_faster_than_linear(timing_of, shape, device, tensor):
    one_s = timing_of(device=device).step_s(shape)
    assert timing_of(device=device, tensor=tensor).step_s(shape) >= one_s / tensor


def test_work_counts_weights_once_a_step_and_context_once_a_decode():
    # 3 steps of 2 decodes on 20, 22 and 24 tokens: 66 read, 6 written, 400 bytes each (two layers of 200)
    timing = round_timing()
    flops, moved = timing.work(columns(decodes(2, 20), steps=3))
    weights = 2 * 90_000 + 100_000
    assert moved[0] == 3 * weights * 2 + (66 + 6) * 400
    assert flops[0] == 6 * 2 * weights + 66 * 4 * 2 * 50 * 2


def test_work_of_a_chunk_reads_its_earlier_context():
    flops, moved = round_timing().work(columns(prefill(10, 30)))
    assert moved[0] == (2 * 90_000 + 100_000) * 2 + (10 + 30) * 400
    assert flops[0] == 10 * 2 * 180_000 + 2 * 100_000 + 10 * 35 * 4 * 2 * 50 * 2


def test_peaks_are_those_of_all_devices_in_the_weights_type(timing_of):
    timing = timing_of(tensor=2, weights="fp8")
    assert (timing.peak_flops, timing.peak_bytes_per_s) == (2 * 1979e12, 2 * 3.35e12)


def test_the_upper_envelope_skips_lines_that_are_never_highest():
    # (base, slope): 2 + x and 5x cross at 0.5; 1 + 2x is below both everywhere
    assert upper_envelope([(0.0, 5.0), (2.0, 1.0), (1.0, 2.0)]) == (
        (0.5, 2.0, 1.0),
        (FOREVER, 0.0, 5.0),
    )


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1, max_size=4), st.floats(0, 100))
def test_the_upper_envelope_is_the_maximum(lines, x):
    piece = next(piece for piece in upper_envelope(lines) if x <= piece[0])
    assert piece[1] + piece[2] * x == pytest.approx(max(base + slope * x for base, slope in lines), rel=1e-9, abs=1e-12)


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1, max_size=4), st.floats(0, 100))
def test_a_limited_function_is_that_of_the_smaller_argument(lines, x):
    full, cut = upper_envelope(lines), limited(upper_envelope(lines), 30.0)
    assert value(cut, x) == pytest.approx(value(full, min(x, 30.0)), rel=1e-9, abs=1e-9)


def test_lines_that_cross_beyond_all_contexts_are_one_piece():
    # 1 and 1e-30·x cross at 1e30 tokens
    assert upper_envelope([(1.0, 0.0), (0.0, 1e-30)]) == ((FOREVER, 1.0, 0.0),)


@given(st.lists(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1), min_size=1), st.floats(0, 100))
def test_a_sum_of_functions_adds_their_values(functions, x):
    parts = [upper_envelope(lines) for lines in functions]
    assert value(summed(parts), x) == pytest.approx(sum(value(part, x) for part in parts), rel=1e-9, abs=1e-9)


def value(pieces, x):
    piece = next(piece for piece in pieces if x <= piece[0])
    return piece[1] + piece[2] * x


def test_a_type_that_a_device_cannot_compute_in_saves_bytes_only(timing_of):
    eight, sixteen = (timing_of(device="a100-sxm-80gb", weights=weights) for weights in ("fp8", "bf16"))
    assert eight.step_s(decodes(1, 100)) < sixteen.step_s(decodes(1, 100))
    assert eight.step_s(prefill(8000)) > 0.95 * sixteen.step_s(prefill(8000))


def test_a_device_count_without_a_measured_all_reduce_is_reckoned_from_the_link(timing_of):
    entries = {entry["curve"]: entry for entry in timing_of(tensor=16).confidence()}
    assert entries["all_reduce.bf16"]["confidence"] == "spec-sheet"


def test_confidence_names_every_curve_in_use(timing_of):
    entries = timing_of(tensor=2).confidence()
    assert {entry["curve"] for entry in entries} == {
        "gemm.bf16", "attention_prefill.bf16", "attention_decode.bf16", "elementwise.bf16", "all_reduce.bf16",
    }  # fmt: skip
    assert {entry["confidence"] for entry in entries} == {"measured", "derived"}
    assert all(entry["source"] and entry["date"] for entry in entries)
