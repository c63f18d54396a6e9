"""Ctrl-C at several moments, and the progress bar, on a terminal of the test's own."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

import infersim as sim
from tests.cli.terminal import PATIENCE_S, Terminal
from tests.load.scenarios import write
from tests.sweep.test_sweep import times

ENDLESS = ("{requests: 50", "{requests: 5000000")


def test_a_run_shows_how_far_it_is_and_keeps_what_it_has(tmp_path):
    terminal = Terminal("run", write(tmp_path, *ENDLESS), "--json", "--out", tmp_path / "out")
    terminal.until(" simulated, ")
    assert terminal.interrupt() == 130
    figures = json.loads(terminal.out)
    assert figures["interrupted"] is True
    assert 0 < figures["requests"]["completed"] <= figures["requests"]["arrived"] < 5_000_000
    assert figures["warnings"][0].startswith("interrupted after ")
    kept = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert kept | {"wall": None} == figures | {"wall": None}
    assert not [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]
    assert "%" in terminal.err
    assert " left" in terminal.err


def test_a_run_to_a_horizon_of_one_replica_ends(tmp_path):
    path = write(tmp_path, ENDLESS[0], "{until: horizon, duration_s: 1000000, requests: 5000000")
    terminal = Terminal("run", path, "--json")
    terminal.until(" simulated, ")
    assert terminal.interrupt() == 130
    figures = json.loads(terminal.out)
    assert figures["interrupted"] is True
    assert 0 < figures["span"]["end_s"] < 1_000_000


@pytest.mark.parametrize("jobs", [1, 2])
def test_replications_that_are_finished_are_kept(tmp_path, jobs):
    path = write(tmp_path, "{requests: 50", "{requests: 1000")
    asked = ("--replications", 5000, "--jobs", jobs, "--json", "--out", tmp_path / "out")
    terminal = Terminal("run", path, *asked)
    terminal.until(" 5/5000")
    assert terminal.interrupt() == 130
    figures = json.loads(terminal.out)
    assert figures["interrupted"] is True
    assert 5 <= figures["replications"] == len(figures["seeds"]) < 5000
    assert f"of {figures['replications']:,} of 5,000 replications" in figures["warnings"][0]
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == figures


def test_where_no_replication_is_finished_nothing_is_written(tmp_path):
    path = write(tmp_path, *ENDLESS)
    terminal = Terminal("run", path, "--replications", 3, "--jobs", 2, "--out", tmp_path / "out")
    terminal.until(" 0/3")
    assert terminal.interrupt() == 130
    assert terminal.out == ""
    assert "none of 3 replications is finished" in terminal.err
    assert [*(tmp_path / "out").iterdir()] == []


@pytest.mark.parametrize("after_s", [0.3, 0.6, 0.9])
def test_at_any_moment_of_the_start_it_ends_without_a_word_too_many(tmp_path, after_s):
    terminal = Terminal("run", write(tmp_path, *ENDLESS))
    time.sleep(after_s)
    assert terminal.interrupt() == 130
    assert "interrupted" in terminal.err + terminal.out


@pytest.mark.parametrize("jobs", [1, 2])
def test_pairs_of_a_comparison_that_are_finished_are_kept(tmp_path, jobs):
    path = write(tmp_path, "{requests: 50", "{requests: 1000")
    asked = ("--variant", "fleet.main.replicas=2", "--replications", 2500, "--jobs", jobs, "--out", tmp_path / "out")
    terminal = Terminal("compare", path, *asked, "--json")
    terminal.until(" 12/5000")
    assert terminal.interrupt() == 130
    figures = json.loads(terminal.out)
    assert figures["interrupted"] is True
    assert 5 <= figures["replications"] == len(figures["seeds"]) < 2500
    assert {row["pairs"] for row in figures["differences"]} == {figures["replications"]}
    assert figures["warnings"][0] == (
        f"interrupted: the differences are those of {figures['replications']:,} of 2,500 replications."
    )
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == figures


def test_a_search_for_the_best_shows_who_was_ahead(tmp_path):
    path = write(tmp_path, "{requests: 50", "{requests: 1000")
    asked = ("--variant", "fleet.main.replicas=2", "--best", "ttft_s.p99", "--replications", 2500, "--most", 2500)
    terminal = Terminal("compare", path, *asked)
    terminal.until(" 12/5000")
    assert terminal.interrupt() == 130
    assert "best so far, not decided of 2 by TTFT p99" in terminal.out
    assert "interrupted: not decided within " in terminal.out


def test_where_no_pairs_are_finished_nothing_is_shown(tmp_path):
    terminal = Terminal("compare", write(tmp_path, *ENDLESS), "--variant", "fleet.main.replicas=2", "--jobs", 1)
    terminal.until(" 0/20")
    assert terminal.interrupt() == 130
    assert terminal.out == ""
    assert "fewer than two replications of all scenarios are finished" in terminal.err


def test_points_of_a_sweep_that_are_interrupted_are_kept_in_its_folder(tmp_path):
    path = write(tmp_path, "{requests: 50", "{requests: 1000")
    sim.sweep(path, {"fleet.main.replicas": [1, 2]}, out=tmp_path / "out")
    terminal = Terminal("compare", tmp_path / "out", "--points", "0,1", "--replications", 2500, "--jobs", 1)
    terminal.until(" 12/5000")
    assert terminal.interrupt() == 130
    assert f"what is finished is kept in {tmp_path / 'out'}; the same command goes on" in terminal.err
    assert len(times(tmp_path / "out")) >= 12


@pytest.mark.parametrize("jobs", [1, 2])
def test_loads_of_a_curve_that_were_tried_are_kept(tmp_path, jobs):
    asked = ("--rates", "1,2,3", "--replications", 4, "--slo", "ttft_s.p99=1", "--jobs", jobs)
    path = write(tmp_path, "{requests: 50", "{requests: 4000")
    terminal = Terminal("curve", path, *asked, "--json", "--out", tmp_path / "out")
    terminal.until("\r5 runs")
    assert terminal.interrupt() == 130
    figures = json.loads(terminal.out)
    assert figures["interrupted"] is True
    assert figures["points"]
    assert figures["simulated_runs"] >= 5
    assert figures["warnings"][0].startswith(f"interrupted: the figures are those of {figures['simulated_runs']} runs")
    assert json.loads((tmp_path / "out" / "curve.json").read_text()) == figures
    assert (tmp_path / "out" / "curve.png").exists()


def test_a_curve_without_a_load_says_that_there_is_none(tmp_path):
    terminal = Terminal("curve", write(tmp_path, *ENDLESS), "--jobs", 1, "--set", "run.warmup=60")
    time.sleep(3)
    assert terminal.interrupt() == 130
    assert terminal.out == ""
    assert "no load was tried by then" in terminal.err


def test_rows_of_a_table_end_with_their_processes(tmp_path):
    base = write(tmp_path, "{requests: 50", "{requests: 2000", "many.base.yaml")
    rows = "".join(f"{seed},1.0\n" for seed in range(3000))
    (tmp_path / "many.csv").write_text("run.seed,measured.ttft_s.mean\n" + rows)
    terminal = Terminal("validate", tmp_path / "many.csv", "--base", base, "--jobs", 2, "--out", tmp_path / "out")
    terminal.until("/3000")
    assert terminal.interrupt() == 130
    assert [*(tmp_path / "out").iterdir()] == []


def test_a_pipe_shows_no_bar(tmp_path):
    path = write(tmp_path, "{requests: 50", "{requests: 1000")
    command = [sys.executable, "-m", "infersim", "run", str(path), "--replications", "2", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert done.stderr.startswith("2 replications in ")
    assert len(done.stderr.splitlines()) == 1
