"""Whatever a fit states a range for is compared with it: what lies beyond is told."""

import numpy as np
import pytest

from infersim import load
from infersim.timing.layout import Layout
from infersim.timing.transformer import TransformerTiming
from tests.timing.helpers import round_precision

INSIDE = {
    "steps": 1,
    "decode_seqs": 8,
    "decode_context_tokens": 8000,
    "prefill_chunks": 1,
    "prefill_tokens": 512,
    "prefill_context_tokens": 0,
    "sampled_seqs": 8,
}


def told(tensor: int, model: str = "llama-3.1-8b", **changes) -> set[tuple[str, str]]:
    timing = TransformerTiming(
        load.load_profile("model", model),
        load.load_profile("device", "h100-sxm-80gb"),
        load.load_profile("engine", "vllm"),
        precision=round_precision(),
        layout=Layout(tensor=tensor),
        max_tokens=8192,
        max_seqs=256,
    )
    columns = {name: np.array([float(value)]) for name, value in (INSIDE | changes).items()}
    return {(entry["curve"].split(".")[0], entry["argument"]) for entry in timing.outside_fit(columns)}


def test_a_step_within_all_ranges_tells_nothing():
    assert told(tensor=2) == set()  # 64,128 vocabulary entries a device; the fit reaches 65,536


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"prefill_tokens": 40_000}, {("gemm", "m"), ("attention_prefill", "tokens")}),  # fits: 32,768 and 16,384
        ({"prefill_tokens": 6000, "prefill_chunks": 300}, {("attention_prefill", "chunks")}),  # 256
        ({"prefill_context_tokens": 2048}, {("attention_prefill", "context_tokens")}),  # no point has any
        ({"decode_seqs": 3000, "decode_context_tokens": 30_000}, {("attention_decode", "seqs")}),  # 2,048
        (
            {"decode_context_tokens": 8 * 140_000},  # 131,071 a sequence; 2.3 GB a layer is within
            {("attention_decode", "context_tokens")},
        ),
        ({"decode_seqs": 64, "decode_context_tokens": 64 * 60_000}, {("attention_decode", "kv_bytes")}),  # 4.29e9
        ({"sampled_seqs": 40_000}, {("gemm", "m")}),
        ({"prefill_tokens": 100_000, "prefill_chunks": 200}, {("gemm", "m"), ("all_reduce", "bytes")}),  # 5.4e8 B
    ],
)
def test_each_argument_beyond_its_range_is_told(changes, expected):
    assert told(tensor=2, **changes) == expected


def test_a_vocabulary_wider_than_any_measured_product_is_told():
    assert told(tensor=1) == {("gemm", "n")}
