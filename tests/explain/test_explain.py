"""`infersim explain`: steps that add up, memory that adds up, and assumptions that move what they must."""

from __future__ import annotations

import json

import pytest

from infersim import simulate
from infersim.explain import explain
from infersim.load import load_profile
from infersim.runs.figures import figure
from tests.load.scenarios import write

DEVICES = {
    "gaudi": "gaudi-3-128gb",
    "neuronx": "trainium2",
    "mlx": "apple-m3-max-40gpu",
    "jetstream": "tpu-v7",
}
ENGINES = ("vllm", "trtllm", "sglang", "static", "gaudi", "neuronx", "llamacpp", "mlx", "jetstream")


def scenario(clients=16, prompt=600, output=40, requests=96, pool=(), engine=(), **run) -> dict:
    """A closed loop on one H100."""
    traffic = {
        "arrivals": {"kind": "closed_loop", "clients": clients},
        "prompt_tokens": {"kind": "fixed", "value": prompt},
        "output_tokens": {"kind": "fixed", "value": output},
    }
    device = DEVICES.get(dict(engine).get("kind", "vllm"), "h100-sxm-80gb")
    main = {"model": "llama-3.1-8b", "device": device, "engine": dict(engine), **dict(pool)}
    return {"workload": {"load": traffic}, "fleet": {"main": main}, "run": {"requests": requests, "seed": 1, **run}}


def moved(data: dict, assumption: str, change: str) -> dict:
    """Relative changes of the figures by their last names, of one assumption."""
    (found,) = (c for c in data["assumptions"]["changes"] if (c["assumption"], c["change"]) == (assumption, change))
    return {name.split(".")[0]: value for name, value in found["moved"].items()}


@pytest.fixture(scope="module")
def busy() -> dict:
    return explain(scenario())


def test_operators_add_up_to_the_step_and_steps_to_the_busy_time(busy):
    assert [step["kind"] for step in busy["steps"]] == ["decode", "prefill"]
    assert sum(step["busy_share"] for step in busy["steps"]) == pytest.approx(1.0)
    for step in busy["steps"]:
        assert sum(row["share"] for row in step["operators"]) == pytest.approx(1.0)
        assert sum(row["seconds"] for row in step["operators"]) == pytest.approx(step["seconds"])
        assert [row["seconds"] for row in step["operators"]] == sorted(
            (row["seconds"] for row in step["operators"]), reverse=True
        )


def test_the_typical_steps_are_those_of_the_run(busy):
    decode, prefill = (step["batch"] for step in busy["steps"])
    assert 8 <= decode["decode_seqs"] <= 16
    # each decodes on its prompt of 600 and, in the mean, half of its 40 tokens
    assert decode["decode_context_tokens"] / decode["decode_seqs"] == pytest.approx(620, rel=0.02)
    assert prefill["prefill_tokens"] == pytest.approx(600 * prefill["prefill_chunks"], rel=0.5)


def test_memory_adds_up_and_says_what_fits(busy):
    memory = busy["memory"]
    parts = sum(memory[f"{name}_bytes"] for name in ("weights", "activation", "runtime", "kv"))
    assert parts == pytest.approx(memory["usable_bytes"])
    assert memory["mean_request_tokens"] == 640
    assert memory["requests_held"] == memory["capacity_blocks"] // 40  # 640 tokens are 40 blocks of 16


def test_changes_stand_largest_first_against_the_same_requests(busy):
    varied = busy["assumptions"]
    sizes = [max(abs(move) for move in each["moved"].values()) for each in varied["changes"]]
    assert sizes == sorted(sizes, reverse=True)
    assert varied["requests"] == 96  # no fewer than there are
    assert varied["base"] == busy["figures"]


def test_a_change_is_that_of_the_scenario_changed_by_hand(busy):
    by_hand = simulate(scenario(output=48)).summary()
    (found,) = (
        each["values"]
        for each in busy["assumptions"]["changes"]
        if (each["assumption"], each["change"]) == ("output lengths", "+20%")
    )
    assert found == {name: figure(by_hand, name) for name in found}
    fp8 = simulate(scenario(pool={"precision": {"weights": "fp8"}})).summary()
    assert moved(busy, "weights", "fp8")["tpot_s"] == pytest.approx(
        figure(fp8, "tpot_s.mean") / busy["figures"]["tpot_s.mean"] - 1
    )


def test_assumptions_move_the_figures_the_way_they_must(busy):
    assert moved(busy, "host time", "× 2")["tpot_s"] > 0.05
    assert moved(busy, "CUDA graphs", "for prompts too")["ttft_s"] < -0.05
    front_end = moved(busy, "front end", "× 2")
    assert front_end["ttft_s"] > 0
    assert front_end["tpot_s"] == pytest.approx(0, abs=1e-2)
    assert moved(busy, "prompt lengths", "+20%")["ttft_s"] > 0 > moved(busy, "prompt lengths", "-20%")["ttft_s"]


def test_kv_blocks_move_a_run_that_waits_for_them_and_no_other(busy):
    assert all(move == 0 for move in moved(busy, "KV blocks", "-10%").values())
    tight = explain(scenario(engine={"num_gpu_blocks_override": 200, "max_model_len": 700}))
    assert moved(tight, "KV blocks", "+10%")["ttft_s"] < 0 < moved(tight, "KV blocks", "-10%")["ttft_s"]


def test_fewer_sequences_at_a_time_make_the_others_wait():
    data = explain(scenario(engine={"max_num_seqs": 16}))
    assert moved(data, "sequences at a time", "max_num_seqs 8")["ttft_s"] > 1
    assert moved(data, "sequences at a time", "max_num_seqs 32") == {"ttft_s": 0, "tpot_s": 0, "throughput": 0}


def test_only_the_first_requests_are_simulated_again():
    data = explain(scenario(requests=600), requests=64)
    assert data["assumptions"]["requests"] == 64
    short = simulate(scenario(requests=64)).summary()
    assert data["assumptions"]["base"] == {name: figure(short, name) for name in data["assumptions"]["base"]}
    assert data["figures"] != data["assumptions"]["base"]


def test_a_warm_up_and_a_horizon_leave_requests_to_compare():
    poisson = {"kind": "poisson", "rate_per_s": 20}
    data = scenario(requests=None, duration_s=60, until="horizon", warmup=20)
    data["workload"]["load"]["arrivals"] = poisson
    found = explain(data, requests=200)["assumptions"]
    assert 500 < found["requests"] < 700  # 20/s for 20 s, and 200 more
    assert found["base"]["throughput.output_tokens_per_s"] == pytest.approx(20 * 40, rel=0.25)


def test_closed_loops_are_seen_for_four_rounds():
    assert explain(scenario(clients=300, requests=2000, output=4))["assumptions"]["requests"] == 1200


def test_what_does_not_fit_is_refused_by_itself():
    data = explain(scenario(pool={"model": "llama-3.1-70b", "precision": {"weights": "fp8"}}, requests=32))
    (refused,) = (each for each in data["assumptions"]["refused"] if each["assumption"] == "weights")
    assert (refused["change"], refused["kind"]) == ("bf16", "does_not_fit")
    assert len(data["assumptions"]["changes"]) > 5
    assert "does not fit on 1 × h100-sxm-80gb" in refused["why"]


def test_prompts_alone_have_no_decode_step():
    data = explain(scenario(output=1, requests=32))
    assert [step["kind"] for step in data["steps"]] == ["prefill"]
    assert data["figures"]["tpot_s.mean"] is None
    assert all(each["moved"]["tpot_s.mean"] is None for each in data["assumptions"]["changes"])
    assert data["prefix_cache"]["prefill_share"] == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ENGINES)
def test_every_engine_is_explained(infersim, tmp_path, kind):
    path = write(tmp_path, "engine: {kind: vllm, max_num_seqs: 256}", f"engine: {{kind: {kind}}}")
    device = DEVICES.get(kind, "h100-sxm-80gb")
    settings = [
        "run.requests=12",
        f"fleet.main.device={device}",
        "workload.chat.prompt_tokens={kind: fixed, value: 200}",
    ]
    options = [word for setting in settings for word in ("--set", setting)]
    answer = infersim("explain", path, *options, "--json")
    data = json.loads(answer.out)
    assert data["memory"]["requests_held"] > 0
    for step in data["steps"]:
        assert sum(row["seconds"] for row in step["operators"]) == pytest.approx(step["seconds"], rel=1e-9)
    names = {each["assumption"] for each in data["assumptions"]["changes"] + data["assumptions"]["refused"]}
    assert {"prompt lengths", "output lengths", "KV blocks", "weights"} <= names
    assert ("host time" in names) == (load_profile("engine", kind).step_host_s.value > 0)


def test_the_page_shows_it_all_and_what_is_beyond_a_fit(infersim, tmp_path):
    answer = infersim("explain", write(tmp_path), "--set", "fleet.main.engine.max_num_batched_tokens=512")
    assert (answer.code, answer.err) == (0, "")
    for words in ("decode step: ", "prefill step: ", "bound by", "KV pool", "front end", "what would move it"):
        assert words in answer.out
    assert "extrapolated" in answer.out  # the LM head's 128,256 outputs are beyond the fit of products
    assert "expected" in answer.out


def test_what_cannot_be_used_is_refused_as_by_run(infersim, tmp_path):
    path = write(tmp_path, "llama-3.1-8b", "llama-3.1-8c")
    ran, explained = (infersim(command, path) for command in ("run", "explain"))
    assert (explained.code, explained.err) == (ran.code, ran.err) == (2, ran.err)
