"""Latency against load: saturation, capacity, and points between and beyond them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infersim import load
from infersim.capacity.axis import axis_of
from infersim.capacity.bench import Bench
from infersim.capacity.goals import goals_of
from infersim.capacity.miss import nearest_miss
from infersim.capacity.result import Curve, figures
from infersim.capacity.saturation import saturation
from infersim.capacity.search import LEAST, Found, search
from infersim.errors import InputError
from infersim.spec.scenario import Scenario

REPLICATIONS, POINTS = 24, 6
"""Replications at a load, at most; loads besides those that the search tries."""
BEYOND = 1.15
"""The points end at so many times saturation."""
_CALM = 0.7
"""Up to this share of saturation short runs will do."""
_ALIKE = 0.04
"""A load so near, as a share, to one that was tried by whole runs is not run again."""
_PICTURED = 4
SESSIONS = "the load counts sessions that begin a second where a class has sessions, each of several requests."
TRACES = "the interval holds what chance does within the scenario, and not that the trace of {} is one of many."


def curve(
    scenario: Scenario | load.Loaded | Mapping[str, Any] | str | Path,
    overrides: load.Overrides = (),
    *,
    seed: int | None = None,
    classes: Sequence[str] = (),
    rates: Sequence[float] = (),
    points: int = POINTS,
    replications: int = REPLICATIONS,
    slo: Sequence[str] | Mapping[str, float] = (),
    jobs: int = 1,
    ran: Callable[[], None] = lambda: None,
    keep: bool = False,
) -> Curve:
    """Latency against load, and the capacity at the SLO.

    Args:
        scenario, overrides, seed: as for `simulate`.
        classes: the traffic classes whose load varies; by default all open ones, in their mix.
        rates: loads to run [1/s, or clients of closed loops]; with some, `points` counts for nothing.
        points: loads to run besides those that the search for the capacity tries, up to beyond saturation.
        replications: runs at a load, at most.
        slo: bounds in place of the scenario's, `["ttft_s.p99=1"]` or `{"ttft_s.p99": 1}`.
        jobs: processes at most; the figures are the same for any number. In a script that asks for more than one, the
            call stands under `if __name__ == "__main__":`.
        ran: called after each run.
        keep: Ctrl-C gives what is known by then, if a load was tried, in place of `KeyboardInterrupt`.

    Raises:
        InputError: as `simulate`; a class, a bound or a rate that cannot be used.
    """
    loaded = load.as_loaded(scenario, overrides, seed)
    axis = axis_of(loaded, classes)
    goals = goals_of(loaded, slo, classes)
    _check(rates)
    bench = Bench(axis, goals, jobs, ran)
    limit, found, miss, interrupted = None, None, None, False
    try:
        limit = saturation(bench) if axis.unit == "requests_per_s" else None
        found = search(bench, limit, replications) if goals else None
        miss = nearest_miss(bench, found.at) if found is not None and found.load is None else None
        _fill(bench, rates, points, replications, found, found.saturation if found else limit)
    except KeyboardInterrupt:
        if not (keep and bench.known()):
            raise
        interrupted = True
    return Curve(figures(bench, found, limit, miss, _warnings(bench, found, interrupted), interrupted), axis)


def _check(rates: Sequence[float]) -> None:
    for rate in rates:
        if not 0.0 < rate < 1e9:
            raise InputError(
                "a load is above 0", "requests a second, or clients of closed loops", "--rates", f"{rate:g}"
            )


def _fill(
    bench: Bench, rates: Sequence[float], points: int, most: int, found: Found | None, limit: float | None
) -> None:
    """Run the loads that were asked for, or those that make the curve's shape."""
    least = min(_PICTURED, most)
    if rates:
        bench.points(rates, least)
        return
    top = BEYOND * (limit or (2.0 * found.load if found and found.load else bench.axis.as_written))
    loads = [top * (number + 1) / points for number in range(points)]
    calm = [load for load in loads if load <= _CALM * top / BEYOND]
    bench.points(calm, least, whole=False)
    tried = [point.load for point in bench.known() if point.whole]
    rest = [each for each in loads if each not in calm and all(abs(each / near - 1.0) > _ALIKE for near in tried)]
    over = [each for each in rest if limit is not None and each >= limit]
    bench.points([each for each in rest if each not in over], min(LEAST, most))
    bench.points(over, 1)


def _warnings(bench: Bench, found: Found | None, interrupted: bool) -> list[str]:
    said, axis = [], bench.axis
    if interrupted:
        lacks = "" if found is not None or not bench.goals else " The capacity was not found by then."
        said.append(f"interrupted: the figures are those of {bench.ran:,} runs; more were to come.{lacks}")
    if axis.counted != axis.unit:
        said.append(SESSIONS)
    if axis.of_traces and found is not None and found.half is not None:
        said.append(TRACES.format(", ".join(axis.of_traces)))
    if found is not None and found.load is not None and found.half is None:
        said.append("the goals hold at every load up to saturation: the capacity is saturation's.")
    return said
