"""What a user sees of a sweep: the table on the terminal, questions to it, and the same in Python."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import pty
import subprocess
import sys
import time

import numpy as np
import pytest

import infersim as sim
from infersim.load.study import read_study
from infersim.runs.store import Outcome
from infersim.sweep.sweep import sweep_study
from infersim.sweep.table import row_of
from tests.sweep.studies import RATE, REPLICAS, STUDY, write


@pytest.fixture
def folder(infersim, tmp_path):
    out = tmp_path / "out"
    found = infersim("sweep", write(tmp_path), "--out", out, "--jobs", 1)
    assert found.code == 0, found.err
    return out


def rows_of(shown: str) -> list[str]:
    return [line for line in shown.splitlines() if line[:1].isdigit()]


def test_the_table_fits_a_terminal(infersim, folder):
    found = infersim("results", folder)
    shown = found.out.splitlines()
    head = shown[: shown.index(rows_of(found.out)[0])]
    titles = " ".join(" ".join(head).split())
    assert "point replicas rate TTFT p99 TPOT p99" in titles
    assert head[-1].split() == ["per", "s", "ms", "ms"]
    assert len(rows_of(found.out)) == 6
    assert all(" ± " in line for line in rows_of(found.out))
    assert max(map(len, shown)) <= 80


def test_figures_that_a_terminal_has_no_room_for_are_named(infersim, folder, monkeypatch):
    shown = {}
    for width in (200, 80, 50, 16):
        monkeypatch.setenv("COLUMNS", str(width))
        shown[width] = infersim("results", folder).out
    assert "no room" not in shown[200]
    told = " ".join(shown[50].split())
    assert "replicas rate TTFT p99 TPOT p99 per s ms ms" in told
    assert "no room for throughput.output_tokens_per_s: a wider terminal, infersim results DIR" in told
    assert max(map(len, shown[50].splitlines())) <= 50
    assert "replicas" in shown[16]
    assert "ttft_s.p99" in " ".join(shown[16].split())


def test_columns_are_found_by_the_headings_shown(infersim, folder):
    found = infersim("results", folder, "--columns", "replicas,rate,ttft_s.p99")
    assert found.code == 0, found.err
    assert found.out.split()[:4] == ["replicas", "rate", "TTFT", "p99"]
    assert len(rows_of(found.out)) == 6
    again = infersim("results", folder, "--columns", "arrivals.rate_per_s", "--format", "csv")
    assert again.out.splitlines()[0] == RATE
    assert "Did you mean 'replicas'" in infersim("results", folder, "--columns", "replicsa").err


@pytest.mark.parametrize("form", [[], ["--format", "csv"], ["--format", "md"], ["--format", "json"]])
def test_the_status_is_shown_where_it_is_not_ok(infersim, folder, tmp_path, form):
    asked = ["--columns", "fleet.main.replicas,ttft_s.p99", *form]
    assert "status" not in infersim("results", folder, *asked).out
    path = write(tmp_path, STUDY.replace("to: 500", "to: 5000").replace("replications: 2", ""), name="over.yaml")
    (tmp_path / "tiny.yaml").write_text((tmp_path / "tiny.yaml").read_text().replace("requests: 12", "requests: 3000"))
    infersim("sweep", path, "--out", tmp_path / "over", "--jobs", 1)
    found = infersim("results", tmp_path / "over", *asked).out
    assert "status" in found
    assert "overload" in found


def test_a_file_of_the_folder_is_told(infersim, folder):
    found = infersim("results", folder / "results.csv")
    assert found.code == 2
    assert f"is a file\n  give the folder of its sweep: infersim results {folder}" in found.err


def on_terminal(*arguments: object) -> tuple[int, str, str]:
    """Exit code, what the terminal shows, and stderr of a command whose stdout is a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "infersim", *map(str, arguments)]
    ran = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "80"})
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # at its end
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    return ran.returncode, shown.decode(errors="replace"), ran.stderr


def test_a_terminal_gets_no_binary_and_no_endless_lines(folder):
    code, shown, err = on_terminal("results", folder, "--format", "parquet")
    assert (code, shown) == (2, "")
    assert "is no text for a terminal" in err
    code, shown, err = on_terminal(
        "results", folder, "--sql", "SELECT point, repeat('long ', 100) FROM results LIMIT 2"
    )
    assert code == 0, err
    assert max(map(len, shown.splitlines())) <= 80


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
    assert len(best) > 100
    assert len(repr(best)) < 300
    assert repr(best).startswith(f"{{'point': {best['point']}, '{REPLICAS}': ")
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
    growth = 9.0 if status == "overload" else 0.3
    figures = np.array([*values, growth]).tobytes()
    return Outcome(status, "so" if status != "ok" else "", ("a", "b", "queue_growth"), figures)


def test_a_row_of_runs_that_differ():
    row = row_of([outcome(1.0, np.nan), outcome(2.0, 7.0), outcome(3.0, 7.0, status="overload")])
    assert row.status == "ok"  # one burst at the end of one run
    assert row.reason == "1 figures are means of fewer than 3 replications: b (2)"
    assert row_of([outcome(1.0, 2.0)] * 3).reason == ""
    mean, low, high = row.figures.T[0]
    half = 4.302652729911275 / np.sqrt(3)  # t of two degrees of freedom, a deviation of 1
    assert (mean, low, high) == pytest.approx((2.0, 2 - half, 2 + half))
    assert row.figures.T[1].tolist() == [7.0, 7.0, 7.0]


def test_an_overloaded_row_has_means_and_no_intervals():
    row = row_of([outcome(1.0, 5.0), outcome(2.0, 7.0, status="overload"), outcome(3.0, 9.0, status="overload")])
    assert row.status == "overload"
    assert row.reason == "in 2 of 3 replications, first: so"
    assert row.figures[0, :2].tolist() == [2.0, 7.0]
    assert np.isnan(row.figures[1:]).all()
    alone = Outcome("ok", "", ("queue_growth",), np.array([1.5]).tobytes())  # none by itself, but all alike
    together = row_of([alone] * 5)
    assert together.status == "overload"
    assert together.reason == "overload: arrivals outran service, as 5 replications show together"


def test_an_overload_is_told_though_replications_are_missing():
    row = row_of([outcome(1.0, 7.0, status="overload")] * 2, "budget")
    assert row.status == "overload"
    assert row.reason.endswith("; replications are missing (budget)")
    assert row_of([outcome(1.0, 7.0)] * 2, "budget").status == "budget"


def test_rows_without_figures():
    assert row_of([], "budget").status == "budget"
    assert row_of([outcome(1.0, 1.0), Outcome("refused", "why")]).status == "refused"
    assert row_of([outcome(1.0, 1.0)], "unfinished").replications == 1


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
