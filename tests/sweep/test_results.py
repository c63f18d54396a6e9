"""What a user sees of a sweep: the table on the terminal, questions to it, and the same in Python."""

from __future__ import annotations

import csv
import io
import json
import time

import numpy as np
import pytest

import infersim as sim
from infersim.load.study import read_study
from infersim.runs.store import Outcome
from infersim.sweep.sweep import sweep_study
from infersim.sweep.table import row_of
from infersim.text.sweep import lines
from tests.sweep.studies import RATE, REPLICAS, STUDY, write


@pytest.fixture
def folder(infersim, tmp_path):
    out = tmp_path / "out"
    found = infersim("sweep", write(tmp_path), "--out", out, "--jobs", 1)
    assert found.code == 0, found.err
    return out


def test_the_table_fits_a_terminal(infersim, folder):
    found = infersim("results", folder)
    shown = found.out.splitlines()
    assert shown[0].split()[:3] == ["point", "replicas", "rate_per_s"]
    assert "TTFT p99" in shown[0]
    assert len(shown) == 7
    assert all(" ± " in line for line in shown[1:])
    assert max(map(len, shown)) <= 80


def test_figures_that_a_terminal_has_no_room_for_are_named(infersim, folder, monkeypatch):
    shown = {}
    for width in (200, 80, 50, 16):
        monkeypatch.setenv("COLUMNS", str(width))
        shown[width] = infersim("results", folder).out
    assert "no room" not in shown[200]
    told = " ".join(shown[50].splitlines()[7:])
    assert "TTFT p99" in shown[50]
    assert told == (
        "no room for tpot_s.p99, throughput.output_tokens_per_s: infersim results DIR --columns A,B,… or --format csv "
        "shows them"
    )
    assert max(map(len, shown[50].splitlines())) <= 50
    assert "columns are cut at the terminal's width" in shown[16]
    assert "no room for ttft_s.p99, tpot_s.p99," in " ".join(shown[16].split())


def test_formats_are_for_programs(infersim, folder):
    as_csv = infersim("results", folder, "--format", "csv")
    assert as_csv.out == (folder / "results.csv").read_text()
    as_json = json.loads(infersim("results", folder, "--columns", "point,ttft_s.p99", "--format", "json").out)
    rows = [*csv.DictReader(io.StringIO(as_csv.out))]
    assert [row["simulated.ttft_s.p99"] for row in as_json] == [float(row["simulated.ttft_s.p99"]) for row in rows]
    as_md = infersim("results", folder, "--columns", f"point,{REPLICAS}", "--format", "md").out.splitlines()
    assert as_md[:3] == [f"| point | {REPLICAS} |", "| --- | --- |", "| 0 | 1 |"]


def test_questions_are_sql(infersim, folder):
    sql = f'SELECT "{REPLICAS}" AS n, count(*) AS points FROM results GROUP BY n ORDER BY n'
    found = infersim("results", folder, "--sql", sql)
    assert [line.split() for line in found.out.splitlines()] == [["n", "points"], ["1", "3"], ["2", "3"]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sql", "SELECT replicsa FROM results"], "Referenced column"),
        (["--sql", "DROP VIEW results"], "one SELECT is needed"),
        (["--sql", "SELECT 1; SELECT 2"], "one SELECT is needed"),
        (["--columns", "ttft_s.p98"], "Did you mean 'ttft_s.p9"),
        (["--columns", "nonsense"], "no such column in the results"),
    ],
)
def test_a_question_that_cannot_be_answered_is_told(infersim, folder, options, said):
    found = infersim("results", folder, *options)
    assert found.code == 2
    assert said in found.err


def test_a_folder_without_results_is_told(infersim, tmp_path):
    assert "no such folder" in infersim("results", tmp_path / "nowhere").err
    assert "is no folder of a study" in infersim("results", tmp_path).err


def test_python_has_it_all(tmp_path):
    write(tmp_path)
    found = sim.sweep(tmp_path / "tiny.yaml", {REPLICAS: (1, 2), RATE: np.array([5.0, 500.0])}, replications=2)
    assert found.statuses == {"ok": 4}
    frame = found.to_dataframe()
    assert frame[REPLICAS].tolist() == [1, 1, 2, 2]
    best = found.best("ttft_s.p99")
    assert best["simulated.ttft_s.p99"] == frame["simulated.ttft_s.p99"].min()
    most = found.best("throughput.requests_per_s", minimise=False, where=f'"{REPLICAS}" = 1')
    assert most[REPLICAS] == 1
    assert most[RATE] == 500.0
    with pytest.raises(sim.InputError, match=r"ttft_s\.p9"):
        found.best("ttft_s.p98")
    with pytest.raises(sim.InputError, match="no point has this figure"):
        found.best("ttft_s.p99", where="point > 9")
    html = found._repr_html_()
    assert html.count("<tr>") == 5
    assert "TTFT p99" in html
    assert "4 points (4 ok)" in repr(found)
    lines_drawn = found.plot("ttft_s.p99").axes[0].get_lines()
    assert len(lines_drawn) == 2
    assert callable(sim.sweep)


def test_python_takes_a_study_a_mapping_and_a_scenario(tmp_path):
    path = write(tmp_path)
    expected = sim.sweep(path).to_dataframe()
    axes = {REPLICAS: [1, 2], RATE: {"from": 5, "to": 500, "points": 3, "scale": "log"}}
    for base in (tmp_path / "tiny.yaml", sim.load_scenario(tmp_path / "tiny.yaml")):
        assert sim.sweep(base, axes, replications=2).to_dataframe().equals(expected)
    mapping = {"scenario": str(tmp_path / "tiny.yaml"), "axes": axes, "replications": 2}
    assert sim.sweep(mapping).to_dataframe().equals(expected)


def test_mistakes_in_python_are_told(tmp_path):
    write(tmp_path)
    with pytest.raises(sim.InputError, match=r"Did you mean 'fleet\.main\.replicas'"):
        sim.sweep(tmp_path / "tiny.yaml", {"fleet.main.replica": [1]})


def outcome(*values: float, status: str = "ok") -> Outcome:
    return Outcome(status, "so" if status != "ok" else "", ("a", "b"), np.array(values).tobytes())


def test_a_row_of_runs_that_differ():
    row = row_of([outcome(1.0, np.nan), outcome(2.0, 7.0), outcome(3.0, 7.0, status="overload")])
    assert row.status == "overload"
    assert row.reason == "in 1 of 3 replications, first: so"
    mean, low, high = row.figures.T[0]
    half = 4.302652729911275 / np.sqrt(3)  # t of two degrees of freedom, a deviation of 1
    assert (mean, low, high) == pytest.approx((2.0, 2 - half, 2 + half))
    assert row.figures.T[1].tolist() == [7.0, 7.0, 7.0]


def test_rows_without_figures():
    assert row_of([], "budget").status == "budget"
    assert row_of([outcome(1.0, 1.0), Outcome("refused", "why")]).status == "refused"
    assert row_of([outcome(1.0, 1.0)], "unfinished").replications == 1


def test_figures_give_way_to_axes_on_a_narrow_terminal():
    table = {
        "point": np.arange(2),
        "fleet.main.device": np.array(["h100-sxm-80gb", "l40s-48gb"], dtype=object),
        "status": np.array(["ok", "ok"], dtype=object),
        "simulated.ttft_s.p99": np.array([0.5, 1.25]),
        "simulated.goodput.fraction": np.array([1.0, 0.75]),
    }
    wide = lines(table, ["fleet.main.device"], 80, 10)
    assert wide[1].split() == ["0", "h100-sxm-80gb", "500", "ms", "1"]
    narrow = lines(table, ["fleet.main.device"], 34, 10)
    assert "goodput" not in narrow[0]
    assert "1.25 s" in narrow[2]


def test_a_run_costs_little_above_its_simulation(tmp_path, monkeypatch):
    from infersim.runs import answer

    real, spent_s = answer.simulate, [0.0]

    def timed(loaded):
        began_s = time.thread_time()
        found = real(loaded)
        found.summary()
        spent_s[0] += time.thread_time() - began_s
        return found

    monkeypatch.setattr(answer, "simulate", timed)
    path = write(tmp_path, STUDY.replace("points: 3", "points: 15"))
    began_s = time.thread_time()
    found = sim.sweep(path, out=tmp_path / "out")
    each_s = (time.thread_time() - began_s - spent_s[0]) / found.simulated
    assert found.simulated == 60
    assert each_s < 0.010


def number_of(line: str) -> int:
    return int(line.split()[1].rstrip(":"))


def test_each_point_is_told_as_it_is_finished(tmp_path):
    """Of three rows at six points, one does not fit, and two are the same scenario, which is run once."""
    path = write(tmp_path, STUDY + "table: more.csv\n")
    (tmp_path / "more.csv").write_text("fleet.main.model,fleet.main.engine.max_num_seqs\nllama-3.1-405b,\n,8\n,8\n")
    said: dict[int, tuple[int, str]] = {}
    done = [0]

    def told(*at: int) -> None:
        done[0] = at[0]

    def say(line: str) -> None:
        assert number_of(line) not in said
        said[number_of(line)] = done[0], line

    found = sweep_study(read_study(path), tmp_path / "out", 1, told, say=say)
    assert found.simulated == 12 + 12
    assert sorted(said) == [*range(18)]
    assert said[0][1].startswith("point 0: replicas=1, rate_per_s=5, model=llama-3.1-405b: does_not_fit: ")
    assert said[1][1].startswith("point 1: replicas=1, rate_per_s=5, max_num_seqs=8: TTFT p99 ")
    mean_s, high_s = (found.table[f"{kind}.ttft_s.p99"][1] for kind in ("simulated", "ci95_high"))
    assert f"TTFT p99 {1e3 * mean_s:.4g} ± {1e3 * (high_s - mean_s):.2g} ms" in said[1][1]
    assert said[1][1].partition("TTFT")[2] == said[2][1].partition("TTFT")[2]
    assert said[1][0] < said[4][0] < said[16][0] < done[0]  # not all of them at the end
    again: list[str] = []
    sweep_study(read_study(path), tmp_path / "out", 1, say=again.append)
    assert sorted(again) == sorted(line for _, line in said.values())


@pytest.mark.parametrize("rule", ["2", "{least: 2, most: 6, figure: e2e_s.mean, relative_half_width: 0.05}"])
def test_a_verbose_sweep_tells_its_points_on_stderr(infersim, tmp_path, rule):
    path = write(tmp_path, STUDY.replace("replications: 2", f"replications: {rule}"))
    answer = infersim("sweep", path, "--out", tmp_path / "out", "--jobs", 1, "--verbose")
    lines = [line for line in answer.err.splitlines() if line.startswith("point ")]
    assert sorted(map(number_of, lines)) == [*range(6)]
    quiet = infersim("sweep", path, "--out", tmp_path / "out", "--jobs", 1)
    assert "point " not in quiet.err


def test_a_sweep_that_runs_shows_what_is_finished(infersim, tmp_path):
    """As another terminal sees it while the sweep is at work in the folder."""
    seen = []

    def told(done: int, of: int) -> None:
        if done == 5:
            seen.append(infersim("results", tmp_path / "out", "--columns", "point,status,replications"))

    sweep_study(read_study(write(tmp_path)), tmp_path / "out", 1, told)
    rows = [line.split() for line in seen[0].out.splitlines()[1:]]
    assert rows[:4] == [["0", "ok", "2"], ["1", "ok", "2"], ["2", "unfinished", "1"], ["3", "unfinished", "0"]]
