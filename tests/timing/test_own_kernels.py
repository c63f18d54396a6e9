"""Kernels measured of an engine itself, launches that go on beside the kernels, experts that nobody measured."""

from __future__ import annotations

import pytest

from infersim.spec.hardware import Device
from infersim.timing.breakdown import breakdown
from infersim.timing.curves import Source
from infersim.timing.layout import Layout
from infersim.timing.shape import BatchShape
from infersim.timing.transformer import TransformerTiming
from tests.timing.helpers import round_device, round_engine, round_model, round_precision


def with_own(device: Device, engine: str, name: str, factor: float) -> Device:
    curve = device.operators[name]
    faster = curve.model_copy(update={"flops_per_s": curve.flops_per_s * factor})
    return device.model_copy(update={"engine_operators": {engine: {name: faster}}})


def timing(engine, **model) -> TransformerTiming:
    options = {"precision": round_precision(), "layout": Layout(), "max_tokens": 512, "max_seqs": 16}
    return TransformerTiming(round_model(**model), round_device(), engine, **options)


def test_an_engine_takes_the_curves_of_its_own_kernels():
    plain = round_device()
    device = with_own(plain, "round", "attention_prefill.bf16", 0.5)
    mine, others = round_engine(), round_engine().model_copy(update={"name": "other"})
    rates = [
        Source.of(device, None, engine).find("attention_prefill", ("bf16",))[1].flops_per_s for engine in (mine, others)
    ]
    assert rates[0] == 0.5 * rates[1] == 0.5 * plain.operators["attention_prefill.bf16"].flops_per_s


def test_a_device_without_curves_scales_those_of_its_relative_for_the_engine():
    relative = with_own(round_device(), "round", "attention_prefill.bf16", 0.5)
    bare = relative.model_copy(update={"name": "bare", "operators": {}, "engine_operators": {}})
    curve = Source.of(bare, relative, round_engine()).find("attention_prefill", ("bf16",))[1]
    assert curve.flops_per_s == relative.engine_operators["round"]["attention_prefill.bf16"].flops_per_s
    assert curve.confidence == "derived"


def test_launches_count_only_where_they_are_longer_than_the_kernels():
    shape = BatchShape(4, 400, 1, 200, 0, 20000.0, 5)
    added = timing(round_engine())
    beside = timing(round_engine().model_copy(update={"launches_overlap": True}))
    without = timing(round_engine(prefill_extra_per_layer_s=0.0)).step_s(shape)
    kernels = without - 1e-3 - 5 * 1e-5
    assert added.step_s(shape) == pytest.approx(without + 2e-4)
    assert beside.step_s(shape) == pytest.approx(without - kernels + (kernels**2 + 2e-4**2) ** 0.5)
    assert sum(row.seconds for row in breakdown(beside, shape)) == pytest.approx(beside.step_s(shape))
    decodes = BatchShape(decode_seqs=4, decode_context_tokens=400, sampled_seqs=4)
    assert beside.step_s(decodes) == added.step_s(decodes)


def test_layers_of_experts_launch_more_for_a_prompt():
    prompt, decode = BatchShape(0, 0, 1, 200, 0, 20000.0, 1), BatchShape(4, 400, 0, 0, 0, 0.0, 4)
    dense = {"kind": "dense", "layers": 1, "intermediate": 200}
    moe = {"kind": "moe", "layers": 1, "experts": 8, "experts_per_token": 2, "intermediate": 64}
    more = round_engine(prefill_extra_per_moe_layer_s=3e-4)
    for blocks, extra_s in (([dense, moe], 3e-4), ([{**dense, "layers": 2}], 0.0)):
        one, other = (timing(engine, feed_forward=blocks) for engine in (round_engine(), more))
        assert other.step_s(prompt) - one.step_s(prompt) == pytest.approx(extra_s, abs=1e-12)
        assert other.step_s(decode) == one.step_s(decode)


def test_experts_of_a_device_without_any_curve_are_slower_than_its_products():
    bare = round_device().model_copy(update={"operators": {}})
    source = Source.of(bare, None, round_engine())
    (_, experts), (_, products) = source.experts("bf16", "bf16"), source.products("bf16", "bf16")
    assert experts.form == "moe/1"
    assert experts.flops_per_s == pytest.approx(0.62 * products.flops_per_s)
