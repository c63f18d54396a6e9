"""Kernels that quantise activations before a product: launched apart, or in the step's CUDA graph."""

from __future__ import annotations

import pytest

from infersim.load import load_profile
from infersim.spec.fleet import Precision
from infersim.timing.breakdown import breakdown
from infersim.timing.layout import Layout
from infersim.timing.shape import BatchShape
from infersim.timing.transformer import TransformerTiming

DEVICE, MODEL = "h200-sxm-141gb", "llama-2-70b"
STEP = BatchShape(800, 350_000, 4, 500, 0, 80_000.0, 804)
PRODUCTS = 4 * 80
"""QKV, output, gate and up, down in each layer."""


def timing(in_graph: bool, weights: str) -> TransformerTiming:
    engine = load_profile("engine", "trtllm").model_copy(update={"quantises_in_graph": in_graph})
    precision = Precision(weights=weights, kv_cache="fp8")
    options = {"precision": precision, "layout": Layout(), "max_tokens": 2048, "max_seqs": 1024}
    return TransformerTiming(load_profile("model", MODEL), load_profile("device", DEVICE), engine, **options)


def test_a_graph_saves_every_product_the_launch_of_the_quantising_kernel():
    apart, in_graph = timing(False, "fp8"), timing(True, "fp8")
    device = load_profile("device", DEVICE)
    plain, own = device.operators["gemm.bf16"], device.engine_operators["trtllm"]["gemm.fp8"]
    decodes = BatchShape(800, 350_000, sampled_seqs=800)
    saved = apart.step_s(decodes) - in_graph.step_s(decodes)
    assert saved == pytest.approx(PRODUCTS * (own.launch_s - plain.launch_s))
    assert saved > 0
    assert sum(row.seconds for row in breakdown(in_graph, STEP)) == pytest.approx(in_graph.step_s(STEP))


def test_products_of_16_bits_do_not_care():
    assert timing(True, "bf16").step_s(STEP) == timing(False, "bf16").step_s(STEP)
