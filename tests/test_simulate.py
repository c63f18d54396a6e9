"""The whole way: a scenario in, figures out."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

import infersim as sim
from infersim import load
from infersim.errors import DoesNotFit, InputError

RARE = {"arrivals": {"kind": "poisson", "rate_per_s": 0.001}}


def scenario(**changes) -> dict:
    """A small chat service; `run` and `pool` entries are laid over it."""
    traffic = {
        "arrivals": {"kind": "poisson", "rate_per_s": 8},
        "prompt_tokens": {"kind": "lognormal", "mean": 400, "cv": 0.8},
        "output_tokens": {"kind": "lognormal", "mean": 60, "cv": 1.0},
        "slo": {"ttft_s": 0.5, "tpot_s": 0.05},
    }
    pool = {"model": "llama-3.1-8b", "device": "h100-sxm-80gb", "purchase": {"price_usd_per_h": 3.0}}
    return {
        "workload": {"chat": traffic | changes.get("traffic", {})},
        "fleet": {"main": pool | changes.get("pool", {})},
        "run": {"requests": 400, "seed": 3} | changes.get("run", {}),
    }


def without_wall(result) -> str:
    return json.dumps(result.summary() | {"wall": None})


def test_every_request_and_token_is_accounted_for():
    figures = sim.simulate(scenario()).summary()
    requests = figures["requests"]
    assert requests["arrived"] == 400 == requests["completed"] + requests["rejected"] + requests["in_system"]
    assert requests["completed"] == 400


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    first, again, other = (sim.simulate(scenario(run={"seed": seed})) for seed in (3, 3, 4))
    assert without_wall(first) == without_wall(again) != without_wall(other)
    for result, name in ((first, "a"), (again, "b")):
        result.save(tmp_path / name)
    for name in ("scenario.yaml", "requests.parquet", "timeline.parquet", "provenance.json", "dashboard.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_single_stepping_gives_the_same_figures():
    stretches, single = (sim.simulate(scenario(run={"stepping": mode})) for mode in ("stretches", "single"))
    ours, reference = stretches.summary(), single.summary()
    for name in ("ttft_s", "tpot_s", "e2e_s", "queue_s", "itl_s"):
        assert ours[name] == pytest.approx(reference[name], rel=1e-9), name
    assert ours["requests"] == reference["requests"]
    assert ours["utilisation"] == pytest.approx(reference["utilisation"], rel=1e-9)
    # blocks are summed over a stretch's steps, as if all took equally long
    assert ours["kv_cache"] == pytest.approx(reference["kv_cache"], rel=1e-3)
    assert single.events > 3 * stretches.events


def test_definitions_hold_on_the_request_table():
    result = sim.simulate(scenario(run={"warmup": 10}))
    table = result.requests[lambda t: t.arrival_s >= 10]
    figures = result.summary()
    ttft = table.first_token_s - table.arrival_s
    e2e = table.finish_s - table.arrival_s
    several = table.output_tokens > 1
    tpot = ((e2e - ttft) / (table.output_tokens - 1))[several]
    for name, values in (("ttft_s", ttft), ("e2e_s", e2e), ("tpot_s", tpot)):
        assert figures[name]["p95"] == pytest.approx(np.percentile(values, 95), rel=1e-12)
        assert figures[name]["mean"] == pytest.approx(values.mean(), rel=1e-12)
    within = (ttft <= 0.5) & ~(tpot.reindex(table.index) > 0.05)
    assert figures["goodput"]["fraction"] == pytest.approx(within.mean())


def test_cost_is_the_price_of_the_devices_over_the_span():
    result = sim.simulate(scenario(pool={"parallel": {"tensor": 2}, "replicas": 2}))
    figures = result.summary()
    span_s = result.requests.finish_s.max() - figures["confidence"]["engine"]["frontend_s"]["value"]
    assert figures["cost"]["usd_total"] == pytest.approx(3.0 * 4 * span_s / 3600)
    assert figures["cost"]["usd_per_request"] == pytest.approx(figures["cost"]["usd_total"] / 400)
    assert figures["pools"]["main"]["cost"] == figures["cost"]
    assert sim.simulate(scenario(pool={"purchase": {}})).summary()["cost"] is None


def test_a_model_that_does_not_fit_is_refused_with_the_arithmetic():
    with pytest.raises(DoesNotFit) as refusal:
        sim.simulate(scenario(pool={"model": "llama-3.1-70b"}))
    message = str(refusal.value)
    for part in ("fleet.main", "weights 141.1 GB", "usable (90% of 85.5 GB)", "parallel.tensor ≥ 2"):
        assert part in message


def test_a_context_that_the_kv_memory_does_not_hold_is_refused_as_vllm_refuses_it():
    # 100 blocks of 16 tokens, one of them the null block
    with pytest.raises(InputError, match="the KV memory holds 1584 tokens") as refusal:
        sim.simulate(scenario(pool={"engine": {"max_model_len": 5000, "num_gpu_blocks_override": 100}}))
    assert refusal.value.field == "fleet.main.engine.max_model_len"


def test_a_context_beyond_the_models_own_is_run_as_measured_servers_run_it_with_a_warning():
    told = sim.simulate(scenario(pool={"engine": {"max_model_len": 200_000}})).summary()["warnings"]
    assert any("max_model_len is 200,000: llama-3.1-8b was made for 131,072 tokens" in sentence for sentence in told)
    within = sim.simulate(scenario(pool={"engine": {"max_model_len": 100_000}})).summary()["warnings"]
    assert not any("was made for" in sentence for sentence in within)


def test_a_run_can_be_varied_from_python():
    base = scenario()
    changed = sim.simulate(base, {"fleet.main.replicas": 2}, seed=9)
    assert (changed.scenario.fleet["main"].replicas, changed.scenario.run.seed) == (2, 9)
    assert without_wall(changed) == without_wall(sim.simulate(base, ["fleet.main.replicas=2", "run.seed=9"]))
    again = sim.simulate(changed.scenario, {"run.seed": 3})
    assert again.scenario.run.seed == 3
    with pytest.raises(InputError, match="replica"):
        sim.simulate(base, {"fleet.main.replica": 2})
    for wrong in ("run.seed=3", {1: 2}, [3], 5):
        with pytest.raises(InputError):
            sim.simulate(base, wrong)
    for wrong in ({"fleet.man.replicas": 2}, ["fleet.man.replicas=2"]):
        with pytest.raises(InputError, match="Did you mean 'main'"):
            sim.simulate(base, wrong)
    with pytest.raises(InputError, match="loaded already"):
        sim.simulate(load.from_mapping(base), seed=9)


def test_a_result_says_what_was_run():
    result = sim.simulate(scenario(pool={"device": "H100", "precision": {"kv_cache": "fp8"}}))
    told = result.summary()["pools"]["main"]["deployment"]
    assert told == {
        "model": "llama-3.1-8b",
        "device": "h100-sxm-80gb",
        "replicas": 1,
        "devices": 1,
        "tensor": 1,
        "engine": "vllm",
        "weights": "bf16",
        "kv_cache": "fp8",
    }
    pool = result.scenario.fleet["main"]
    assert (pool.device, pool.precision.weights) == ("h100-sxm-80gb", "bf16")


def test_a_memory_that_holds_less_than_the_model_was_made_for_is_said():
    few = {"num_gpu_blocks_override": 101}
    result = sim.simulate(scenario(pool={"engine": few}, run={"requests": 20}))
    assert any("the KV memory holds 1,600 tokens" in warning for warning in result.warnings)
    stated = sim.simulate(scenario(pool={"engine": few | {"max_model_len": 1600}}, run={"requests": 20}))
    assert not any("KV memory holds" in warning for warning in stated.warnings)


def test_an_overload_is_said():
    result = sim.simulate(scenario(pool={"engine": {"max_num_seqs": 4}}, run={"requests": 2000}))
    assert any(warning.startswith("overload") for warning in result.warnings)
    assert result.summary()["warnings"] == result.warnings
    assert not sim.simulate(scenario(run={"requests": 2000})).warnings


def test_an_overload_that_the_client_holds_back_is_said():
    capped = {"arrivals": {"kind": "poisson", "rate_per_s": 60, "max_in_flight": 8}}
    result = sim.simulate(scenario(traffic=capped, run={"requests": 3000}))
    assert result.warnings[0].startswith("overload")
    assert "whose max_in_flight keeps it out of the latencies." in result.warnings[0]
    assert "max_in_flight held them back" in result.warnings[1]
    table = result.requests
    assert (table.due_s <= table.arrival_s).all()
    assert (table.arrival_s - table.due_s).max() > 10


def recorded(folder, *rows: tuple[float, int, int], **changes) -> dict:
    """The small service on a trace of (arrival, prompt, output)."""
    lines = "".join(f"{arrival_s},{prompt},{output}\n" for arrival_s, prompt, output in rows)
    (folder / "t.csv").write_text(f"arrival_s,prompt_tokens,output_tokens\n{lines}")
    asked = scenario(**changes)
    return asked | {"workload": {"chat": {"trace": {"path": str(folder / "t.csv")}}}}


def test_recorded_requests_that_are_too_long_are_rejected_counted_and_said(tmp_path):
    rows = [(i, 100 + 50 * i, 60) for i in range(6)]  # 300 tokens are exceeded from the fourth on
    result = sim.simulate(recorded(tmp_path, *rows, run={"requests": 6}, pool={"engine": {"max_model_len": 300}}))
    requests = result.summary()["requests"]
    assert (requests["rejected"], requests["completed"]) == (3, 3)
    assert requests["cut"] == {"prompts": 0, "outputs": 0}
    assert result.requests.prompt_tokens.tolist() == [prompt for _, prompt, _ in rows]
    assert "rejected" in result.warnings[0]


@pytest.mark.parametrize("arrivals", [{"kind": "poisson", "rate_per_s": 8}, {"kind": "closed_loop", "clients": 4}])
def test_generated_lengths_beyond_the_context_are_cut_counted_and_said(arrivals):
    free = sim.simulate(scenario(traffic={"arrivals": arrivals}))
    result = sim.simulate(scenario(traffic={"arrivals": arrivals}, pool={"engine": {"max_model_len": 300}}))
    drawn, table, requests = free.requests, result.requests, result.summary()["requests"]
    if arrivals["kind"] == "closed_loop":  # the same lengths, in the order of sending
        drawn = drawn.sort_values("request")
    assert table.prompt_tokens.tolist() == drawn.prompt_tokens.clip(upper=299).tolist()
    assert (table.output_tokens <= 300 - table.prompt_tokens).all()
    changed = [(table[of] != drawn[of]).sum() for of in ("prompt_tokens", "output_tokens")]
    assert requests["cut"] == {"prompts": changed[0], "outputs": changed[1]}
    assert min(changed) > 0
    assert requests["completed"] == 400
    assert f"{changed[0]:,} prompts and {changed[1]:,} outputs of 400 requests were drawn longer" in result.warnings[0]
    assert free.summary()["requests"]["cut"] == {"prompts": 0, "outputs": 0}


def test_reasoning_is_part_of_the_output_and_counted_apart():
    plain = sim.simulate(scenario())
    traffic = {"reasoning_tokens": {"kind": "geometric", "mean": 200}}
    result = sim.simulate(scenario(traffic=traffic))
    table, figures = result.requests, result.summary()
    assert table.prompt_tokens.equals(plain.requests.prompt_tokens)
    assert (table.output_tokens - table.reasoning_tokens).equals(plain.requests.output_tokens)
    assert figures["tokens"]["reasoning"] == table.reasoning_tokens.sum() > 0
    assert figures["tokens"]["output"] == plain.summary()["tokens"]["output"] + figures["tokens"]["reasoning"]
    assert plain.summary()["tokens"]["reasoning"] == 0
    tight = sim.simulate(scenario(traffic=traffic, pool={"engine": {"max_model_len": 300}})).requests
    assert (tight.reasoning_tokens <= tight.output_tokens).all()
    assert (tight.reasoning_tokens == np.minimum(table.reasoning_tokens, tight.output_tokens)).all()


def test_a_run_that_completes_nothing_has_nulls_and_no_nan(tmp_path):
    rows = [(i, 10, 10) for i in range(5)]
    result = sim.simulate(recorded(tmp_path, *rows, run={"requests": 5}, pool={"engine": {"max_model_len": 2}}))
    text = json.dumps(result.summary(), allow_nan=False)
    figures = json.loads(text)
    assert figures["requests"]["rejected"] == 5
    assert figures["ttft_s"] == dict.fromkeys(("mean", "p50", "p90", "p95", "p99"))
    assert figures["throughput"]["requests_per_s"] is None


def test_the_horizon_leaves_requests_in_the_system():
    figures = sim.simulate(scenario(run={"requests": None, "duration_s": 20, "until": "horizon"})).summary()
    requests = figures["requests"]
    assert requests["in_system"] > 0
    assert requests["arrived"] == requests["completed"] + requests["in_system"]
    assert figures["throughput"]["requests_per_s"] == pytest.approx(requests["completed"] / 20)
    assert figures["utilisation"]["busy"] <= 1.0


def test_classes_have_figures_of_their_own():
    both = scenario()
    both["workload"]["batch"] = {
        "arrivals": {"kind": "closed_loop", "clients": 4},
        "prompt_tokens": {"kind": "fixed", "value": 1000},
        "output_tokens": {"kind": "fixed", "value": 20},
    }
    result = sim.simulate(both)
    figures = result.summary()
    classes = figures["classes"]
    assert list(classes) == ["chat", "batch"]
    assert sum(c["requests"]["arrived"] for c in classes.values()) == 400
    assert classes["batch"]["goodput"] is None
    assert list(figures["goodput"]["slo"]) == ["chat"]
    # Each token but a request's first ends a gap, so the gaps of the classes add up to all gaps.
    parts = (*classes.values(), figures)
    gaps = [c["itl_s"]["mean"] * (c["tokens"]["output"] - c["requests"]["completed"]) for c in parts]
    assert gaps[0] + gaps[1] == pytest.approx(gaps[2], rel=1e-9)


def test_saved_tables_hold_what_the_result_shows(tmp_path):
    result = sim.simulate(scenario())
    folder = result.save(tmp_path / "deep" / "out")
    assert sorted(path.name for path in folder.iterdir()) == [
        "dashboard.png",
        "provenance.json",
        "requests.parquet",
        "scenario.yaml",
        "summary.json",
        "timeline.parquet",
    ]
    columns = [row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{folder}/requests.parquet'").fetchall()]
    assert columns == list(result.requests.columns)
    stored = duckdb.sql(f"SELECT sum(output_tokens), max(finish_s) FROM '{folder}/requests.parquet'").fetchall()[0]
    assert stored == (result.requests.output_tokens.sum(), result.requests.finish_s.max())
    again = sim.simulate(folder / "scenario.yaml")
    assert without_wall(again) == without_wall(result)


def test_timeline_adds_up():
    result = sim.simulate(scenario(run={"requests": 3000}))
    timeline, figures = result.timeline, result.summary()
    length = 2 * (timeline.middle_s - timeline.start_s)
    span = length.sum()
    assert (timeline.completions_per_s * length).sum() == pytest.approx(3000)
    assert (timeline.arrivals_per_s * length).sum() == pytest.approx(3000)
    assert (timeline.output_tokens_per_s * length).sum() == pytest.approx(figures["tokens"]["output"])
    assert (timeline.busy * length).sum() / span == pytest.approx(figures["utilisation"]["busy"])
    assert (timeline.kv_fraction * length).sum() / span == pytest.approx(figures["kv_cache"]["mean_fraction"])
    assert (timeline.queue_mean * length).sum() / span == pytest.approx(figures["queue"]["mean"])


def closed(clients=8) -> dict:
    loop = {"arrivals": {"kind": "closed_loop", "clients": clients}}
    return loop | {"prompt_tokens": {"kind": "uniform", "low": 1000, "high": 3000}}


CAPPED = {"arrivals": {"kind": "poisson", "rate_per_s": 60, "max_in_flight": 8}}


@pytest.mark.parametrize("traffic", [{}, closed(), CAPPED])
def test_the_last_send_may_be_the_horizon(traffic):
    modes = ({"until": "horizon", "stepping": mode} for mode in ("stretches", "single"))
    ours, reference = (sim.simulate(scenario(traffic=traffic, run=run)) for run in modes)
    figures, single = ours.summary(), reference.summary()
    assert figures["span"]["end_s"] == ours.requests.arrival_s.max()
    assert figures["requests"]["arrived"] == 400
    assert figures["requests"]["in_system"] > 0
    assert figures["requests"] == single["requests"]
    for name in ("utilisation", "throughput", "ttft_s"):
        assert figures[name] == pytest.approx(single[name], rel=1e-6), name
    ours, reference = figures["energy"], single["energy"]
    assert ours.pop("device_power_w") == pytest.approx(reference.pop("device_power_w"), rel=1e-3)
    assert ours == pytest.approx(reference, rel=1e-3)  # the limit cuts a stretch by its mean


@pytest.mark.parametrize("until", ["drained", "horizon"])
def test_an_automatic_warm_up_gives_the_figures_of_the_same_time_stated(until):
    run = {"until": until, "requests": 300}
    found, again = (sim.simulate(scenario(traffic=closed(64), run=run | {"warmup": "auto"})) for _ in range(2))
    assert without_wall(found) == without_wall(again)
    figures = found.summary()
    begin_s = figures["span"]["begin_s"]
    assert 0 < begin_s <= 0.5 * found.requests.arrival_s.max()
    stated = sim.simulate(scenario(traffic=closed(64), run=run | {"warmup": begin_s})).summary()
    assert figures.pop("span") | {"warmup": "stated"} == stated.pop("span")
    for each in (figures, stated):
        each.pop("wall")
    assert figures == stated


def test_energy_rests_on_what_the_device_profile_says():
    figures = sim.simulate(scenario(pool={"parallel": {"tensor": 2}})).summary()
    energy, power = figures["energy"], figures["confidence"]["power"]
    assert (power["device"], power["confidence"]) == ("h100-sxm-80gb", "measured")
    assert 98 < energy["device_power_w"]["mean"] < energy["device_power_w"]["peak"] <= 700
    total = energy["device_power_w"]["mean"] * 2 * figures["span"]["end_s"]
    assert energy["joules_total"] == pytest.approx(total)
    derived = sim.simulate(scenario(pool={"device": "l40s-48gb"})).summary()
    assert derived["confidence"]["power"]["confidence"] == "derived"
    assert derived["energy"]["device_power_w"]["peak"] <= 350


def test_the_timeline_of_a_run_that_is_cut_off_stays_within_what_there_is():
    # prompts of 5,000 tokens, many to a step: the horizon falls into a step that lasts beyond it
    long = {"arrivals": {"kind": "poisson", "rate_per_s": 20}, "prompt_tokens": {"kind": "fixed", "value": 5000}}
    run = {"requests": None, "duration_s": 3.33, "until": "horizon"}
    engine = {"max_num_batched_tokens": 65536}
    for replicas in (1, 2):
        result = sim.simulate(scenario(traffic=long, pool={"engine": engine, "replicas": replicas}, run=run))
        timeline, figures = result.timeline, result.summary()
        length = 2 * (timeline.middle_s - timeline.start_s)
        assert timeline.busy.max() == pytest.approx(1.0)
        assert timeline.kv_fraction.max() <= 1.0
        assert (timeline.busy * length).sum() / 3.33 == pytest.approx(figures["utilisation"]["busy"])
        assert (timeline.kv_fraction * length).sum() / 3.33 == pytest.approx(figures["kv_cache"]["mean_fraction"])


def test_what_was_not_sampled_is_neither_counted_nor_paid_for():
    # the first prompt is a step of over a second: 60,000 tokens · 2 · 8e9 weights at less than 1e15 FLOP/s
    offline = {name: {"kind": "fixed", "value": n} for name, n in (("prompt_tokens", 60_000), ("output_tokens", 2))}
    offline |= {"arrivals": {"kind": "all_at_once"}}
    run = {"requests": 8, "duration_s": 0.2, "until": "horizon"}  # the first prompt alone takes longer
    result = sim.simulate(scenario(traffic=offline, pool={"engine": {"max_num_batched_tokens": 65536}}, run=run))
    assert result.requests.first_token_s.isna().all()
    figures = result.summary()
    assert figures["throughput"]["output_tokens_per_s"] == 0.0
    assert figures["cost"]["usd_per_million_output_tokens"] is None
    assert figures["utilisation"]["busy"] == pytest.approx(1.0)


def test_requests_and_tokens_of_a_window_are_those_of_one_clock():
    one = {name: {"kind": "fixed", "value": n} for name, n in (("prompt_tokens", 10), ("output_tokens", 1))}
    even = one | {"arrivals": {"kind": "deterministic", "rate_per_s": 20}}
    figures = sim.simulate(scenario(traffic=even, run={"warmup": 1.0})).summary()
    assert figures["throughput"]["requests_per_s"] == figures["throughput"]["output_tokens_per_s"]
    cost = figures["cost"]
    assert cost["usd_per_request"] * 1e6 == pytest.approx(cost["usd_per_million_output_tokens"])


def test_a_warm_up_into_a_stretch_gives_the_figures_of_single_steps():
    offline = {"arrivals": {"kind": "all_at_once"}, "prompt_tokens": {"kind": "fixed", "value": 16}}
    offline |= {"output_tokens": {"kind": "fixed", "value": 2000}}
    run = {"requests": 50, "warmup": 8.0}
    modes = ({"stepping": mode} for mode in ("stretches", "single"))
    ours, reference = (sim.simulate(scenario(traffic=offline, run=run | mode)) for mode in modes)
    for name in ("utilisation", "kv_cache", "throughput", "batch"):
        assert ours.summary()[name] == pytest.approx(reference.summary()[name], rel=2e-3), name
    # A bin of a long stretch lies on a line in time, and the blocks of equal requests come in jumps.
    np.testing.assert_allclose(ours.timeline.kv_fraction, reference.timeline.kv_fraction, atol=0.02)


def test_a_result_shows_itself_as_a_table():
    result = sim.simulate(scenario(run={"requests": 20}))
    shown = result._repr_html_()
    assert "<table>" in shown
    assert "TTFT" in shown
    assert "p99" in shown


@pytest.mark.parametrize(("trace", "rows"), [("conv", 19366), ("code", 8819)])
def test_real_traces_run_to_the_end(shared_data, trace, rows):
    path = shared_data / "traces" / f"AzureLLMInferenceTrace_{trace}.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    asked = duckdb.sql(f"SELECT sum(GeneratedTokens) FROM read_csv('{path}')").fetchall()[0][0]
    result = sim.simulate(
        {
            "workload": {"azure": {"trace": {"path": str(path), "format": "azure"}}},
            "fleet": {"main": {"model": "llama-3.1-8b", "device": "h100-sxm-80gb"}},
        }
    )
    figures = result.summary()
    assert figures["requests"]["arrived"] == figures["requests"]["completed"] == rows
    assert figures["tokens"]["output"] == asked


def test_pauses_before_the_warmup_do_not_count_as_gaps():
    offline = {
        "traffic": {"arrivals": {"kind": "all_at_once"}, "slo": {"e2e_s": 100}},
        "pool": {"engine": {"num_gpu_blocks_override": 120, "max_model_len": 1900}},
    }
    whole = sim.simulate(scenario(run={"requests": 60}, **offline))
    assert whole.summary()["requests"]["preemptions"] > 0
    table = whole.requests
    gaps = (table.output_tokens - 1).sum()
    # All gaps of a request, pauses included, add up to the time from its first to its last token.
    spent_s = (table.finish_s - table.first_token_s).sum()
    assert whole.summary()["itl_s"]["mean"] * gaps == pytest.approx(spent_s, rel=1e-9)
    late = float(table.finish_s.max()) - 0.1
    after = sim.simulate(scenario(run={"requests": 60, "warmup": late}, **offline)).summary()
    assert 0.005 < after["itl_s"]["mean"] <= after["itl_s"]["p99"] < 0.1  # steps alone


def test_requests_evicted_and_not_back_at_the_horizon_are_in_the_queue():
    pool = {"engine": {"num_gpu_blocks_override": 120, "max_model_len": 1900}}
    run = {"requests": 300, "duration_s": 10, "until": "horizon"}
    result = sim.simulate(scenario(traffic={"arrivals": {"kind": "poisson", "rate_per_s": 20}}, pool=pool, run=run))
    figures = result.summary()
    assert figures["requests"]["preemptions"] > 0
    table = result.requests
    # Little: ∫ requests in the system dt = Σ stays; in steps it is batch · busy time, and the rest waits.
    frontend_s = figures["confidence"]["engine"]["frontend_s"]["value"]
    stays = ((table.finish_s - frontend_s).fillna(10.0).clip(upper=10.0) - table.arrival_s)[table.status != "rejected"]
    in_steps = figures["batch"]["mean"] * figures["utilisation"]["busy"] * 10
    assert in_steps + figures["queue"]["mean"] * 10 == pytest.approx(stays.sum(), rel=1e-9)


def test_memory_traffic_counts_every_device_of_a_replica():
    """One sequence at a time: a decode step moves the weights once, and 2 · 32 · 8 · 128 · 2 B = 131 kB a KV token."""
    lone = {"arrivals": {"kind": "closed_loop", "clients": 1}}
    lone |= {name: {"kind": "fixed", "value": value} for name, value in (("prompt_tokens", 10), ("output_tokens", 500))}
    for tensor in (1, 2):
        figures = sim.simulate(
            scenario(traffic=lone, pool={"parallel": {"tensor": tensor}}, run={"requests": 4})
        ).summary()
        moved = figures["utilisation"]["mbu"] * 3.35e12 * tensor
        seconds = figures["e2e_s"]["mean"] / 500  # of a step, the front end's share being small
        weights = 2 * (8.03e9 - 128256 * 4096)  # the embedding is looked up, not read
        assert moved * seconds == pytest.approx(weights + 260 * 131072, rel=0.02)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"traffic": RARE, "run": {"requests": None, "duration_s": 1}}, "class 'chat' sent no request"),
        ({"pool": {"engine": {"num_gpu_blocks_override": 10_000_000}}}, "no such device would start"),
    ],
)
def test_what_a_reader_must_not_miss_is_said(changes, said):
    assert said in " ".join(sim.simulate(scenario(**changes)).warnings)


def test_a_trace_shorter_than_what_was_asked_for_is_said(tmp_path):
    (tmp_path / "t.csv").write_text("arrival_s,prompt_tokens,output_tokens\n0,10,5\n1,10,5\n")
    result = sim.simulate(
        {
            "workload": {"mine": {"trace": {"path": str(tmp_path / "t.csv")}}},
            "fleet": {"main": {"model": "llama-3.1-8b", "device": "h100-sxm-80gb"}},
            "run": {"requests": 9},
        }
    )
    assert result.warnings == ["9 requests were asked for, and the traces hold 2."]


def test_a_folder_in_the_way_of_a_file_is_said_and_leaves_no_draft(tmp_path):
    (tmp_path / "summary.json").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        sim.simulate(scenario(run={"requests": 5})).save(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".infersim")]


def test_too_small_a_share_of_memory_is_named_as_the_remedy():
    with pytest.raises(DoesNotFit, match=r"with engine\.gpu_memory_utilization = 0\.9"):
        sim.simulate(scenario(pool={"engine": {"gpu_memory_utilization": 0.05}}))


def test_more_requests_than_memory_can_hold_are_refused():
    with pytest.raises(InputError, match="1e\\+18 requests"):
        sim.simulate(
            scenario(
                traffic={"arrivals": {"kind": "poisson", "rate_per_s": 1e9}}, run={"requests": None, "duration_s": 1e9}
            )
        )


def test_a_price_that_outlives_a_change_of_device_is_said(tmp_path):
    path = tmp_path / "chat.yaml"
    path.write_text((Path(__file__).parents[1] / "experiments" / "first_light" / "chat.yaml").read_text())
    other = {"fleet.main.device": "l40s-48gb", "run.duration_s": 5}
    assert any("price of 3 USD an hour stayed" in warning for warning in sim.simulate(path, other).warnings)
    priced = other | {"fleet.main.purchase.price_usd_per_h": 1.2}
    assert not any("stayed" in warning for warning in sim.simulate(path, priced).warnings)
    assert not any("stayed" in warning for warning in sim.simulate(path, {"run.duration_s": 5}).warnings)
