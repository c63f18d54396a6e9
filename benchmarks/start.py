"""How long a person waits: the help text, and a small run, from the shell."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.measure import SCENARIOS, Measure


def measure() -> Iterator[Measure]:
    """Start-up against bare Python, and a run of 1,000 requests that writes no files."""
    python = least_s(10, "-c", "pass")
    help_s = least_s(10, "-m", "infersim", "--help")
    yield Measure("python -c pass", 1e3 * python, "ms")
    yield Measure("infersim --help, more than python -c pass", 1e3 * (help_s - python), "ms", at_most=150)
    run = least_s(5, "-m", "infersim", "run", str(SCENARIOS / "calm.yaml"), "--set", "run.requests=1000")
    yield Measure("infersim run of 1,000 requests", run, "s", at_most=1.0)


def least_s(runs: int, *arguments: str) -> float:
    """Least wall time of a Python process with these arguments."""
    least = float("inf")
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        least = min(least, time.perf_counter() - began)
    return least
