"""A sweep that is stopped, in whatever way, loses nothing that is finished and says how to go on."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from infersim.load import Loaded
from infersim.load.study import read_study
from infersim.result import Result
from infersim.runs import answer
from infersim.runs.store import RUNS
from infersim.sweep.sweep import sweep_study
from tests.cli.terminal import PATIENCE_S, Terminal
from tests.sweep.studies import STUDY, write
from tests.sweep.test_sweep import sweep, tables, times

KILLS = 20
LONG = STUDY.replace("replications: 2", "replications: 60")
ENDLESS = STUDY.replace("replications: 2", "replications: 9000")


def in_a_process(path: Path, out: Path, runs: int | None = None) -> None:
    """A sweep in a process that may be killed; by itself after so many runs. A file has a byte for each simulation."""
    log, real = os.open(out.parent / "simulated", os.O_WRONLY | os.O_CREAT | os.O_APPEND), answer.simulate

    def counted(loaded: Loaded) -> Result:
        found = real(loaded)
        os.write(log, b".")
        return found

    answer.simulate = counted

    def told(done: int, of: int) -> None:
        if done == runs:
            os.kill(os.getpid(), signal.SIGKILL)

    sweep_study(read_study(path), out, 1, told)


def context() -> multiprocessing.context.ForkServerContext:
    """Starts processes that have what a sweep takes."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["infersim.sweep.sweep", "infersim.simulate", "duckdb", "tests.sweep.test_stopped"])
    return found


def test_killed_at_twenty_moments_it_ends_as_if_it_never_was(tmp_path):
    path, moments = write(tmp_path, LONG), random.Random(1)
    kept = [0]
    for kill in range(KILLS):
        process = context().Process(target=in_a_process, args=(path, tmp_path / "out"))
        process.start()
        while kill % 2 and process.is_alive() and kept_in(tmp_path / "out") == kept[-1]:
            time.sleep(0.005)  # every other one gets somewhere, however busy the machine is
        process.join(moments.uniform(0.0, 0.08))
        assert process.exitcode is None, "it was over before it was killed: the study is too short"
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        kept.append(kept_in(tmp_path / "out"))
    assert kept == sorted(kept)
    assert len({*kept}) > KILLS // 2
    assert sweep(path, tmp_path / "out").simulated == 360 - kept[-1] > 0
    assert len((tmp_path / "simulated").read_bytes()) <= kept[-1] + KILLS  # but for one that was in hand at each
    sweep(path, tmp_path / "calm")
    assert tables(tmp_path / "out") == tables(tmp_path / "calm")


def test_no_run_that_was_counted_is_lost_with_its_process(tmp_path):
    path = write(tmp_path, STUDY)
    process = context().Process(target=in_a_process, args=(path, tmp_path / "out", 7))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert len(times(tmp_path / "out")) == len((tmp_path / "simulated").read_bytes()) == 7
    assert sweep(path, tmp_path / "out").simulated == 12 - 7


def kept_in(folder: Path) -> int:
    """Runs in a store, if its process was let to make one."""
    return len(times(folder)) if (folder / RUNS).exists() and has_runs(folder) else 0


def has_runs(folder: Path) -> bool:
    """Whether a store was made before its process was killed."""
    database = sqlite3.connect(folder / RUNS)
    found = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'runs'").fetchone()[0] == 1
    database.close()
    return found


def test_its_workers_end_with_a_sweep_that_is_killed(tmp_path):
    path = write(tmp_path, ENDLESS)
    command = [sys.executable, "-m", "infersim", "sweep", path, "--out", tmp_path / "out", "--jobs", "2"]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    end_s = time.monotonic() + PATIENCE_S
    while not kept_in(tmp_path / "out"):
        assert time.monotonic() < end_s
        time.sleep(0.05)
    process.kill()
    process.wait()
    while alive(process.pid):
        assert time.monotonic() < end_s, "its workers live on"
        time.sleep(0.02)


def alive(session: int) -> bool:
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True


def test_ctrl_c_says_what_is_done_and_how_to_go_on(tmp_path):
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        terminal = Terminal("sweep", write(tmp_path, ENDLESS), "--out", out, "--jobs", jobs)
        terminal.until("/54000")
        while " 0/54000" in terminal.err[-80:]:
            terminal.until_more()
        began_s = time.monotonic()
        assert terminal.interrupt() == 130
        took_s = time.monotonic() - began_s
        assert took_s < 5.0  # a fifth of a second on a machine that does nothing else
        assert f"of 54,000 runs are done and kept in {out}; the same command goes on" in terminal.err
        assert times(out)
        assert not (out / "results.csv").exists()


def test_what_is_there_of_an_unfinished_sweep_is_shown(infersim, tmp_path):
    out = tmp_path / "out"
    path = write(tmp_path, STUDY + "budget: {runs: 3}\n")
    sweep(path, out)
    (out / "results.parquet").unlink()
    found = infersim("results", out, "--columns", "point,status,replications")
    assert [line.split() for line in found.out.splitlines()[1:4]] == [
        ["0", "ok", "2"],
        ["1", "unfinished", "1"],
        ["2", "unfinished", "0"],
    ]
