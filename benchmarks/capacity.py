"""`python -m benchmarks.capacity [NAME …]`: capacities by brute force, which `infersim curve` is held to.

Each scenario in tests/capacity/scenarios is run at 60 rates, evenly spaced, 12 times each, no two runs from one seed.
Rates are laid over the scenarios by what is written here, not by `infersim.capacity`. The capacity is where a parabola
through the eight rates around the boundary crosses the attainment asked for (margins bend there: a straight line would
be up to 2% too low); where the SLO is met up to saturation it is the pace of completions while requests come faster
than they are served.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import infersim as sim
from infersim.runs.pool import cores, share_out

HERE = Path(__file__).resolve().parents[1] / "tests" / "capacity"
TABLE = "brute_force.csv"
RATES, REPLICATIONS, AROUND = 60, 12, 3
COLUMNS = ("scenario", "rate_per_s", "first_seed", "replications", "requests", "margin", "served_per_s", "overloaded")


@dataclass(frozen=True)
class Scan:
    """What is scanned.

    Attributes:
        low, high: the first and the last rate, all classes together [1/s].
        at: settings that make the scenario have a rate.
    """

    low: float
    high: float
    at: Callable[[float], dict[str, Any]]


def _one(path: str) -> Callable[[float], dict[str, Any]]:
    return lambda rate: {f"workload.{path}": rate}


SCANS = {
    "chat": Scan(10.0, 45.0, _one("chat.arrivals.rate_per_s")),
    "bursty": Scan(2.0, 7.0, _one("summaries.arrivals.rate_per_s")),
    "mixed": Scan(
        15.0,
        55.0,
        lambda rate: {
            "workload.chat.arrivals.rate_per_s": 0.8 * rate,
            "workload.documents.arrivals.rate_per_s": 0.2 * rate,
        },
    ),
    "batches": Scan(8.0, 30.0, _one("reports.arrivals.rate_per_s")),
    "recorded": Scan(0.4, 1.8, _one("conversations.rate_per_s")),
    "offline": Scan(3.0, 12.0, _one("nightly.arrivals.rate_per_s")),
}


def measure(name: str, number: int) -> dict[str, Any]:
    """One row: all replications at one rate of a scan."""
    scan = SCANS[name]
    rate = float(np.linspace(scan.low, scan.high, RATES)[number])
    first = 10_000 + number * REPLICATIONS
    margins, served, requests, over = [], [], 0, 0
    for seed in range(first, first + REPLICATIONS):
        found = sim.simulate(HERE / "scenarios" / f"{name}.yaml", scan.at(rate), seed=seed)
        summary = found.summary()
        requests += summary["requests"]["arrived"]
        over += any(text.startswith("overload:") for text in found.warnings)
        goodputs = [each["goodput"] for each in summary["classes"].values()]
        margins.append([each["fraction"] - each["slo"]["attainment"] for each in goodputs])
        served.append(_served(found))
    return {
        "scenario": name,
        "rate_per_s": rate,
        "first_seed": first,
        "replications": REPLICATIONS,
        "requests": requests,
        "margin": float(np.min(np.mean(margins, axis=0))),
        "served_per_s": float(np.mean(served)),
        "overloaded": over,
    }


def _served(found: sim.Result) -> float:
    """Completions a second from when half of the requests have come to when all have."""
    table = found.requests
    begin, end = table["arrival_s"].median(), table["arrival_s"].max()
    return float(table["finish_s"].between(begin, end).sum() / (end - begin))


def capacity_of(rows: Sequence[dict[str, Any]]) -> float:
    """The capacity that the rows of one scan tell [1/s]."""
    rate, margin, served = (
        np.array([float(row[name]) for row in rows]) for name in ("rate_per_s", "margin", "served_per_s")
    )
    overloaded = np.array([float(row["overloaded"]) / float(row["replications"]) for row in rows])
    stable = np.flatnonzero(overloaded <= 0.5).max()
    held = np.flatnonzero(margin >= 0.0).max()
    if held >= stable:
        return float(np.mean(served[overloaded >= 1.0]))
    near = slice(max(held - AROUND, 0), held + AROUND + 2)
    roots = np.roots(np.polyfit(rate[near] - rate[held], margin[near], 2))
    return float(rate[held] + min(roots[np.isreal(roots)].real, key=abs))


def read(path: Path = HERE / TABLE) -> dict[str, list[dict[str, Any]]]:
    """Rows of the table by scenario."""
    found: dict[str, list[dict[str, Any]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["scenario"], []).append(row)
    return found


def _measured(names: tuple[str, ...], number: int) -> dict[str, Any]:
    return measure(names[number // RATES], number % RATES)


def main(arguments: list[str] | None = None) -> int:
    """Scan, write the table, print the capacities."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SCANS, []], help="scenarios; all by default")
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the table")
    options = parser.parse_args(arguments)
    names = tuple(options.names) or tuple(SCANS)
    path = options.out / TABLE
    kept = {name: rows for name, rows in (read(path) if path.exists() else {}).items() if name not in names}
    rows: dict[int, dict[str, Any]] = {}
    share_out(_measured, names, range(len(names) * RATES), options.jobs, rows.__setitem__)
    for number in sorted(rows):
        kept.setdefault(rows[number]["scenario"], []).append(rows[number])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(row[name]) for name in COLUMNS} for scan in SCANS for row in kept.get(scan, []))
    for name, each in read(path).items():
        print(f"{name:<10} {capacity_of(each):.4g} requests/s")
    return 0


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())
