"""`sim.curve` and `infersim curve` from end to end, on a small model that is simulated in no time."""

import json

import pytest

import infersim as sim
from infersim.capacity.goals import goals_of
from infersim.errors import InputError
from infersim.load import from_mapping
from infersim.text.capacity import page

POISSON = {"kind": "poisson", "rate_per_s": 2}


def small(slo=None, requests=600, **engine):
    traffic = {
        "arrivals": POISSON,
        "prompt_tokens": {"kind": "uniform", "low": 50, "high": 150},
        "output_tokens": {"kind": "uniform", "low": 5, "high": 25},
    }
    return {
        "name": "small",
        "workload": {"chat": traffic | ({"slo": slo} if slo else {})},
        "fleet": {"main": {"model": "llama-3.2-1b", "device": "l4-24gb", "engine": {"kind": "vllm", **engine}}},
        "run": {"requests": requests, "seed": 1},
    }


SLO = {"ttft_s": 0.3, "attainment": 0.9}


@pytest.fixture(scope="module")
def found():
    return sim.curve(small(SLO, max_num_seqs=8), points=4, replications=6)


def test_the_capacity_lies_below_saturation_and_between_what_holds_and_what_does_not(found):
    figures = found.summary()
    low, high = figures["ci95"]
    assert low < figures["capacity_requests_per_s"] < high < figures["saturation_requests_per_s"]
    whole = [point for point in figures["points"] if point["whole_runs"]]
    assert all(point["attainment"] >= 0.9 for point in whole if point["rate_per_s"] < low)
    assert all(point["attainment"] < 0.9 for point in whole if point["rate_per_s"] > high)


def test_beyond_saturation_no_latency_is_told_and_throughput_stands_still(found):
    figures = found.summary()
    over = [point for point in figures["points"] if point["overloaded"]]
    assert over
    for point in figures["points"]:
        beyond = point["rate_per_s"] >= figures["saturation_requests_per_s"]
        assert point["overloaded"] or not beyond
        assert (point["ttft_s"]["p99"] is None) == point["overloaded"]
    assert over[-1]["throughput"]["requests_per_s"] < 1.05 * figures["saturation_requests_per_s"]


def test_all_simulated_requests_are_counted(found):
    figures = found.summary()
    pressed = figures["simulated_requests"] - sum(point["requests"] for point in figures["points"])
    assert pressed > 0
    assert pressed % 600 == 0  # the runs that found saturation, each of as many requests as the scenario's


def test_it_shows_itself_as_a_table_a_picture_and_html(found):
    table = found.to_dataframe()
    assert list(table.rate_per_s) == sorted(table.rate_per_s)
    assert {"attainment", "ci95_low", "ttft_s.p99", "throughput.output_tokens_per_s", "overloaded"} <= {*table.columns}
    assert [ax.get_title(loc="left") for ax in found.plot().axes][-1] == "Requests that meet the SLO"
    assert "capacity" in found._repr_html_()
    assert "requests/s" in repr(found)


def test_the_figures_are_the_same_on_two_processes(found, monkeypatch):
    from infersim.capacity import bench

    monkeypatch.setattr(bench, "_WORTH_S", 0.0)
    again = sim.curve(small(SLO, max_num_seqs=8), points=4, replications=6, jobs=2)
    assert again.summary() == found.summary()


def test_a_bound_that_no_load_meets_names_the_nearest_miss_and_what_would_meet_it():
    slow = small({"ttft_s": 0.02, "attainment": 0.9}, requests=300)
    slow["fleet"]["main"]["model"] = "llama-3.1-8b"
    figures = sim.curve(slow, points=0).summary()
    assert figures["capacity_requests_per_s"] is None
    (missed,) = figures["miss"]["missed"]
    assert missed["bounds"]["ttft_s"]["seen"] > 0.02
    changes = {each["change"]: each for each in figures["miss"]["remedies"]}
    assert {"fleet.main.parallel.tensor = 2", "fleet.main.precision.weights = fp8"} <= {*changes}
    seen = [each["missed"][0]["bounds"]["ttft_s"]["seen"] for each in changes.values()]
    assert max(seen) < missed["bounds"]["ttft_s"]["seen"]


def test_without_an_slo_there_is_a_curve_and_no_capacity():
    figures = sim.curve(small(requests=200), rates=[1, 3], replications=2).summary()
    assert figures["capacity_requests_per_s"] is None
    assert [point["rate_per_s"] for point in figures["points"]] == [1.0, 3.0]


def test_bounds_are_read_with_their_percentile_class_and_unit():
    loaded = from_mapping(small(SLO))
    told = [goal.data() for goal in goals_of(loaded, ["ttft_s.p95=500ms", "chat.tpot_s=0.05"])]
    assert told == [
        {"class": "chat", "ttft_s": 0.5, "attainment": 0.95},
        {"class": "chat", "tpot_s": 0.05, "attainment": 0.99},
    ]
    assert goals_of(loaded, {"e2e_s.p99.9": 3})[0].data() == {"class": "chat", "e2e_s": 3.0, "attainment": 0.999}


@pytest.mark.parametrize(
    ("bound", "told"),
    [
        ("tftt_s.p99=1", "Did you mean 'ttft_s'"),
        ("ttft_s.mean=1", "p50, p90"),
        ("ttft_s.p0=1", "p50, p90"),
        ("ttft_s.p99=soon", "500ms"),
        ("ttft_s.p99=-1", "no time above 0"),
        ("cht.ttft_s.p99=1", "Did you mean 'chat'"),
        ("ttft_s.p99", "a percentile and a time"),
    ],
)
def test_bounds_that_cannot_be_read_are_refused(bound, told):
    with pytest.raises(InputError, match=told):
        goals_of(from_mapping(small(SLO)), [bound])


def test_the_command_prints_saves_and_refuses(tmp_path, infersim):
    file = tmp_path / "small.yaml"
    file.write_text(json.dumps(small(SLO, requests=200, max_num_seqs=8)))
    few = ("curve", file, "--replications", 2)
    told = infersim(*few, "--points", 2, "--out", tmp_path / "out")
    assert told.code == 0
    assert "capacity" in told.out
    assert max(map(len, told.out.splitlines())) <= 80
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "curve.json", "points.csv", "scenario.yaml", "provenance.json", "curve.png",
    }  # fmt: skip
    told = infersim(*few, "--points", 0, "--json")
    assert json.loads(told.out)["schema_version"] == "infersim/curve/1"
    for wrong in (["--rates", "1,x"], ["--rates", "0"], ["--class", "cat"], ["--slo", "ttft=1"]):
        told = infersim("curve", file, *wrong)
        assert told.code == 2
        assert wrong[0] in told.err


@pytest.mark.parametrize("ended", ["in the search", "at the last points"])
def test_what_is_known_at_an_interruption_is_kept(ended, found):
    done, runs = [0], 8 if ended == "in the search" else found.summary()["simulated_runs"] - 1

    def ran():
        done[0] += 1
        if done[0] == runs:
            raise KeyboardInterrupt

    asked = {"points": 4, "replications": 6, "ran": ran}
    cut = sim.curve(small(SLO, max_num_seqs=8), **asked, keep=True)
    assert cut.interrupted
    assert not found.interrupted
    figures, whole = cut.summary(), found.summary()
    assert figures["simulated_runs"] == runs < whole["simulated_runs"]
    assert figures["saturation_requests_per_s"] == whole["saturation_requests_per_s"]
    known = {point["rate_per_s"] for point in whole["points"]}
    assert {point["rate_per_s"] for point in figures["points"]} <= known
    if ended == "at the last points":
        assert figures["capacity_requests_per_s"] == whole["capacity_requests_per_s"]
    else:
        assert figures["capacity_requests_per_s"] is None
        assert "capacity was not found" in figures["warnings"][0]
        assert "not found before the interruption" in repr(cut)
    done[0] = 0
    with pytest.raises(KeyboardInterrupt):
        sim.curve(small(SLO, max_num_seqs=8), **asked)


def test_throughput_is_drawn_up_to_where_it_stands_still(found):
    figures = found.summary()
    ax = found.plot().axes[2]
    assert ax.get_title(loc="left") == "Throughput"
    lines = {line.get_label(): line.get_xydata() for line in ax.get_lines()}
    sent, served = lines["sent"], lines["served"]
    assert sent[:, 0].tolist() == sent[:, 1].tolist()  # of one open class, what is sent is the load
    over = [point["rate_per_s"] for point in figures["points"] if point["overloaded"]]
    assert set(over) <= {*served[:, 0].tolist()}
    assert served[-1, 1] < 0.95 * served[-1, 0]
    assert served[0, 1] == pytest.approx(served[0, 0], rel=0.1)


def conversations(classes):
    data = small(SLO, requests=300, max_num_seqs=8)
    talk = data["workload"]["chat"] | {"sessions": {"turns": {"kind": "fixed", "value": 3}}}
    data["workload"] = {"chat": talk, "api": data["workload"]["chat"]} if classes == 2 else {"chat": talk}
    return data


@pytest.mark.parametrize(("classes", "unit"), [(1, "sessions/s"), (2, "arrivals/s")])
def test_loads_of_sessions_are_called_so(classes, unit):
    found = sim.curve(conversations(classes), points=0, replications=3)
    figures = found.summary()
    assert figures["load"]["unit"] == unit.replace("/s", "_per_s")
    text = page(figures)
    assert f" {unit}" in text
    assert "requests/s" not in text
    assert found.plot().axes[0].get_xlabel() == f"load [{unit}]"
    assert [line.get_label() for line in found.plot().axes[2].get_lines()][:1] == ["served"]
    assert any("counts sessions that begin" in each for each in figures["warnings"])


def test_a_trace_is_said_to_be_one_of_many(tmp_path, found):
    rows = "".join(f"{second / 2},{100 + 7 * (second % 13)},{5 + second % 20}\n" for second in range(600))
    (tmp_path / "t.csv").write_text("arrival_s,prompt_tokens,output_tokens\n" + rows)
    data = small(SLO, max_num_seqs=8)
    data["workload"]["chat"] = {
        "trace": {"path": str(tmp_path / "t.csv"), "format": "plain"},
        "slo": {"ttft_s": 0.1, "attainment": 0.99},
    }
    del data["run"]["requests"]
    told = sim.curve(data, points=0, replications=3)
    assert told.ci95 is not None
    assert any("trace of chat is one of many" in each for each in told.warnings)
    assert not any("one of many" in each for each in found.warnings)
