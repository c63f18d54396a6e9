"""Ctrl-C at several moments, and the progress bar, on a terminal of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from tests.load.scenarios import write

ENDLESS = ("{requests: 50", "{requests: 5000000")
PATIENCE_S = 60.0
"""For a machine that does much else."""


class Terminal:
    """A command whose stderr is a terminal."""

    def __init__(self, *arguments: object):
        ours, theirs = pty.openpty()
        self._ours, self.err, self.out = ours, "", ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infersim", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        os.close(theirs)

    def until(self, word: str) -> None:
        """Read stderr until a word stands there."""
        end_s = time.monotonic() + PATIENCE_S
        while word not in self.err:
            assert time.monotonic() < end_s, self.err
            if select.select([self._ours], [], [], 0.1)[0]:
                self.err += os.read(self._ours, 4096).decode()

    def interrupt(self) -> int:
        """Ctrl-C to all processes; the exit code, once nothing of them is left."""
        os.killpg(self._process.pid, signal.SIGINT)
        self.out = self._process.communicate(timeout=PATIENCE_S)[0]
        with contextlib.suppress(OSError):
            while select.select([self._ours], [], [], 0.1)[0] and (more := os.read(self._ours, 4096)):
                self.err += more.decode()
        os.close(self._ours)
        assert not self._alive()
        assert "Traceback" not in self.err
        code = self._process.returncode
        return 128 - code if code < 0 else code  # as a shell tells it, where Python passes the signal on

    def _alive(self) -> bool:
        """Whether any process of the session is left, after a moment's grace."""
        for _ in range(50):
            try:
                os.killpg(self._process.pid, 0)
            except ProcessLookupError:
                return False
            time.sleep(0.1)
        return True


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
