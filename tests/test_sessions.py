"""The whole way with conversations and shared prefixes: figures, tables, warnings, and what is refused."""

import gzip
import json

import numpy as np
import pytest

import infersim as sim
from infersim.errors import InputError, NotModelled
from infersim.load import from_mapping
from infersim.runs.table import read_table

CHAT = {
    "arrivals": {"kind": "poisson", "rate_per_s": 1},
    "sessions": {"turns": {"kind": "geometric", "mean": 4}, "think_s": {"kind": "exponential", "mean": 5}},
    "prompt_tokens": {"kind": "lognormal", "mean": 150, "cv": 1},
    "output_tokens": {"kind": "geometric", "mean": 60},
}
AGENTS = {**CHAT, "arrivals": {"kind": "closed_loop", "clients": 3, "think_s": 2}}
PLAIN = {key: value for key, value in CHAT.items() if key != "sessions"}
CACHING = "fleet.main.engine.enable_prefix_caching"
REAL = {"lmbench": [0, 30], "multi_turn": [12], "agentic": [9, 54]}


def scenario(*classes, pool=None, **run) -> dict:
    named = {f"class{number}": traffic for number, traffic in enumerate(classes)}
    main = {"model": "llama-3.1-8b", "device": "h100-sxm-80gb"} | (pool or {})
    return {"workload": named, "fleet": {"main": main}, "run": {"requests": 600, "seed": 2} | run}


def shared_part(result) -> list[str]:
    return [said for said in result.warnings if "a prefix cache of endless size" in said]


def test_sessions_are_counted_and_told_in_the_table():
    result = sim.simulate(scenario(CHAT, AGENTS, PLAIN))
    figures, table = result.summary(), result.requests
    assert figures["requests"]["completed"] == 600
    for number, name in enumerate(("class0", "class1")):
        mine = table[table["class"] == f"class{number}"]
        counts = figures["classes"][name]["sessions"]
        assert counts["begun"] == mine["session_id"].nunique() == (mine["turn"] == 0).sum()
        assert 0 < counts["completed"] < counts["begun"]
        assert counts["cut"] == 0
    assert figures["classes"]["class2"]["sessions"] is None
    assert set(table[table["class"] == "class2"]["turn"]) == {-1}
    each = [figures["classes"][name]["sessions"] for name in ("class0", "class1")]
    assert figures["sessions"] == {key: each[0][key] + each[1][key] for key in each[0]}


def test_drained_sessions_are_completed():
    arrivals = {"kind": "deterministic", "rate_per_s": 2}
    figures = sim.simulate(scenario({**CHAT, "arrivals": arrivals}, requests=None, duration_s=60)).summary()
    long_since = sim.simulate(
        scenario({**CHAT, "arrivals": arrivals, "sessions": {"turns": {"kind": "fixed", "value": 1}}}, duration_s=60)
    ).summary()
    assert long_since["sessions"] == {"begun": 120, "completed": 120, "cut": 0}
    assert figures["sessions"]["begun"] == 120
    assert figures["sessions"]["completed"] < 120  # those that duration_s found thinking


def test_single_stepping_gives_the_same_figures(tmp_path):
    stretches, single = (sim.simulate(scenario(CHAT, AGENTS, PLAIN, stepping=mode)) for mode in ("stretches", "single"))
    for name in ("arrival_s", "first_token_s", "finish_s"):
        np.testing.assert_allclose(stretches.requests[name], single.requests[name], rtol=1e-9)
    assert stretches.summary()["sessions"] == single.summary()["sessions"]
    stretches.save(tmp_path)
    again = sim.simulate(tmp_path / "scenario.yaml").summary()
    assert json.dumps(again | {"wall": 0}) == json.dumps(stretches.summary() | {"wall": 0})


def test_a_session_says_the_same_on_any_server():
    slow = {"pool": {"device": "l40s-48gb"}}
    talks = [
        {
            (session, turn): (prompt, output)
            for session, turn, prompt, output in zip(
                *(table[name] for name in ("session_id", "turn", "prompt_tokens", "output_tokens")), strict=True
            )
        }
        for table in (sim.simulate(scenario(AGENTS, **options)).requests for options in ({}, slow))
    ]
    both = talks[0].keys() & talks[1].keys()
    assert len(both) > 400
    assert all(talks[0][key] == talks[1][key] for key in both)


def test_a_full_context_is_counted_and_said():
    result = sim.simulate(scenario(AGENTS, pool={"engine": {"max_model_len": 1000}}))
    cut = result.summary()["sessions"]["cut"]
    assert cut > 20
    assert any(said.startswith(f"{cut} sessions ended before their last turn") for said in result.warnings)
    table = result.requests
    assert (table["prompt_tokens"] + table["output_tokens"]).max() <= 1000
    assert result.summary()["requests"]["rejected"] == 0


def test_a_session_that_the_context_ended_is_not_completed():
    long = {**AGENTS, "sessions": AGENTS["sessions"] | {"turns": {"kind": "fixed", "value": 100}}}
    counts = sim.simulate(scenario(long, pool={"engine": {"max_model_len": 1000}})).summary()["sessions"]
    assert counts["completed"] == 0
    assert counts["begun"] - 3 <= counts["cut"] <= counts["begun"]  # a session a client is under way at the end


def test_what_an_endless_cache_would_have_saved_is_said():
    fixed = {"prompt_tokens": {"kind": "fixed", "value": 100}, "output_tokens": {"kind": "fixed", "value": 20}}
    three = {
        **CHAT,
        **fixed,
        "sessions": {"turns": {"kind": "fixed", "value": 3}},
        "arrivals": {"kind": "closed_loop", "clients": 1},
    }
    (said,) = shared_part(sim.simulate(scenario(three)))
    # 100, 220 and 340 tokens, of which 0, 120 and 240 are not new.
    assert said.startswith(f"{100 * 360 / 660:.3g}% of the prompt tokens")
    (said,) = shared_part(sim.simulate(scenario({**PLAIN, **fixed, "shared_prefix_tokens": 40, "shared_prefixes": 6})))
    assert said.startswith(f"{100 * 0.4 * 594 / 600:.3g}% of the prompt tokens")
    (said,) = shared_part(sim.simulate(scenario({**PLAIN, "distinct_prompts": 1})))
    assert said.startswith("99.8% of the prompt tokens")
    assert not shared_part(sim.simulate(scenario(PLAIN)))
    alone = {**CHAT, "sessions": CHAT["sessions"] | {"keeps_context": False}}
    assert not shared_part(sim.simulate(scenario(alone)))


@pytest.mark.parametrize(
    "traffic",
    [
        CHAT,
        {**PLAIN, "shared_prefix_tokens": 10},
        {**PLAIN, "distinct_prompts": 10},
        {"trace": {"path": "talks.csv", "format": "sessions"}},
    ],
)
def test_prefix_caching_is_refused_where_prompts_share_something(traffic):
    with pytest.raises(NotModelled, match="not modelled yet where prompts share something") as caught:
        from_mapping(scenario(traffic), {CACHING: True})
    assert caught.value.field == CACHING
    from_mapping(scenario(traffic), {CACHING: False})


@pytest.mark.parametrize("traffic", [PLAIN, {**CHAT, "sessions": CHAT["sessions"] | {"keeps_context": False}}])
def test_prefix_caching_is_taken_where_prompts_share_nothing(traffic):
    assert from_mapping(scenario(traffic), {CACHING: True}).scenario.fleet["main"].engine.enable_prefix_caching


@pytest.mark.parametrize(
    ("traffic", "field", "says"),
    [
        ({**CHAT, "arrivals": {"kind": "all_at_once"}}, "arrivals", "need times to start at"),
        ({**CHAT, "arrivals": CHAT["arrivals"] | {"max_in_flight": 4}}, "arrivals.max_in_flight", "is not for"),
        ({**CHAT, "distinct_prompts": 4}, "distinct_prompts", "takes no distinct_prompts"),
        ({**PLAIN, "shared_prefixes": 4}, "shared_prefixes", "needs shared_prefix_tokens"),
        ({**CHAT, "trace": {"path": "a.csv"}}, "arrivals", "a class with a trace takes no"),
        (
            {"trace": {"path": "a.csv"}, "arrivals": AGENTS["arrivals"]}, "arrivals",
            "a class with a trace takes no arrivals",
        ),
        (
            {"trace": {"path": "a.csv", "format": "sessions"}, "arrivals": CHAT["arrivals"]}, "arrivals",
            "a class with a trace takes no arrivals",
        ),
        ({"trace": {"path": "a.csv", "format": "sessions", "max_in_flight": 3}}, "trace.max_in_flight", "is not for"),
        ({"trace": {"path": "a.csv"}, "shared_prefix_tokens": 3}, "shared_prefix_tokens", "takes no"),
        ({**CHAT, "sessions": {"turns": {"kind": "fixed", "value": 0}}}, "sessions.turns.value", "≥ 1"),
        (
            {**CHAT, "sessions": CHAT["sessions"] | {"think_s": {"kind": "uniform", "low": 3, "high": 2}}},
            "sessions.think_s.high", "is below low",
        ),
        ({**CHAT, "sessions": {}}, "sessions.turns", "required"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_by_its_field(traffic, field, says):
    with pytest.raises(InputError, match=says) as caught:
        from_mapping(scenario(traffic))
    assert caught.value.field == f"workload.class0.{field}"


@pytest.mark.parametrize(("name", "row"), [(name, row) for name, rows in REAL.items() for row in rows])
def test_recorded_sessions_are_replayed_whole(shared_data, name, row):
    """Real conversations with caching off: each turn accounted for, and what they share is what their table says."""
    table = read_table(shared_data / "runs" / f"{name}.csv.gz")
    later = ("compilation_config", "attention_config", "kv_offloading_backend", "kv_offloading_size")
    settings = table.settings(row) | {f"fleet.main.engine.{option}": None for option in later}
    with pytest.raises(NotModelled, match="where prompts share something"):
        table.base.laid_under(settings, "test")
    result = sim.simulate(table.base.laid_under(settings | {CACHING: False}, "test"))
    trace = gzip.decompress((shared_data / "runs" / table.settings(row)["workload.load.trace.path"]).read_bytes())
    rows = [line.split(",") for line in trace.decode().splitlines()[1:]]
    requests = result.summary()["requests"]
    assert requests["arrived"] == requests["completed"] == len(rows)
    sessions = len({cells[0] for cells in rows})
    assert result.summary()["sessions"] == {"begun": sessions, "completed": sessions, "cut": 0}
    assert sorted(zip(result.requests["session_id"], result.requests["turn"], strict=True)) == sorted(
        (int(cells[0]), int(cells[1])) for cells in rows
    )
    (said,) = shared_part(result)
    assert float(said.partition("%")[0]) / 100 == pytest.approx(
        float(table.label(row, "prefix_reuse_of_trace")), abs=6e-4
    )
