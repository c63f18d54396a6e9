"""Studies: what a run costs beside its simulation, by the command; and opening a table of a million rows."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import SCENARIOS, Measure

RUNS, ROWS = 1_000, 1_000_000
_TINY = "run.requests=20"
_RATE = "workload.chat.arrivals.rate_per_s"


def measure() -> Iterator[Measure]:
    """A sweep of tiny runs with one process and with two; results of the sweep, grown to a million rows."""
    with tempfile.TemporaryDirectory(prefix="infersim-") as folder:
        out = Path(folder)
        for jobs in (1, 2):
            alone = simulation()  # beside each, since other work on the machine comes and goes
            whole = swept(out / str(jobs), jobs)
            at_once = min(jobs, os.cpu_count() or 1)
            name = f"sweep of {RUNS:,} runs, --jobs {jobs}"
            yield Measure(f"{name}: wall ÷ simulation", whole.wall_s * at_once / (RUNS * alone.wall_s), "ratio")
            above_s = whole.wall_s - RUNS * alone.wall_s / at_once
            yield Measure(f"{name}: above it, a run", 1e3 * above_s / RUNS, "ms", at_most=10)
            above_s = whole.cpu_s - RUNS * alone.cpu_s
            yield Measure(f"{name}: CPU above it, a run", 1e3 * above_s / RUNS, "ms")
        columns = grow(out / "1" / "results.parquet")
        opened = min(took("results", str(out / "1")).cpu_s for _ in range(3))
        yield Measure(f"results of {ROWS:,} rows, {columns} columns: CPU", opened, "s", at_most=2.0)


@dataclass(frozen=True)
class Took:
    """Time on the wall and of processors [s]."""

    wall_s: float
    cpu_s: float


def simulation() -> Took:
    """A tiny run's simulation and figures, loaded before."""
    from infersim.load import load_scenario
    from infersim.simulate import simulate

    loaded, count = load_scenario(SCENARIOS / "calm.yaml", [_TINY]), 200
    simulate(loaded).summary()
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for _ in range(count):
        simulate(loaded).summary()
    return Took((time.perf_counter() - wall_s) / count, (time.process_time() - cpu_s) / count)


def swept(out: Path, jobs: int) -> Took:
    """The command, all of it."""
    rates = f"{_RATE}={{from: 1, to: 2, points: {RUNS // 2}}}"
    asked = ["--set", _TINY, "--axis", rates, "--replications", "2", "--jobs", str(jobs), "--out", str(out)]
    return took("sweep", str(SCENARIOS / "calm.yaml"), *asked, "--json")


def took(*arguments: str) -> Took:
    """A command and the processes that it starts and waits for."""
    before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "infersim", *arguments], check=True, capture_output=True)
    wall_s, after = time.perf_counter() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def grow(table: Path) -> int:
    """Make a table a million rows long, with other figures in each; the number of its columns."""
    import duckdb

    from infersim.sql import sql_name
    from infersim.sweep.pieces import GROUP_ROWS

    with duckdb.connect() as database:
        database.execute("SET threads = 1")
        database.execute(f"CREATE TABLE few AS FROM read_parquet('{table}')")
        described = database.execute("DESCRIBE few").fetchall()
        selected = ["range AS point"]
        for name, kind, *_ in described[1:]:
            value = f"{sql_name(name)} * (1 + range % 1009)" if kind == "DOUBLE" else sql_name(name)
            selected.append(f"{value} AS {sql_name(name)}")
        rows = f"SELECT {', '.join(selected)} FROM range({ROWS}) JOIN few ON point = range % {RUNS // 2} ORDER BY range"
        database.execute(f"COPY ({rows}) TO '{table}' (FORMAT parquet, ROW_GROUP_SIZE {GROUP_ROWS})")
    return len(described)
