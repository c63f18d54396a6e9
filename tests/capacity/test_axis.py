"""The load axis: every kind of arrivals scaled by one factor, with random numbers in common."""

import gzip

import numpy as np
import pytest

import infersim as sim
from infersim.capacity.axis import axis_of
from infersim.errors import InputError
from infersim.load import from_mapping
from infersim.workload.traffic import generate

LENGTHS = {"prompt_tokens": {"kind": "uniform", "low": 10, "high": 90}, "output_tokens": {"kind": "fixed", "value": 5}}
KINDS = {
    "poisson": {"rate_per_s": 5},
    "deterministic": {"rate_per_s": 5},
    "gamma": {"rate_per_s": 5, "cv": 2},
    "weibull": {"rate_per_s": 5, "cv": 2},
    "mmpp": {"states": [{"rate_per_s": 1, "mean_s": 3}, {"rate_per_s": 9, "mean_s": 3}]},
    "hawkes": {"rate_per_s": 5, "branching": 0.5, "decay_s": 1},
    "piecewise": {"times_s": [0, 200], "rates_per_s": [2, 8], "repeat_s": 400},
    "sinusoidal": {"rate_per_s": 5, "amplitude": 0.5, "period_s": 100},
    "step": {"rate_per_s": 2, "after_rate_per_s": 8, "at_s": 1000},
    "spike": {"rate_per_s": 4, "peak_rate_per_s": 24, "start_s": 100, "duration_s": 100},
    "clients": {"clients": [{"rate_per_s": 2}, {"rate_per_s": 3, "cv": 2}]},
    "population": {"rate_per_s": 5, "clients": 10},
    "sensors": {"period_s": 2, "devices": 10},
}


def scenario(**classes):
    return from_mapping(
        {
            "workload": {name: LENGTHS | {"arrivals": arrivals} for name, arrivals in classes.items()},
            "fleet": {"main": {"model": "llama-3.2-1b", "device": "l4-24gb"}},
            "run": {"duration_s": 2000},
        }
    )


def sent(loaded):
    return generate(loaded.scenario, loaded.folder).open


@pytest.mark.parametrize("kind", KINDS)
def test_a_load_is_what_arrives_a_second(kind):
    axis = axis_of(scenario(a={"kind": kind} | KINDS[kind]))
    assert axis.as_written == pytest.approx(5.0)
    for load in (2.5, 5.0, 15.0):  # ten thousand arrivals, in bursts: within a tenth
        assert len(sent(axis.at(load)).arrival_s) == pytest.approx(2000 * load, rel=0.1)


@pytest.mark.parametrize("kind", ["poisson", "gamma", "weibull", "deterministic"])
def test_independent_gaps_are_the_same_ones_closer_together(kind):
    axis = axis_of(scenario(a={"kind": kind} | KINDS[kind]))
    slow, fast = sent(axis.at(4.0)), sent(axis.at(8.0))
    count = len(slow.arrival_s)
    assert fast.arrival_s[:count] == pytest.approx(slow.arrival_s / 2)
    assert (fast.prompt_tokens[:count] == slow.prompt_tokens).all()


def test_classes_keep_their_mix_and_those_that_are_not_named_stay():
    loaded = scenario(a={"kind": "poisson", "rate_per_s": 6}, b={"kind": "deterministic", "rate_per_s": 2})
    every, one = axis_of(loaded), axis_of(loaded, ["b"])
    assert (every.as_written, every.fixed_per_s, one.as_written, one.fixed_per_s) == (8.0, 0.0, 2.0, 6.0)
    rates = {name: each.arrivals.rate_per_s for name, each in every.at(16.0).scenario.workload.items()}
    assert rates == {"a": 12.0, "b": 4.0}
    rates = {name: each.arrivals.rate_per_s for name, each in one.at(16.0).scenario.workload.items()}
    assert rates == {"a": 6.0, "b": 16.0}


def test_closed_loops_count_whole_clients():
    axis = axis_of(scenario(a={"kind": "closed_loop", "clients": 10}, b={"kind": "closed_loop", "clients": 30}))
    assert (axis.unit, axis.as_written, axis.whole(17.6), axis.floor(17.6)) == ("clients", 40.0, 18.0, 17.0)
    clients = [each.arrivals.clients for each in axis.at(20.0).scenario.workload.values()]
    assert clients == [5, 15]


def test_traces_and_models_are_resampled_by_their_rate(tmp_path):
    rows = "\n".join(f"{second},100,10" for second in range(200))
    with gzip.open(tmp_path / "trace.csv.gz", "wt") as file:
        file.write(f"arrival_s,prompt_tokens,output_tokens\n{rows}\n")
    loaded = from_mapping(
        {
            "workload": {
                "traced": {"trace": {"path": str(tmp_path / "trace.csv.gz")}},
                "modelled": {"model": "azure-chat-2023", "rate_per_s": 3},
            },
            "fleet": {"main": {"model": "llama-3.2-1b", "device": "l4-24gb"}},
            "run": {"duration_s": 200},
        }
    )
    axis = axis_of(loaded)
    assert axis.own == {"traced": pytest.approx(1.0), "modelled": 3.0}
    found = axis.at(8.0).scenario.workload
    assert (found["traced"].trace.rate_per_s, found["modelled"].rate_per_s) == (pytest.approx(2.0), 6.0)
    assert np.count_nonzero(sent(axis.at(8.0)).traffic_class == 0) == 400
    assert not axis.steady


@pytest.mark.parametrize(
    ("classes", "names", "told"),
    [
        ({"chat": {"kind": "poisson", "rate_per_s": 1}}, ["cht"], "Did you mean 'chat'"),
        (
            {"a": {"kind": "poisson", **KINDS["poisson"]}, "b": {"kind": "closed_loop", "clients": 2}},
            ["a", "b"],
            "--class",
        ),
    ],
)
def test_classes_that_have_no_load_together_are_refused(classes, names, told):
    with pytest.raises(InputError, match=told):
        axis_of(scenario(**classes), names)


def test_requests_that_come_all_at_once_have_no_load():
    arrivals = {"kind": "all_at_once"}
    loaded = scenario(a={"kind": "poisson", "rate_per_s": 1}).scenario
    data = loaded.model_dump(mode="json", by_alias=True, exclude_none=True)
    data["workload"]["a"]["arrivals"], data["run"] = arrivals, {"requests": 10}
    with pytest.raises(InputError, match="all at once"):
        sim.curve(data)
