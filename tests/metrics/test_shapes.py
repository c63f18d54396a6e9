"""The typical step: means over steps of one kind, stretches counted step by step."""

import pytest

from infersim.metrics.shapes import DECODE, PREFILL, Shapes
from tests.metrics.segments import columns


def test_stretches_count_step_by_step_and_prompts_apart():
    shapes = Shapes()
    stretch = {
        "start_s": 0,
        "steps": 3,
        "first_s": 1,
        "decode_seqs": 4,
        "decode_context_tokens": 400,
        "sampled_seqs": 4,
    }
    single = {"start_s": 3, "first_s": 1, "decode_seqs": 8, "decode_context_tokens": 1600, "sampled_seqs": 8}
    prompt = {
        "start_s": 4, "first_s": 2, "decode_seqs": 2, "decode_context_tokens": 100, "prefill_chunks": 1,
        "prefill_tokens": 500, "prefill_context_tokens": 50, "prefill_work": 150_000.0, "sampled_seqs": 3,
    }  # fmt: skip
    shapes.add(columns(stretch, prompt))
    shapes.add(columns(single))
    decode, prefill = shapes.typical(DECODE), shapes.typical(PREFILL)
    # (3·4 + 8)/4 = 5 sequences; (400 + 404 + 408 + 1600)/4 = 703 tokens
    assert (decode.shape.decode_seqs, decode.shape.decode_context_tokens, decode.shape.sampled_seqs) == (5, 703, 5)
    assert (decode.steps, decode.seconds, decode.shape.prefill_tokens) == (4, 4, 0)
    found = prefill.shape
    assert (found.decode_seqs, found.prefill_chunks, found.prefill_tokens, found.sampled_seqs) == (2, 1, 500, 3)
    assert (found.prefill_context_tokens, found.prefill_work) == (50, pytest.approx(150_000))
    assert (prefill.steps, prefill.seconds) == (1, 2)


def test_a_kind_that_never_came_is_nothing():
    shapes = Shapes()
    shapes.add(columns({"start_s": 0, "first_s": 1, "prefill_chunks": 1, "prefill_tokens": 9, "prefill_work": 40.5}))
    assert shapes.typical(DECODE) is None
    assert shapes.typical(PREFILL).shape.decode_context_tokens == 0
