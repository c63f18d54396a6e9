"""Engines from the scenario's options to the figures: limits, memory, what is refused and what is said."""

import math
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest

import infersim as sim
from infersim import load
from infersim.deployment import deploy
from infersim.errors import DoesNotFit, InputError
from infersim.load.loaded import from_mapping
from infersim.spec import engines

KINDS = [get_args(spec.model_fields["kind"].annotation)[0] for spec in get_args(engines.AnyEngine)]
OPTIONS = {
    "vllm": {"enable_chunked_prefill": False, "enable_prefix_caching": True, "async_scheduling": True},
    "static": {"batch_size": 8},
    "gaudi": {"batch_size": 8, "batch_timeout_s": "2s"},
    "neuronx": {"batch_size": 8},
    "llamacpp": {"n_parallel": 8},
    "jetstream": {"max_cache_length": 4096, "max_decode_length": 2048, "max_input_sequence_length": 2048},
}

DEVICES = {
    "gaudi": "gaudi-3-128gb",
    "neuronx": "trainium2",
    "mlx": "apple-m3-max-40gpu",
    "jetstream": "tpu-v7",
}
"""Where an engine runs on devices of one maker, other than that of the rest."""


def scenario(kind: str, requests: int = 60, model: str = "llama-3.1-8b", **options) -> dict:
    traffic = {
        "arrivals": {"kind": "poisson", "rate_per_s": 4},
        "prompt_tokens": {"kind": "uniform", "low": 20, "high": 900},
        "output_tokens": {"kind": "uniform", "low": 1, "high": 80},
    }
    engine = {"kind": kind} | OPTIONS.get(kind, {}) | options
    pool = {"model": model, "device": DEVICES.get(kind, "h100-sxm-80gb"), "engine": engine}
    return {"workload": {"chat": traffic}, "fleet": {"main": pool}, "run": {"requests": requests, "seed": 5}}


def deployed(kind: str, model: str = "llama-3.1-8b", **options):
    return deploy("main", from_mapping(scenario(kind, model=model, **options)).scenario.fleet["main"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_engine_answers_every_request_and_its_gaps_add_up(kind, tmp_path, monkeypatch):
    # gaps are those between tokens as they are made; a server that sends the first ones together shows clients others
    own = load.load_profile("engine", kind).model_copy(update={"first_bundle_tokens": None})
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines" / f"{kind}.yaml").write_text(own.model_dump_json(exclude_none=True))
    monkeypatch.setenv("INFERSIM_PROFILES", str(tmp_path))
    result = sim.simulate(scenario(kind))
    figures, table = result.summary(), result.requests
    assert figures["requests"]["completed"] == 60
    assert result.scenario.fleet["main"].engine.kind == kind
    gaps = (table.output_tokens - 1).sum()
    seen_s = (table.finish_s - table.first_token_s).sum()
    bundle = figures["confidence"]["engine"].get("first_bundle_tokens")
    if bundle:  # the first token waits for those that it comes with
        assert 0.8 * figures["itl_s"]["mean"] * gaps < seen_s < figures["itl_s"]["mean"] * gaps
    else:
        assert figures["itl_s"]["mean"] * gaps == pytest.approx(seen_s, rel=1e-6)
    assert figures["utilisation"]["busy"] <= 1.0
    single = sim.simulate(scenario(kind), {"run.stepping": "single"})
    np.testing.assert_allclose(single.requests.finish_s, table.finish_s, rtol=1e-9)


def test_gaps_of_classes_add_up_where_decodes_stand_still():
    both = scenario("sglang", requests=200)
    both["workload"]["batch"] = both["workload"]["chat"] | {"arrivals": {"kind": "closed_loop", "clients": 4}}
    figures = sim.simulate(both).summary()
    parts = (*figures["classes"].values(), figures)
    gaps = [c["itl_s"]["mean"] * (c["tokens"]["output"] - c["requests"]["completed"]) for c in parts]
    assert gaps[0] + gaps[1] == pytest.approx(gaps[2], rel=1e-9)


def test_the_kind_may_be_left_out_of_vllms_options():
    data = scenario("vllm")
    del data["fleet"]["main"]["engine"]["kind"]
    assert from_mapping(data).scenario.fleet["main"].engine.kind == "vllm"
    with pytest.raises(InputError, match="max_num_seqs"):
        sim.simulate(data, {"fleet.main.engine.max_num_seq": 4})
    with pytest.raises(InputError, match="chunked_prefill_size"):
        sim.simulate(scenario("sglang"), {"fleet.main.engine.chunked_prefil_size": 4})


@pytest.mark.parametrize(
    ("kind", "options", "field"),
    [
        ("vllm", {"enable_chunked_prefill": False, "prefill_schedule_interval": 4}, "prefill_schedule_interval"),
        ("trtllm", {"max_num_tokens": 16}, "max_num_tokens"),
        ("sglang", {"page_size": 64, "chunked_prefill_size": 100}, "chunked_prefill_size"),
        ("sglang", {"chunked_prefill_size": 0}, "chunked_prefill_size"),
    ],
)
def test_options_that_contradict_each_other_are_refused(kind, options, field):
    with pytest.raises(InputError) as refusal:
        sim.simulate(scenario(kind, **options))
    assert refusal.value.field == f"fleet.main.engine.{field}"


def memory(kind: str, **options) -> SimpleNamespace:
    return SimpleNamespace(**deployed(kind, **options).assumptions["memory"])


def test_each_engine_sizes_its_pool_by_its_own_rule():
    total = load.load_profile("device", "h100-sxm-80gb").memory.bytes
    vllm, trtllm, sglang = memory("vllm"), memory("trtllm"), memory("sglang")
    beside = vllm.weights_bytes + vllm.activation_bytes + vllm.runtime_bytes
    assert vllm.kv_bytes == pytest.approx(0.9 * total - beside)
    beside = trtllm.weights_bytes + trtllm.activation_bytes + trtllm.runtime_bytes
    assert trtllm.kv_bytes == pytest.approx(0.9 * (total - beside))
    # SGLang's server reserves 512 MiB, 1.5 a token of 8,192, 2 a sequence of 512, 128 a device: more than 10 GiB
    assert sglang.kv_bytes == pytest.approx(total - 13_952 * 1024**2 - sglang.weights_bytes)
    stated = memory("sglang", mem_fraction_static=0.8)
    assert stated.kv_bytes == pytest.approx(0.8 * total - stated.weights_bytes)
    # no share can promise what activations need
    greedy = memory("sglang", mem_fraction_static=1.0)
    beside = greedy.weights_bytes + greedy.activation_bytes + greedy.runtime_bytes
    assert greedy.kv_bytes == pytest.approx(total - beside)


def test_places_hold_the_longest_request_each():
    plan = deployed("neuronx", batch_size=4, n_positions=8192).plan
    assert (plan.capacity_blocks * plan.block_size, plan.most_tokens) == (4 * 8192, 8192)
    plan = deployed("llamacpp", n_parallel=4, n_ctx=16384).plan
    assert (plan.capacity_blocks, plan.most_tokens) == (16384, 4096)
    # 429,000 tokens or so: 64 places share them where nothing else is said
    few = deployed("static", batch_size=64)
    assert few.plan.most_tokens == few.plan.capacity_blocks // 64 < 131_072
    assert "the KV memory holds" in few.warnings[0]


def test_places_that_the_memory_does_not_hold_are_refused():
    with pytest.raises(DoesNotFit) as refusal:
        sim.simulate(scenario("neuronx", batch_size=200, n_positions=8192))
    assert "200 places of 8192 tokens each are more than the KV memory holds" in str(refusal.value)
    assert refusal.value.field == "fleet.main.engine.n_positions"
    with pytest.raises(DoesNotFit, match="too few for one request"):
        sim.simulate(scenario("static", batch_size=110_000))


def test_a_request_must_leave_a_page_free_in_sglang():
    plan = deployed("sglang", page_size=16).plan
    assert plan.most_tokens == min(plan.capacity_blocks * 16 - 17, 131_072)


def test_what_an_engine_takes_for_granted_is_said():
    said = [sim.simulate(scenario(kind, requests=2)).summary()["confidence"]["assumed"] for kind in KINDS]
    told = dict(zip(KINDS, said, strict=True))
    assert any("prefix caching is on and changes nothing" in said for said in told["vllm"])
    assert "as many output tokens as it gets" in told["trtllm"][0]
    assert "as many output tokens as it gets" in told["sglang"][0]
    assert told["static"] == []
    flags = ({"enable_prefix_caching": flag, "async_scheduling": False} for flag in (True, False))
    on, off = (sim.simulate(scenario("vllm", **options)).summary() for options in flags)
    assert off["confidence"]["assumed"] == []
    assert on["ttft_s"] == off["ttft_s"]


def test_more_sequences_than_tokens_are_warned_of():
    result = sim.simulate(scenario("vllm", enable_chunked_prefill=True, max_num_seqs=768, max_num_batched_tokens=256))
    assert any("is below max_num_seqs 768" in warning for warning in result.warnings)
    assert result.summary()["requests"]["completed"] == 60


def test_prompts_that_are_not_split_find_room_in_the_step_times():
    long = scenario("sglang", chunked_prefill_size=-1)
    long["workload"]["chat"]["prompt_tokens"] = {"kind": "fixed", "value": 20_000}
    result = sim.simulate(long)
    assert math.isfinite(result.summary()["ttft_s"]["mean"])
    assert result.summary()["requests"]["completed"] == 60


def test_every_engine_has_a_profile():
    assert sorted(KINDS) == sorted({name.partition("-")[0] for name in load.list_profiles("engine")})
    assert load.load_profile("engine", "neuronx").pads_heads
    assert not load.load_profile("engine", "vllm").pads_heads


@pytest.mark.parametrize(("kind", "maker"), [("gaudi", "Intel"), ("mlx", "Apple")])
def test_an_engine_of_one_maker_is_refused_on_another_s_device(kind, maker):
    asked = scenario(kind)
    asked["fleet"]["main"]["device"] = "h100-sxm-80gb"
    with pytest.raises(InputError, match=f"runs on devices of {maker}") as caught:
        sim.simulate(asked)
    assert caught.value.field == "fleet.main.engine.kind"
