"""Sweeps: what a table holds, what is run again and what is not, and what each way to fail leaves."""

from __future__ import annotations

import csv
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

import infersim as sim
from infersim.load.study import read_study
from infersim.runs import read_table
from infersim.runs.answer import Given, answer
from infersim.runs.crew import Crew
from infersim.runs.store import RUNS, Outcome, Store
from infersim.sweep.folder import open_folder
from infersim.sweep.points import points_of
from infersim.sweep.sweep import sweep_study
from tests.sweep.studies import RATE, REPLICAS, SCENARIO, STUDY, write

TRACED = "workload:\n  chat: {trace: {path: t.csv, format: plain}}\n"
FLEET = "fleet:\n  main: {model: llama-3.1-8b, device: h100-sxm-80gb}\n"
MANY = STUDY.replace("replications: 2", "replications: 12")


def times(folder: Path) -> list[int]:
    """How often each run of a store was finished."""
    with sqlite3.connect(folder / RUNS) as database:
        found = [row[0] for row in database.execute("SELECT times FROM runs")]
    database.close()
    return found


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as file:
        return [*csv.DictReader(file)]


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("results.csv", "results.parquet", "results.base.yaml")]


def sweep(path: Path, out: Path | None, jobs: int = 1):
    return sweep_study(read_study(path), out, jobs)


def test_a_row_is_the_means_of_its_replications(tmp_path):
    path = write(tmp_path)
    sweep(path, tmp_path / "out")
    found = rows(tmp_path / "out")
    assert [(row[REPLICAS], row[RATE]) for row in found] == [
        (replicas, rate) for replicas in ("1", "2") for rate in ("5.0", "50.0", "500.0")
    ]
    assert {row["replications"] for row in found} == {"2"}
    for row in (found[0], found[5]):
        settings = {REPLICAS: int(row[REPLICAS]), RATE: float(row[RATE])}
        alone = sim.replicate(tmp_path / "tiny.yaml", settings, replications=2).summary()
        for name in ("p99", "mean"):
            assert float(row[f"simulated.ttft_s.{name}"]) == pytest.approx(alone["ttft_s"][name], rel=1e-12)
            low, high = (float(row[f"{end}.ttft_s.{name}"]) for end in ("ci95_low", "ci95_high"))
            assert [low, high] == pytest.approx(alone["ci95"]["ttft_s"][name], rel=1e-9)


def test_the_table_is_a_run_table_that_means_the_same(tmp_path):
    sweep(write(tmp_path), tmp_path / "out")
    table = read_table(tmp_path / "out" / "results.csv")
    assert len(table) == 6
    asked = sim.load_scenario(tmp_path / "tiny.yaml", {REPLICAS: 2, RATE: 500.0})
    assert table.scenario(5).scenario == asked.scenario
    parquet = read_table(tmp_path / "out" / "results.parquet")
    assert parquet.figures["simulated"].keys() == table.figures["simulated"].keys()


def test_failing_points_are_rows_with_their_reasons(infersim, tmp_path):
    cases = """\
cases:
  - {name: fine, set: {fleet.main.replicas: 1}}
  - {name: too large, set: {fleet.main.model: llama-3.1-70b}}
  - {name: overloaded, set: {run.requests: 400, workload.chat.arrivals.rate_per_s: 2000, fleet.main.engine: SLOW}}
  - {name: later, set: {fleet.main.role: prefill}}
  - {name: not divided, set: {fleet.main.parallel.tensor: 3}}
"""
    out = tmp_path / "out"
    found = infersim(
        "sweep",
        write(tmp_path, f"scenario: tiny.yaml\n{cases.replace('SLOW', '{kind: vllm, max_num_seqs: 1}')}"),
        "--out",
        out,
        "--jobs",
        1,
        "--json",
    )
    assert found.code == 0, found.err
    by_name = {row["name"]: row for row in rows(out)}
    statuses = {name: row["status"] for name, row in by_name.items()}
    assert statuses == {
        "fine": "ok",
        "too large": "does_not_fit",
        "overloaded": "overload",
        "later": "refused",
        "not divided": "refused",
    }
    assert "fleet.main: llama-3.1-70b (bf16) does not fit" in by_name["too large"]["reason"]
    assert by_name["later"]["reason"].startswith("not modelled: fleet.main.role")
    assert by_name["not divided"]["reason"].startswith("invalid: fleet.main")
    assert by_name["overloaded"]["reason"].startswith("overload: arrivals outran service")
    assert float(by_name["overloaded"]["simulated.ttft_s.p99"]) > 1
    assert by_name["later"]["simulated.ttft_s.p99"] == ""
    assert json.loads(found.out)["statuses"] == {"refused": 2, "ok": 1, "does_not_fit": 1, "overload": 1}
    assert "1 ok, 1 overloaded (their figures are no steady state), 1 do not fit, 2 refused" in found.err


def test_nothing_is_run_twice_and_what_is_added_is_all_that_is_run(tmp_path):
    path = write(tmp_path)
    assert sweep(path, tmp_path / "out").simulated == 12
    before = tables(tmp_path / "out")
    assert sweep(path, tmp_path / "out").simulated == 0
    assert tables(tmp_path / "out") == before
    write(tmp_path, STUDY.replace("[1, 2]", "[1, 2, 3]"))
    assert sweep(path, tmp_path / "out").simulated == 6
    write(tmp_path, STUDY.replace("[1, 2]", "[1, 2, 3]").replace("replications: 2", "replications: 3"))
    assert sweep(path, tmp_path / "out").simulated == 9
    assert {*times(tmp_path / "out")} == {1}


def test_a_changed_base_makes_nothing_stale(tmp_path):
    path = write(tmp_path)
    sweep(path, tmp_path / "out")
    write(tmp_path, scenario=SCENARIO.replace("value: 4", "value: 5"))
    assert sweep(path, tmp_path / "out").simulated == 12
    sweep(path, tmp_path / "new")
    assert tables(tmp_path / "out") == tables(tmp_path / "new")


def test_changed_profiles_and_traces_make_other_runs(tmp_path, monkeypatch):
    shipped = Path(sim.__file__).parents[1] / "hardware_profiles" / "gpu" / "h100-sxm-80gb.yaml"
    mine = tmp_path / "profiles" / "gpu" / "mine.yaml"
    mine.parent.mkdir(parents=True)
    text = shipped.read_text().replace("name: h100-sxm-80gb", "name: mine").replace("full_name:", "full_name: My ", 1)
    mine.write_text(text)
    monkeypatch.setenv("INFERSIM_PROFILES", str(tmp_path / "profiles"))
    (tmp_path / "t.csv").write_text("arrival_s,prompt_tokens,output_tokens\n0,8,2\n1,8,2\n")
    path = write(
        tmp_path,
        "scenario: tiny.yaml\naxes: {fleet.main.replicas: [1, 2]}\n",
        TRACED + FLEET.replace("h100-sxm-80gb", "mine"),
    )
    assert sweep(path, tmp_path / "out").simulated == 2
    assert sweep(path, tmp_path / "out").simulated == 0
    (tmp_path / "t.csv").write_text("arrival_s,prompt_tokens,output_tokens\n0,8,2\n1,9,2\n")
    assert sweep(path, tmp_path / "out").simulated == 2
    mine.write_text(text + "\n# a note\n")
    assert sweep(path, tmp_path / "out").simulated == 2


def test_the_folder_holds_a_study_that_is_the_same_anywhere(tmp_path):
    cases = "cases: [{name: a, set: {run.requests: 9, workload.chat.prompt_tokens.max: null}}]\n"
    path = write(tmp_path / "here", STUDY + cases)
    sweep(path, tmp_path / "out")
    shutil.rmtree(tmp_path / "here")
    before = tables(tmp_path / "out")
    assert sweep(tmp_path / "out" / "study.yaml", tmp_path / "out").simulated == 0
    assert tables(tmp_path / "out") == before


def test_files_are_found_from_the_folder_and_are_the_same_files(tmp_path):
    here = tmp_path / "here"
    path = write(here, "scenario: tiny.yaml\naxes: {workload.chat.trace.path: [a.csv, b.csv]}\n", f"{TRACED}{FLEET}")
    for name in ("t.csv", "a.csv", "b.csv"):
        (here / name).write_text(f"arrival_s,prompt_tokens,output_tokens\n0,8,{ord(name[0])}\n")
    sweep(path, tmp_path / "out")
    assert [float(row["simulated.tokens.output"]) for row in rows(tmp_path / "out")] == [ord("a"), ord("b")]
    assert sweep(tmp_path / "out" / "study.yaml", tmp_path / "out").simulated == 0
    assert len(read_table(tmp_path / "out" / "results.csv")) == 2
    write(here, "scenario: tiny.yaml\naxes: {fleet.main.replicas: [1]}\n", f"{TRACED}{FLEET}")
    assert sweep(path, tmp_path / "base").simulated == 1
    assert sweep(tmp_path / "base" / "study.yaml", tmp_path / "base").simulated == 0


@pytest.mark.parametrize("jobs", [2, 8])
def test_any_number_of_workers_makes_the_same_bytes(tmp_path, jobs):
    path = write(tmp_path)
    sweep(path, tmp_path / "one")
    sweep(path, tmp_path / "several", jobs)
    assert tables(tmp_path / "several") == tables(tmp_path / "one")


def test_two_sweeps_at_once_share_what_they_find(tmp_path):
    path = write(tmp_path, MANY)
    sweep(path, tmp_path / "alone")
    command = [sys.executable, "-m", "infersim", "sweep", path, "--out", tmp_path / "out", "--jobs", "1", "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [(*each.communicate(timeout=120), each.returncode) for each in both]
    assert [code for _, _, code in ends] == [0, 0], ends
    assert tables(tmp_path / "out") == tables(tmp_path / "alone")
    done = [json.loads(out)["runs_simulated"] for out, _, _ in ends]
    assert sum(done) == sum(times(tmp_path / "out"))
    assert len(times(tmp_path / "out")) == 72


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_changes_while_a_sweep_is_at_work_leaves_no_stale_run(tmp_path, jobs):
    lines = ["arrival_s,prompt_tokens,output_tokens\n", *(f"{n / 10},{100 + n},4\n" for n in range(12))]
    trace = tmp_path / "t.csv"
    trace.write_text("".join(lines))
    path = write(tmp_path, MANY, TRACED + FLEET + "run: {seed: 1}\n")
    path.write_text(path.read_text().replace(f"  {RATE}: {{from: 5, to: 500, points: 3, scale: log}}\n", ""))
    calm = sweep(path, tmp_path / "calm").to_dataframe()

    def changes(done: int, of: int) -> None:
        if done == 5:
            trace.write_text("".join(line.replace(",4\n", ",400\n") for line in lines))

    found = sweep_study(read_study(path), tmp_path / "out", jobs, changes).to_dataframe()
    assert "error" in {*found.status}
    assert found.reason.dropna().str.contains("is not what it was as the sweep began; sweep again").all()
    trace.write_text("".join(lines))
    again = sweep(path, tmp_path / "out")
    assert again.simulated > 0
    assert again.to_dataframe().equals(calm)


def test_a_table_is_of_the_study_that_is_there(tmp_path, infersim):
    """One whose sweep was killed before its first run, too."""
    out, path = tmp_path / "out", write(tmp_path)
    sweep(path, out)
    shown = infersim("results", out, "--columns", "point,status,replications").out
    for change in (
        lambda: write(tmp_path, STUDY, SCENARIO.replace("requests: 12", "requests: 13")),
        lambda: write(tmp_path, STUDY.replace("replications: 2", "replications: 3")),
    ):
        open_folder(out, read_study(change()), points_of(read_study(path))).close()
        assert "unfinished" in infersim("results", out, "--columns", "point,status,replications").out
        write(tmp_path)
        sweep(path, out)
        assert infersim("results", out, "--columns", "point,status,replications").out == shown


def test_of_two_studies_that_begin_at_once_one_has_the_folder(tmp_path, monkeypatch):
    """Both look whose it is before either has said so."""
    out, path = tmp_path / "out", write(tmp_path)
    sweep(path, out)
    monkeypatch.setattr(Store, "is_made", lambda store: False)
    before = (out / "study.yaml").read_bytes()
    with pytest.raises(sim.InputError, match="holds the runs of another study"):
        sweep(write(tmp_path, STUDY.replace("name: tiny", "name: other"), name="other.yaml"), out)
    assert (out / "study.yaml").read_bytes() == before


def deadly_once(given, task) -> Outcome:
    """The first run of two replicas kills its process, the first time."""
    settings = task[0]
    given, marker = given
    if settings[REPLICAS] == 2 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return answer(given, task)


def deadly(given, task) -> Outcome:
    """Every run of two replicas at the lowest rate kills its process."""
    settings = task[0]
    if settings == {REPLICAS: 2, RATE: 5.0}:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer(given, task)


def test_a_worker_that_dies_costs_its_run_alone(tmp_path):
    path = write(tmp_path)
    sweep(path, tmp_path / "calm")
    loaded = read_study(path)
    given = Given(loaded.base, loaded.file), tmp_path / "marker"
    sweep_study(loaded, tmp_path / "out", doer=Crew(deadly_once, given, 2))
    assert (tmp_path / "marker").exists()
    assert tables(tmp_path / "out") == tables(tmp_path / "calm")
    assert {*times(tmp_path / "out")} == {1}


def test_a_run_that_kills_twice_is_an_error_and_tried_again_the_next_time(tmp_path):
    path = write(tmp_path)
    loaded = read_study(path)
    found = sweep_study(loaded, tmp_path / "out", doer=Crew(deadly, Given(loaded.base, loaded.file), 2))
    assert found.statuses == {"ok": 5, "error": 1}
    assert "died, twice" in rows(tmp_path / "out")[3]["reason"]
    assert sweep(path, tmp_path / "out").simulated == 2
    sweep(path, tmp_path / "calm")
    assert tables(tmp_path / "out") == tables(tmp_path / "calm")


def test_an_error_of_the_simulator_is_a_row(tmp_path, monkeypatch):
    from infersim.runs import answer as answering

    real = answering.simulate

    def sometimes(loaded):
        if loaded.scenario.fleet["main"].replicas == 2:
            raise ZeroDivisionError("of no\nconsequence")
        return real(loaded)

    monkeypatch.setattr(answering, "simulate", sometimes)
    found = sweep(write(tmp_path), tmp_path / "out")
    assert found.statuses == {"ok": 3, "error": 3}
    assert rows(tmp_path / "out")[3]["reason"] == "ZeroDivisionError: of no consequence"


def test_a_folder_that_cannot_be_written_is_told(infersim):
    folder = Path(tempfile.mkdtemp())
    try:
        path = write(folder / "study")
        (folder / "out").mkdir(mode=0o555)
        folder.chmod(0o755)
        mine = os.geteuid()
        if mine == 0:
            os.seteuid(65534)  # root may write anywhere
        try:
            found = infersim("sweep", path, "--out", folder / "out", "--jobs", 1)
        finally:
            os.seteuid(mine)
        assert found.code == 2
        assert f"{folder / 'out'}\n  cannot be written: Permission denied" in found.err
    finally:
        shutil.rmtree(folder)


def test_a_full_disk_is_told_and_loses_nothing(tmp_path):
    path = write(tmp_path, MANY)
    sweep(path, tmp_path / "calm")
    command = [sys.executable, "-m", "infersim", "sweep", path, "--out", tmp_path / "out", "--jobs", "1"]
    limited = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (90_000, resource.RLIM_INFINITY)),
    )
    assert limited.returncode == 2, limited
    assert "Traceback" not in limited.stderr
    assert f"{tmp_path / 'out' / RUNS}\n  cannot be used: " in limited.stderr
    kept = len(times(tmp_path / "out"))
    assert 0 < kept < 72
    assert sweep(path, tmp_path / "out").simulated == 72 - kept
    assert tables(tmp_path / "out") == tables(tmp_path / "calm")


def test_a_file_that_is_no_store_is_told(infersim, tmp_path):
    path = write(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / RUNS).write_text("what is this" * 100)
    found = infersim("sweep", path, "--out", tmp_path / "out", "--jobs", 1)
    assert found.code == 2
    assert "file is not a database" in found.err


def test_a_budget_ends_it_and_the_next_sweep_goes_on(tmp_path):
    path = write(tmp_path, STUDY + "budget: {runs: 5}\n")
    found = sweep(path, tmp_path / "out", jobs=2)
    assert found.simulated == 5
    assert [row["status"] for row in rows(tmp_path / "out")] == ["ok", "ok", "budget", "budget", "budget", "budget"]
    assert [row["replications"] for row in rows(tmp_path / "out")] == ["2", "2", "1", "0", "0", "0"]
    assert sweep(path, tmp_path / "out").simulated == 0
    write(tmp_path)
    assert sweep(path, tmp_path / "out").simulated == 7
    sweep(path, tmp_path / "calm")
    assert tables(tmp_path / "out") == tables(tmp_path / "calm")


def test_a_budget_of_time_ends_it(tmp_path):
    found = sweep(write(tmp_path, STUDY + "budget: {wall_s: 1e-9}\n"), None)
    assert found.statuses == {"budget": 6}
    assert found.simulated == 0


def test_replications_go_on_until_the_interval_is_narrow(tmp_path):
    rule = "replications: {least: 3, most: 12, figure: ttft_s.mean, relative_half_width: 0.1}\n"
    path = write(tmp_path, STUDY.replace("replications: 2\n", rule))
    sweep(path, tmp_path / "out", jobs=2)
    counts = [int(row["replications"]) for row in rows(tmp_path / "out")]
    for row, count in zip(rows(tmp_path / "out"), counts, strict=True):
        mean, high = float(row["simulated.ttft_s.mean"]), float(row["ci95_high.ttft_s.mean"])
        assert (high - mean) / mean <= 0.1 or count == 12
    assert min(counts) < max(counts)
    assert sweep(path, tmp_path / "out").simulated == 0
    sweep(path, tmp_path / "one")
    assert tables(tmp_path / "out") == tables(tmp_path / "one")


def test_progress_counts_every_run_once(tmp_path):
    seen: list[tuple[int, int]] = []
    loaded = read_study(write(tmp_path))
    sweep_study(loaded, None, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(done, 12) for done in range(1, 13)]


def test_a_sweep_may_be_asked_for_in_a_thread(tmp_path):
    found: list[int] = []
    path = write(tmp_path)
    thread = threading.Thread(target=lambda: found.append(sweep(path, tmp_path / "out").simulated))
    thread.start()
    thread.join()
    assert found == [12]
