"""The block `intervals` of a run: where there is one, it holds the figure; where there is none, it says why."""

import json

import pytest

import infersim as sim
from infersim.runs.figures import figure
from tests.load.scenarios import CHAT


@pytest.fixture
def summary(tmp_path):
    def run(**changes):
        (tmp_path / "chat.yaml").write_text(CHAT, encoding="utf-8")
        return sim.simulate(tmp_path / "chat.yaml", changes).summary()

    return run


def test_intervals_hold_the_figures_and_a_path_has_one_or_a_reason(summary):
    figures = summary(**{"run.requests": 3000})
    block = figures["intervals"]
    assert block["method"] == "batch_means"
    assert figures["overloaded"] is False
    paths = [f"{name}.{of}" for name in ("ttft_s", "tpot_s", "e2e_s", "queue_s") for of in ("mean", "p50", "p99")]
    for path in (*paths, "throughput.requests_per_s"):
        name, of = path.split(".")
        assert (path in block["batches"]) == (block[name][of] is not None) != (path in block["missing"])
        if block[name][of] is not None:
            low, high = block[name][of]
            assert low <= figure(figures, path) <= high
    assert block["missing"]["ttft_s.p99"] == "too short"  # 30 requests beyond it
    assert block["times_as_long"]["ttft_s.mean"] < 1.0


def test_an_overload_is_marked_and_has_no_intervals(summary):
    figures = summary(**{"run.requests": 2000, "workload.chat.arrivals.rate_per_s": 1000})
    assert figures["overloaded"] is True
    assert figures["warnings"][0].startswith("overload")
    assert {*figures["intervals"]["missing"].values()} == {"overloaded"}
    assert figures["intervals"]["batches"] == {}
    assert figures["intervals"]["ttft_s"] == {"mean": None, "p50": None, "p99": None}


@pytest.mark.parametrize(
    ("changes", "why"),
    [({}, "too short"), ({"workload.chat.arrivals": {"kind": "all_at_once"}, "run.requests": 500}, "all at once")],
)
def test_what_has_none_says_why(summary, changes, why):
    assert {*summary(**changes)["intervals"]["missing"].values()} == {why}


def test_replications_have_intervals_of_their_own_and_say_if_queues_grow(tmp_path):
    (tmp_path / "chat.yaml").write_text(CHAT, encoding="utf-8")
    figures = sim.replicate(tmp_path / "chat.yaml", replications=2).summary()
    assert figures["overloaded"] is False
    assert "intervals" not in figures
    assert "batch_means" not in json.dumps(figures)
    rate = {"workload.chat.arrivals.rate_per_s": 1000, "run.requests": 2000}
    over = sim.replicate(tmp_path / "chat.yaml", rate, replications=2).summary()
    assert over["overloaded"] is True
    assert over["warnings"][0].startswith("arrivals outrun service")
    assert over["ttft_s"]["p99"] > 0.0
    assert over["ci95"]["ttft_s"]["p99"] is over["ci95"]["throughput"]["requests_per_s"] is None
    assert figures["ci95"]["ttft_s"]["p99"] is not None
