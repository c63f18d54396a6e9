"""Mistakes in study files: each told with its place, its value and what to type instead, before the first run."""

from __future__ import annotations

import pytest

import infersim as sim
from infersim.load.study import read_study
from infersim.runs import answer
from tests.sweep.studies import STUDY, write

AXIS = "  fleet.main.replicas: [1, 2]\n"
RANGE = "{from: 5, to: 500, points: 3, scale: log}"
END = "replications: 2\n"
MISTAKES = {
    # what is changed in the study, by what, the line that is named, what is said
    "no such path": (
        AXIS,
        "  fleet.main.replica: [1, 2]\n",
        5,
        ["fleet.main.replica", "Did you mean 'fleet.main.replicas'?"],
    ),
    "path of another pool": (
        AXIS,
        "  fleet.mian.replicas: [1, 2]\n",
        5,
        ["no 'mian' under fleet", "Did you mean 'main'?"],
    ),
    "path of another class": (
        "workload.chat.",
        "workload.chta.",
        6,
        ["no 'chta' under workload", "Did you mean 'chat'?"],
    ),
    "path that is a file's": (AXIS, "  devices.main: [1, 2]\n", 5, ["no such path of a scenario"]),
    "empty axis": ("[1, 2]", "[]", 5, ["axes.fleet.main.replicas", "must not be empty"]),
    "axis of nothing": ("[1, 2]", "null", 5, ["axes.fleet.main.replicas = null"]),
    "axis of one plain value": ("[1, 2]", "3", 5, ["a list is needed", "3"]),
    "text for a number": ("[1, 2]", "[1, two]", 5, ["fleet.main.replicas = 'two'", "a number is needed"]),
    "text for the first number": ("[1, 2]", "[two, 1]", 5, ["fleet.main.replicas = 'two'", "a number is needed"]),
    "number below its bound": ("[1, 2]", "[1, 0]", 5, ["fleet.main.replicas = 0", "must be ≥ 1"]),
    "fraction for a whole number": ("[1, 2]", "[1, 2.5]", 5, ["fleet.main.replicas = 2.5", "a whole number is needed"]),
    "value twice": ("[1, 2]", "[1, 2, 1]", 5, ["axes.fleet.main.replicas.2 = 1", "stands twice"]),
    "unknown device": (
        AXIS,
        "  fleet.main.device: [l40s-48gb, h100-sxm-80g]\n",
        5,
        ["= 'h100-sxm-80g'", "h100-sxm-80gb"],
    ),
    "unknown model": (
        AXIS,
        "  fleet.main.model: [llama-3.1-8b, llama-3.1-9b]\n",
        5,
        ["= 'llama-3.1-9b'", "Did you mean"],
    ),
    "unknown version of an engine": (
        AXIS,
        '  fleet.main.engine.version: ["9.9"]\n',
        5,
        ["fleet.main.engine.version = '9.9'", "no such engine"],
    ),
    "trace that is not there": (
        AXIS,
        "  workload.more: [{trace: {path: tinny.csv}}, {trace: {path: nothing.csv}}]\n",
        5,
        ["workload.more.trace.path = 'tinny.csv'", "no such file", "= 'nothing.csv'"],
    ),
    "unknown workload model": (
        AXIS,
        "  workload.more: [{model: mooncake-conversatoin}]\n",
        5,
        ["workload.more.model = 'mooncake-conversatoin'", "Did you mean 'mooncake-conversation'?"],
    ),
    "unknown kind": (
        AXIS,
        "  router.kind: [random, round_robbin]\n",
        5,
        ["round_robbin", "Did you mean 'round_robin'?"],
    ),
    "setting that the kind has not": (
        AXIS,
        "  workload.chat.arrivals.clients: [1, 2]\n",
        5,
        ["clients", "unknown key"],
    ),
    "range from more to less": ("from: 5", "from: 900", 6, ["from must be less than to"]),
    "range from and to alike": ("from: 5,", "from: 500,", 6, ["from must be less than to"]),
    "log range from 0": ("from: 5", "from: 0", 6, ["a log scale begins above 0", "scale: linear"]),
    "range of no points": ("points: 3", "points: 0", 6, ["points = 0", "must be ≥ 2"]),
    "range without points": (", points: 3", "", 6, ["points", "is required but missing"]),
    "range of a word": ("from: 5", "from: five", 6, ["= 'five'", "a number is needed"]),
    "range with a misspelt key": ("points: 3", "pionts: 3", 6, ["pionts", "Did you mean 'points'?"]),
    "range of an unknown scale": ("scale: log", "scale: logarithmic", 6, ["logarithmic", "linear or log"]),
    "range outside the path's bounds": ("{from: 5", "{from: -5", 6, ["a log scale begins above 0"]),
    "unknown key": (END, "replication: 2\n", 7, ["replication", "unknown key", "Did you mean 'replications'?"]),
    "unknown schema": ("study/1", "study/2", 1, ["schema", "infersim/study/1"]),
    "no scenario": ("scenario: tiny.yaml\n", "", 1, ["scenario", "is required but missing"]),
    "scenario that is not there": (
        "scenario: tiny.yaml",
        "scenario: tny.yaml",
        3,
        ["'tny.yaml'", "Did you mean 'tiny.yaml'?"],
    ),
    "scenario that is a number": ("scenario: tiny.yaml", "scenario: 3", 3, ["scenario = 3", "text is needed"]),
    "reserved prefix": (AXIS, "  simulated.ttft_s.p99: [1]\n", 5, ["simulated.ttft_s.p99", "never before a path"]),
    "reserved prefix of an interval": (
        AXIS,
        "  ci95_low.ttft_s.p99: [1]\n",
        5,
        ["ci95_low.ttft_s.p99", "never before a path"],
    ),
    "replications as an axis": (
        AXIS,
        "  run.replications: [1, 2]\n",
        5,
        ["run.replications", "replications: beside axes:"],
    ),
    "one axis twice": (AXIS, AXIS + AXIS, 6, ["duplicate key in lines 5 and 6"]),
    "axis that zip has, too": (
        END,
        "zip: {fleet.main.replicas: [1, 2]}\n",
        7,
        ["two axes on one path", "axes sets it in line 5"],
    ),
    "axis that a case has, too": (
        END,
        "cases: [{name: a, set: {fleet.main.replicas: 1}}]\n",
        7,
        ["two axes on one path"],
    ),
    "axis that the sample has, too": (
        END,
        "sample: {kind: random, points: 2, axes: {fleet.main.replicas: {from: 1, to: 9, whole: true}}}\n",
        7,
        ["two axes on one path"],
    ),
    "zip of unequal lengths": (
        END,
        "zip:\n  fleet.main.device: [l40s-48gb]\n  fleet.main.engine.max_num_seqs: [1, 2]\n",
        9,
        ["has 2 values, and fleet.main.device has 1", "of one length"],
    ),
    "zip of a range": (END, "zip: {run.requests: {from: 1, to: 2}}\n", 7, ["zip.run.requests", "a list is needed"]),
    "case without a name": (END, "cases: [{set: {run.requests: 5}}]\n", 7, ["cases.0.name", "is required but missing"]),
    "case that sets nothing": (END, "cases: [{name: a, set: {}}]\n", 7, ["cases.0.set", "must not be empty"]),
    "two cases of one name": (
        END,
        "cases:\n  - {name: a, set: {run.requests: 5}}\n  - {name: a, set: {run.requests: 6}}\n",
        9,
        ["cases.1.name = 'a'", "two cases of one name"],
    ),
    "case with no such path": (
        END,
        "cases: [{name: a, set: {run.request: 5}}]\n",
        7,
        ["run.request", "'run.requests'"],
    ),
    "table that is not there": (END, "table: rows.csv\n", 7, ["table = 'rows.csv'", "no such file"]),
    "sample of no points": (
        END,
        "sample: {kind: sobol, points: 0, axes: {run.requests: {from: 1, to: 9}}}\n",
        7,
        ["sample.points = 0", "must be ≥ 1"],
    ),
    "sample of an unknown kind": (
        END,
        "sample: {kind: sobel, points: 4, axes: {run.requests: {from: 1, to: 9}}}\n",
        7,
        ["sample.kind = 'sobel'", "Did you mean 'sobol'?"],
    ),
    "sample of fractions for whole numbers": (
        END,
        "sample: {kind: random, points: 4, axes: {run.requests: {from: 1, to: 9}}}\n",
        7,
        ["run.requests", "a whole number is needed"],
    ),
    "no replications": ("replications: 2", "replications: 0", 7, ["replications = 0", "must be ≥ 1"]),
    "most replications below least": (
        "replications: 2",
        "replications: {least: 9, most: 4, figure: ttft_s.p99, relative_half_width: 0.1}",
        7,
        ["most = 4", "is less than least = 9"],
    ),
    "replications by no figure": (
        "replications: 2",
        "replications: {figure: ttft.p99, relative_half_width: 0.1}",
        7,
        ["'ttft.p99'", "Did you mean 'ttft_s.p99'?"],
    ),
    "replications to a width of nothing": (
        "replications: 2",
        "replications: {figure: ttft_s.p99, relative_half_width: 0}",
        7,
        ["relative_half_width = 0", "must be > 0"],
    ),
    "budget of no runs": (END, "budget: {runs: 0}\n", 7, ["budget.runs = 0", "must be ≥ 1"]),
    "budget of a time in words": (END, "budget: {wall_s: soon}\n", 7, ["budget.wall_s = 'soon'"]),
    "no YAML": ("[1, 2]", "[1, 2", 6, ["is not YAML"]),
    "a list": (STUDY, "- 1\n", 1, ["a study is a mapping"]),
    "an empty file": (STUDY, "", 1, ["the file is empty"]),
    "a scenario": (STUDY, "workload: {}\nfleet: {}\n", 1, ["is a scenario, not a study", "--axis"]),
}


def test_there_are_forty_kinds():
    assert len(MISTAKES) >= 40


@pytest.fixture
def no_runs(monkeypatch):
    """Whoever simulates fails the test."""

    def simulate(*_: object) -> None:
        raise AssertionError("a run began")

    monkeypatch.setattr(answer, "simulate", simulate)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_at_its_place_before_the_first_run(name, infersim, tmp_path, no_runs):
    old, new, line, said = MISTAKES[name]
    assert STUDY.count(old) == 1
    path = write(tmp_path, STUDY.replace(old, new))
    found = infersim("sweep", path, "--out", tmp_path / "out", "--jobs", 1)
    assert found.code == 2, found
    assert found.out == ""
    assert f"{path}:{line}" in found.err
    for words in said:
        assert words in found.err, found.err
    assert not (tmp_path / "out").exists()


OPTIONS = {
    "axis without values": (["--axis", "fleet.main.replicas"], ["--axis fleet.main.replicas", "is not PATH=V1,V2,…"]),
    "axis with none": (["--axis", "fleet.main.replicas="], ["has no values", "e.g. --axis fleet.main.replicas=1,2,4"]),
    "axis of no path": (["--axis", "fleet main=1,2"], ["is not PATH=V1,V2,…"]),
    "axis twice": (["--axis", "run.requests=1,2", "--axis", "run.requests=3"], ["two axes on one path"]),
    "axis with no such path": (["--axis", "fleet.main.replica=1"], ["Did you mean 'fleet.main.replicas'?"]),
    "axis of no values": (["--axis", "fleet.main.replicas=[]"], ["has no values"]),
    "axis with dots": (
        ["--axis", "fleet.main.replicas=1..4"],
        ["not written with dots", "{from: 1, to: 4, points: 4}"],
    ),
    "axis of broken YAML": (["--axis", "run.requests=[1"], ["--axis run.requests=[1", "is not YAML"]),
    "axis of a wrong value": (["--axis", "fleet.main.replicas=1,x"], ["--axis fleet.main.replicas=1,x", "'x'"]),
    "axis that --set sets": (
        ["--axis", "run.requests=1,2", "--set", "run.requests=3"],
        ["--set run.requests=3", "varies"],
    ),
    "axis that --seed sets": (["--axis", "run.seed=1,2", "--seed", "3"], ["--seed 3", "the study varies run.seed"]),
    "setting with no such path": (["--axis", "run.seed=1", "--set", "run.sed=3"], ["--set run.sed=3", "'run.seed'"]),
    "reserved axis": (["--axis", "simulated.ttft_s.p99=1"], ["never before a path"]),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_so_is_one_on_the_command_line(name, infersim, tmp_path, no_runs):
    options, said = OPTIONS[name]
    write(tmp_path)
    found = infersim("sweep", tmp_path / "tiny.yaml", *options, "--out", tmp_path / "out")
    assert found.code == 2, found
    for words in said:
        assert words in found.err, found.err
    assert not (tmp_path / "out").exists()


def test_a_scenario_that_is_not_there_is_named_as_it_was_typed(infersim, tmp_path, no_runs):
    write(tmp_path)
    found = infersim("sweep", tmp_path / "tinny.yaml", "--axis", "fleet.main.replicas=1,2", "--out", tmp_path / "out")
    assert found.code == 2
    assert found.err == f"{tmp_path / 'tinny.yaml'}\n  no such file\n  Did you mean 'tiny.yaml'?\n"


def test_the_cells_of_a_table_are_told_at_their_line(infersim, tmp_path, no_runs):
    (tmp_path / "rows.csv").write_text("fleet.main.engine.max_num_seqs\n8\n{\n")
    found = infersim("sweep", write(tmp_path, STUDY + "table: rows.csv\n"), "--out", tmp_path / "out")
    assert found.code == 2
    assert f"{tmp_path / 'rows.csv'}:3: fleet.main.engine.max_num_seqs" in found.err


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("fleet.main.engine.max_num_seqs", "many", "a number is needed"),
        ("fleet.main.engine.max_num_seqs", "-3", "must be ≥ 1"),
        ("fleet.main.device", "h100-sxm-81gb", "Did you mean 'h100-sxm-80gb'?"),
    ],
)
def test_the_values_of_a_table_are_told_at_their_line(infersim, tmp_path, no_runs, column, cell, said):
    (tmp_path / "rows.csv").write_text(f"{column},name\n,as it is\n{cell},wrong\n")
    found = infersim("sweep", write(tmp_path, STUDY + "table: rows.csv\n"), "--out", tmp_path / "out")
    assert found.code == 2, found
    assert f"{tmp_path / 'rows.csv'}:3" in found.err
    assert f"{column} = " in found.err
    assert said in found.err
    assert not (tmp_path / "out").exists()


def test_a_table_does_not_set_what_an_axis_sets(infersim, tmp_path, no_runs):
    (tmp_path / "rows.csv").write_text("fleet.main.replicas\n8\n")
    path = write(tmp_path, STUDY + "table: rows.csv\n")
    found = infersim("sweep", path, "--out", tmp_path / "out")
    assert found.code == 2
    assert f"{path}:8:8: table = 'rows.csv'" in found.err
    assert "two axes on one path" in found.err


TYPO_BESIDE_ANOTHER = (
    "axes:\n  fleet.main.device: [h100-sxm-80gb, h100-sxm-81gb]\n"
    "  workload.chat.prompt_tokens.cv: [0.8, null]\n  workload.chat.prompt_tokens.kind: [lognormal, geometric]\n"
)


def test_a_typo_is_told_where_another_combination_fails_for_another_reason(infersim, tmp_path, no_runs):
    path = write(tmp_path, "scenario: tiny.yaml\n" + TYPO_BESIDE_ANOTHER)
    found = infersim("sweep", path, "--out", tmp_path / "out")
    assert found.code == 2, found
    assert f"{path}:3" in found.err
    assert "'h100-sxm-81gb'" in found.err
    assert "Did you mean 'h100-sxm-80gb'?" in found.err


def test_a_value_that_fails_everywhere_for_want_of_another_is_told_at_its_place(infersim, tmp_path, no_runs):
    axes = "axes:\n  fleet.main.replicas: [1, 2]\n  workload.chat.prompt_tokens.kind: [lognormal, fixed]\n"
    path = write(tmp_path, "scenario: tiny.yaml\n" + axes)
    found = infersim("sweep", path, "--out", tmp_path / "out")
    assert found.code == 2, found
    assert f"{path}:4" in found.err
    assert "workload.chat.prompt_tokens.kind = 'fixed'" in found.err
    assert "workload.chat.prompt_tokens.value: is required" in found.err


@pytest.mark.parametrize("kind", ["random", "latin_hypercube", "sobol"])
def test_bad_bounds_of_a_sample_are_told_once(infersim, tmp_path, no_runs, kind):
    bounds = "{workload.chat.prompt_tokens.mean: {from: -4000, to: -1}, run.requests: {from: 1.5, to: 1.7}}"
    path = write(tmp_path, f"scenario: tiny.yaml\nsample: {{kind: {kind}, points: 8, axes: {bounds}}}\n")
    found = infersim("sweep", path, "--out", tmp_path / "out")
    assert found.code == 2, found
    assert found.err.count("it is between from: -4000 and to: -1") == 1
    assert found.err.count("it is between from: 1.5 and to: 1.7") == 1
    assert "whole: true rounds them" in found.err
    assert f"{path}:2" in found.err


def test_a_value_that_goes_with_others_only_is_no_mistake(infersim, tmp_path):
    cases = "cases:\n  - {name: open, set: {}}\n".replace(
        "{}", "{workload.chat.arrivals: {kind: poisson, rate_per_s: 9}}"
    )
    cases += "  - {name: closed, set: {workload.chat.arrivals: {kind: closed_loop, think_s: 0}}}\n"
    axis = "axes:\n  workload.chat.arrivals.clients: [1, 2]\n"
    path = write(tmp_path, "scenario: tiny.yaml\n" + axis + cases)
    found = infersim("sweep", path, "--out", tmp_path / "out", "--jobs", 1)
    assert found.code == 0, found.err
    assert "2 ok, 2 refused" in found.err


def test_a_folder_is_of_one_thing(infersim, tmp_path):
    write(tmp_path)
    scenario, axis = tmp_path / "tiny.yaml", ("--axis", "run.seed=1")
    assert infersim("run", scenario, "--out", tmp_path / "run").code == 0
    found = infersim("sweep", scenario, *axis, "--out", tmp_path / "run")
    assert (found.code, found.err.splitlines()[1].strip()) == (2, "holds a run")
    assert infersim("sweep", scenario, *axis, "--out", tmp_path / "swept", "--jobs", 1).code == 0
    found = infersim("run", scenario, "--out", tmp_path / "swept")
    assert (found.code, found.err.splitlines()[1].strip()) == (2, "holds a sweep")
    assert not (tmp_path / "swept" / "summary.json").exists()


def test_a_store_of_another_study_is_refused(infersim, tmp_path):
    write(tmp_path)
    out = tmp_path / "out"
    assert infersim("sweep", tmp_path / "tiny.yaml", "--axis", "run.seed=1", "--out", out, "--jobs", 1).code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    found = infersim("sweep", tmp_path / "tiny.yaml", "--axis", "fleet.main.replicas=1", "--out", out)
    assert found.code == 2
    assert (
        f"{out}\n  holds the runs of another study\n  it varies run.seed, and this one fleet.main.replicas" in found.err
    )
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize("command", [["run"], ["curve"], ["compare", "--variant", "run.seed=3"]])
def test_a_study_is_no_scenario(infersim, tmp_path, no_runs, command):
    path = write(tmp_path)
    found = infersim(command[0], path, *command[1:])
    assert found.code == 2, found
    hint = f"infersim sweep {path} --out DIR sweeps it; the scenario under it is tiny.yaml"
    assert found.err == f"{path}:1\n  is a study, not a scenario\n  {hint}\n"


def test_a_study_takes_no_axes_of_the_command_line(infersim, tmp_path, no_runs):
    path = write(tmp_path)
    found = infersim("sweep", path, "--axis", "fleet.main.replicas=1,2", "--out", tmp_path / "out")
    assert found.code == 2
    assert found.err.count("\n") == 3
    assert "is a study, not a scenario\n  axes stand in it, under axes:" in found.err


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ("axes:\n  fleet: {main: {replicas: [1, 2]}}\n", "fleet.main.replicas: [1, 2]"),
        (
            "axes:\n  fleet.main: {engine: {max_num_seqs: {from: 1, to: 8, points: 2}}}\n",
            "fleet.main.engine.max_num_seqs",
        ),
        ("zip:\n  fleet: {main: {replicas: [1, 2]}}\n", "fleet.main.replicas: [1, 2]"),
    ],
)
def test_nested_axes_are_told_to_have_dots(infersim, tmp_path, no_runs, axes, said):
    path = write(tmp_path, "scenario: tiny.yaml\n" + axes)
    found = infersim("sweep", path, "--out", tmp_path / "out")
    assert found.code == 2
    assert f"{path}:3:3" in found.err
    assert "axes are not nested\n  write the path with dots" in found.err
    assert said in found.err


def test_the_values_of_an_axis_may_stand_in_brackets(infersim, tmp_path):
    write(tmp_path)
    axis = "fleet.main.device=[h100-sxm-80gb,l40s-48gb]"
    found = infersim("sweep", tmp_path / "tiny.yaml", "--axis", axis, "--out", tmp_path / "out", "--jobs", 1)
    assert found.code == 0, found.err
    assert "2 points: 2 ok" in found.err


def test_a_share_may_be_in_percent(tmp_path):
    rule = "replications: {least: 3, most: 4, figure: ttft_s.p99, relative_half_width: 5%}"
    assert read_study(write(tmp_path, STUDY.replace(END, rule))).study.replications.relative_half_width == 0.05


def test_python_is_told_in_pythons_words(tmp_path, no_runs):
    write(tmp_path)
    with pytest.raises(sim.InputError, match=r'sim\.sweep\(scenario, \{"fleet\.main\.replicas": \[1, 2, 4\]\}\)'):
        sim.sweep(tmp_path / "tiny.yaml")
