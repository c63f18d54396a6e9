"""A comparison of scenarios: what it says, what it keeps, and that any number of processes says the same."""

import csv
import itertools
import json
import re

import pytest

import infersim as sim
from infersim.compare import find_best
from infersim.compare.comparison import Comparison
from infersim.compare.contenders import Answer, contenders
from infersim.compare.scenarios import FIGURES
from infersim.errors import InputError
from infersim.runs.figures import figure
from infersim.text.comparison import page
from tests.load.scenarios import write

FASTER = {"fleet.main.device": "h200-sxm-141gb"}


@pytest.fixture
def chat(tmp_path):
    return write(tmp_path)


def test_figures_are_those_of_the_runs_of_common_seeds(chat):
    found = sim.compare(chat, (chat, FASTER), replications=3, figures=["e2e_s.mean", "batch.mean"])
    seeds = found.summary()["seeds"]
    assert found.names == ["chat", "fleet.main.device=h200-sxm-141gb"]
    values = [
        [figure(sim.simulate(chat, settings, seed=seed).summary(), "e2e_s.mean") for seed in seeds]
        for settings in ({}, FASTER)
    ]
    row = found.differences[0]
    assert (row["figure"], row["of"], row["against"]) == ("e2e_s.mean", found.names[1], "chat")
    assert row["mean"] == pytest.approx(sum(values[1]) / 3 - sum(values[0]) / 3)
    assert found.runs["e2e_s.mean"].tolist() == pytest.approx([*values[0], *values[1]])
    assert found.runs.seed.tolist() == seeds * 2
    assert row["verdict"] == "better"
    assert found.differences[1]["verdict"] in ("lower", "not told apart")


def test_any_number_of_processes_says_the_same(chat):
    one, two = (sim.compare(chat, (chat, FASTER), replications=3, jobs=jobs).summary() for jobs in (1, 2))
    assert json.dumps(one) == json.dumps(two)


def test_against_the_first_or_all_pairs(chat):
    given = [chat, (chat, FASTER), (chat, {"fleet.main.replicas": 2})]
    names = ["a", "b", "c"]
    first = sim.compare(*given, names=names, replications=2, figures=["ttft_s.mean"])
    every = sim.compare(*given, names=names, replications=2, figures=["ttft_s.mean"], all_pairs=True)
    assert [(row["of"], row["against"]) for row in first.differences] == [("b", "a"), ("c", "a")]
    assert [(row["of"], row["against"]) for row in every.differences] == [("b", "a"), ("c", "a"), ("c", "b")]
    assert every.differences[0]["p_holm"] >= first.differences[0]["p_holm"]


def test_a_scenario_against_itself_is_the_same_and_figures_that_none_has_are_left_out(chat):
    found = sim.compare(chat, chat, names=["a", "b"], replications=2)
    assert {row["verdict"] for row in found.differences} == {"the same"}
    assert found.figures == [name for name in FIGURES if not name.startswith("cost")]  # no price
    asked = sim.compare(chat, chat, names=["a", "b"], replications=2, figures=["cost.usd_total"])
    assert asked.differences[0]["verdict"] == "no value"
    assert asked.differences[0]["pairs"] == 0


def test_overloads_and_unlike_runs_are_said(chat):
    many = {"run.requests": 2000, "workload.chat.arrivals.rate_per_s": 1000}
    found = sim.compare(chat, (chat, many), names=["calm", "flood"], replications=2, figures=["ttft_s.mean"])
    assert found.warnings[0] == "the scenarios differ in run.requests: so do their runs."
    assert found.warnings[1].startswith("flood: overload")
    assert [each["overloaded"] for each in found.summary()["scenarios"]] == [False, True]
    assert ">queue grows<" in found._repr_html_()
    assert ">queue grows<" not in sim.compare(chat, (chat, FASTER), replications=2)._repr_html_()


def test_a_class_of_another_name_is_no_pair_and_is_said(chat, tmp_path):
    renamed = tmp_path / "renamed.yaml"
    renamed.write_text(chat.read_text(encoding="utf-8").replace("  chat:", "  talk:"), encoding="utf-8")
    found = sim.compare(chat, renamed, replications=4, figures=["ttft_s.mean"])
    assert found.warnings[0].startswith(
        "not all scenarios have the traffic classes 'chat', 'talk': requests are paired"
    )
    assert found.differences[0]["mean"] != 0.0  # alike but for the name, and yet not the same requests
    assert found.differences[0]["variance_ratio"] < 20
    assert not sim.compare(chat, (chat, FASTER), replications=2, figures=["ttft_s.mean"]).warnings


@pytest.mark.parametrize(("growths", "grows"), [((9.0, 0.2, 0.2, 0.2), False), ((1.5, 1.4, 1.6, 1.3), True)])
def test_a_queue_grows_where_all_replications_together_say_so(chat, growths, grows):
    """One burst at the end of one run decides nothing; what no run shows by itself, all may show together."""
    answers = [
        [Answer((1.0 + scenario + run / 10,), growth * scenario, (), {}) for run, growth in enumerate(growths)]
        for scenario in range(2)
    ]
    among = contenders([chat, chat], (), ["a", "b"])
    summary = Comparison(among, ["ttft_s.mean"], 1, answers).summary()
    calm, other = summary["scenarios"]
    (row,) = summary["differences"]
    assert (calm["overloaded"], other["overloaded"]) == (False, grows)
    assert calm["figures"]["ttft_s.mean"]["ci95"] is not None
    assert (other["figures"]["ttft_s.mean"]["ci95"] is None) == grows
    assert row["verdict"] == ("queue grows" if grows else "worse")
    assert (row["ci95"] is None) == (row["p_holm"] is None) == grows
    assert row["mean"] == pytest.approx(1.0)
    assert ("queue grows" in page(summary)) == grows


def test_differences_of_shares_are_percentage_points(chat):
    shares = ["goodput.fraction", "utilisation.busy", "pools.main.kv_cache.mean_fraction", "goodput.attained"]
    figures = [*shares, "batch.mean"]
    values = [[0.5, 0.25, 0.0, 1.0, 2.0], [0.6, 0.3, 0.01, 0.5, 2.2]]
    answers = [[Answer(tuple(of), 0.0, (), {})] * 2 for of in values]
    found = Comparison(contenders([chat, chat], (), ["a", "b"]), figures, 1, answers)
    lines = [line for line in page(found.summary(), 120).splitlines() if " pp" in line or "batch.mean" in line]
    told = [re.search(r"[+-][\d.]+ ?(pp|%)", line)[0] for line in lines]
    assert told == ["+10.00 pp", "+5.00 pp", "+1.00 pp", "-50.00 pp", "+10.0%"]


def test_files_hold_what_the_summary_says(chat, tmp_path):
    found = sim.compare(chat, (chat, FASTER), replications=4)
    folder = found.save(tmp_path / "out")
    assert {path.name for path in folder.iterdir()} == {*found.files}
    assert json.loads((folder / "comparison.json").read_text()) == found.summary()
    rows = [*csv.DictReader((folder / "differences.csv").read_text().splitlines())]
    assert [row["verdict"] for row in rows] == [row["verdict"] for row in found.differences]
    assert float(rows[0]["ci95_low"]) == found.differences[0]["ci95"][0]
    assert len((folder / "replications.csv").read_text().splitlines()) == 1 + 8
    assert "chat/scenario" in json.loads((folder / "provenance.json").read_text())["inputs_sha256"]
    assert len(found.to_dataframe()) == len(found.differences)
    assert "better" in found._repr_html_()
    assert "told apart" in repr(found)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"replications": 1}, "no interval"),
        ({"figures": ["ttft_s.p98"]}, "Did you mean 'ttft_s.p9"),
        ({"figures": ["classes.chta.ttft_s.mean"]}, "Did you mean 'chat'?"),
        ({"figures": ["pools.other.batch.mean"]}, "there are main"),
        ({"names": ["a"]}, "2 different ones are needed"),
        ({"names": ["a", "a"]}, "2 different ones are needed"),
    ],
)
def test_what_cannot_be_is_refused(chat, options, says):
    with pytest.raises(InputError, match=r"(?s).*") as error:
        sim.compare(chat, (chat, FASTER), **({"replications": 2} | options))
    assert says in str(error.value)


def test_one_scenario_is_no_comparison(chat):
    with pytest.raises(InputError, match="two scenarios or more"):
        sim.compare(chat)


def test_names_are_files_or_paths_or_letters(chat, tmp_path):
    (tmp_path / "other").mkdir()
    other, data = write(tmp_path / "other"), sim.load_scenario(chat).scenario
    found = sim.compare(chat, other, replications=2, figures=["batch.mean"])
    assert found.names == [str(chat), str(other)]
    assert sim.compare(data, data, replications=2, figures=["batch.mean"]).names == ["A", "B"]


def variants(devices, sequences):
    paths = ("fleet.main.device", "fleet.main.engine.max_num_seqs")
    return [dict(zip(paths, values, strict=True)) for values in itertools.product(devices, sequences)]


def test_the_best_of_twenty_is_found_with_few_runs(chat):
    devices = ["h100-sxm-80gb", "h200-sxm-141gb", "a100-sxm-80gb", "l40s-48gb", "b200-sxm-180gb"]
    given = [(chat, settings) for settings in variants(devices, [1, 2, 4, 8])]
    length = {"run.requests": 100}
    best = find_best(*given, figure="e2e_s.mean", overrides=length, seed=3, most=60)
    assert best.decided
    told = best.summary()
    assert told["best"].startswith("fleet.main.device=b200")
    assert told["runs"] < 12 * 20
    every = sim.compare(*given, figures=["e2e_s.mean"], overrides=length, seed=3, replications=5)
    means = {each["name"]: each["figures"]["e2e_s.mean"]["mean"] for each in every.summary()["scenarios"]}
    assert means[told["best"]] <= min(means.values()) * (1 + told["indifference"])
    assert told["scenarios"][0]["name"] == told["best"]
    assert len(best.to_dataframe()) == 20


def test_the_best_is_the_same_for_any_number_of_processes(chat, tmp_path):
    given = [chat, (chat, FASTER), (chat, {"fleet.main.replicas": 2})]
    one, two = (
        find_best(*given, figure="throughput.requests_per_s", indifference=1e-3, first=4, most=10, jobs=jobs)
        for jobs in (1, 2)
    )
    assert json.dumps(one.summary()) == json.dumps(two.summary())
    folder = one.save(tmp_path / "out")
    assert {path.name for path in folder.iterdir()} == {*one.files}
    assert json.loads((folder / "selection.json").read_text())["better"] == "higher"
    assert one.best in one._repr_html_()


def test_the_best_is_none_whose_queue_grows(chat):
    """Of throughput the overloaded scenario has most, and of 10 fast requests in 1,000 s the calm one has least."""
    flood = {"workload.chat.arrivals.rate_per_s": 1000}
    given = [(chat, flood), (chat, FASTER), chat]
    options = {"figure": "throughput.requests_per_s", "overrides": {"run.requests": 400}, "first": 3, "most": 6}
    found = find_best(*given, names=["flood", "faster", "chat"], **options)
    told = found.summary()
    assert told["best"] in ("faster", "chat")
    assert told["warnings"][0] == "arrivals outran service, no steady state to be the best of: flood."
    (flooded,) = (each for each in told["scenarios"] if each["overloaded"])
    assert told["scenarios"][-1] is flooded
    assert flooded["mean"] > max(each["mean"] for each in told["scenarios"][:-1])
    assert "queue grows" in found._repr_html_()
    none = find_best((chat, flood), (chat, {**flood, "run.seed": 2}), **options)
    assert none.best is None
    assert not none.decided
    assert none.summary()["best"] is None
    assert "arrivals outrun service in all 2" in none._repr_html_()


def test_what_is_not_decided_says_so(chat):
    found = find_best(chat, (chat, FASTER), figure="ttft_s.p99", first=2, most=3, indifference=1e-9)
    assert not found.decided
    assert found.summary()["warnings"][0].startswith("not decided within 3 replications; still in: chat, fleet")
    assert "best so far, not decided" in found._repr_html_()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"figure": "batch.mean"}, "neither better low nor better high"),
        ({"figure": "ttft_s.p98"}, "no such figure"),
        ({"figure": "cost.usd_total"}, "has none"),
        ({"figure": "ttft_s.mean", "indifference": "much"}, "a positive number"),
        ({"figure": "ttft_s.mean", "indifference": "0%"}, "a positive number"),
        ({"figure": "ttft_s.mean", "confidence": 1.0}, "a probability"),
        ({"figure": "ttft_s.mean", "first": 1}, "2 or more replications"),
        ({"figure": "ttft_s.mean", "first": 20, "most": 10}, "20 of 10"),
    ],
)
def test_a_search_that_cannot_be_is_refused(chat, options, says):
    with pytest.raises(InputError) as error:
        find_best(chat, (chat, FASTER), **options)
    assert says in str(error.value)
