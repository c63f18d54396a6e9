"""Studies: what a run costs beside its simulation, by the command; and opening a table of a million rows."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import SCENARIOS, Measure

RUNS, ROWS = 1_000, 1_000_000
_TINY = "run.requests=20"
_RATE = "workload.chat.arrivals.rate_per_s"


def measure() -> Iterator[Measure]:
    """A sweep of tiny runs with one process and with two; results of the sweep, grown to a million rows."""
    with tempfile.TemporaryDirectory(prefix="infersim-") as folder:
        out = Path(folder)
        alone_s = simulation_s()
        for jobs in (1, 2):
            wall_s = sweep_s(out / str(jobs), jobs)
            at_once = min(jobs, os.cpu_count() or 1)
            name = f"sweep of {RUNS:,} runs, {jobs} at a time"
            yield Measure(f"{name}: wall ÷ simulation", wall_s * at_once / (RUNS * alone_s), "ratio")
            above_ms = 1e3 * (wall_s - RUNS * alone_s / at_once) / RUNS
            yield Measure(f"{name}: above it, each", above_ms, "ms", at_most=10)
        columns = grow(out / "1" / "results.parquet")
        opened = cpu_s("-m", "infersim", "results", str(out / "1"))
        yield Measure(f"results of {ROWS:,} rows, {columns} columns: CPU", opened, "s", at_most=2.0)


def simulation_s() -> float:
    """A tiny run's simulation and figures, loaded before."""
    from infersim.load import load_scenario
    from infersim.simulate import simulate

    loaded = load_scenario(SCENARIOS / "calm.yaml", [_TINY])
    simulate(loaded).summary()
    began_s, count = time.perf_counter(), 100
    for _ in range(count):
        simulate(loaded).summary()
    return (time.perf_counter() - began_s) / count


def sweep_s(out: Path, jobs: int) -> float:
    """Wall time of the command, all of it."""
    rates = f"{_RATE}={{from: 1, to: 2, points: {RUNS // 2}}}"
    command = ["sweep", str(SCENARIOS / "calm.yaml"), "--set", _TINY, "--axis", rates, "--replications", "2"]
    began_s = time.perf_counter()
    run = [sys.executable, "-m", "infersim", *command, "--jobs", str(jobs), "--out", str(out), "--json"]
    subprocess.run(run, check=True, capture_output=True)
    return time.perf_counter() - began_s


def grow(table: Path) -> int:
    """Make a table a million rows long, with other figures in each; the number of its columns."""
    import duckdb

    from infersim.sweep.pieces import GROUP_ROWS, name_quoted

    with duckdb.connect() as database:
        database.execute("SET threads = 1")
        database.execute(f"CREATE TABLE few AS FROM read_parquet('{table}')")
        described = database.execute("DESCRIBE few").fetchall()
        selected = ["range AS point"]
        for name, kind, *_ in described[1:]:
            value = f"{name_quoted(name)} * (1 + range % 1009)" if kind == "DOUBLE" else name_quoted(name)
            selected.append(f"{value} AS {name_quoted(name)}")
        rows = f"SELECT {', '.join(selected)} FROM range({ROWS}) JOIN few ON point = range % {RUNS // 2} ORDER BY range"
        database.execute(f"COPY ({rows}) TO '{table}' (FORMAT parquet, ROW_GROUP_SIZE {GROUP_ROWS})")
    return len(described)


def cpu_s(*arguments: str) -> float:
    """Processor time of a Python process with these arguments, the least of three."""
    found = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)
