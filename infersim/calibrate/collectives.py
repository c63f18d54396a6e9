"""Fits of collectives: lines of latency and rate by number of devices."""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim.calibrate.fitting import Bound, fit, report
from infersim.calibrate.tables import Points, Tables
from infersim.spec.hardware import AllReduceCurve, CollectiveCurve
from infersim.timing.collectives import collective_s

FEW, MANY = 3, 6
"""Points that one line of a collective needs, and two."""
GRAPH_GAIN = 0.95
"""The engine's own all-reduce is taken for in use while it needs at most this share of the library's time."""
LIBRARY, ENGINE = "nccl", "engine"
OTHERS = ("all_gather", "reduce_scatter", "all_to_all")
"""Collectives that only the library has."""


def points_of(tables: Tables, op: str, library: str) -> Points:
    """Measured collectives of a library, or of the engine's own kernel."""
    return tables.points("collective", lambda rows: rows["bytes"] > 0, op=op, library=library)


def in_use(tables: Tables, curve: AllReduceCurve | CollectiveCurve, op: str) -> Points:
    """The points that a curve is held against: the engine's up to its limit, the library's above it."""
    own, library = points_of(tables, op, ENGINE), points_of(tables, op, LIBRARY)
    limits = {count: numbers.small_limit_bytes for count, numbers in curve.devices.items()}

    def limit(points: Points) -> np.ndarray:
        return np.array([limits.get(int(count), np.nan) for count in points["devices"]])

    return _joined([own.where(own["bytes"] <= limit(own)), library.where(library["bytes"] > limit(library))])


def predicted(curve: AllReduceCurve | CollectiveCurve, points: Points) -> np.ndarray:
    """Times of the points by a curve [s]."""
    pairs = zip(points["devices"], points["bytes"], strict=True)
    return np.array([float(collective_s(size, int(count), curve)) for count, size in pairs])


def all_reduce(tables: Tables, about: dict[str, Any]) -> dict[str, Any] | None:
    """The curve `all_reduce.bf16`: the engine's kernel in a CUDA graph up to its limit, the library above it."""
    own, library = (_envelope(points_of(tables, "all_reduce", name)) for name in (ENGINE, LIBRARY))
    devices: dict[int, Any] = {}
    for count in sorted(set(library["devices"].tolist())):
        mine, theirs = own.where(own["devices"] == count), library.where(library["devices"] == count)
        limit = _limit_bytes(mine, theirs)
        small, large = mine.where(mine["bytes"] <= limit), theirs.where(theirs["bytes"] > limit)
        devices[int(count)] = {"small": _lines(small), "small_limit_bytes": limit, "large": _lines(large)}
    if not devices:
        return None
    curve = AllReduceCurve.model_validate({"form": "all_reduce/1", "confidence": "measured", "devices": devices})
    method = (
        "lowest of two lines by least squares on log error; the engine's graph kernel up to its limit, then NCCL;"
        " fitted to the lower monotone envelope of both tables, held against their own times"
    )
    return _reported(curve, in_use(tables, curve, "all_reduce"), {"method": method, **about})


def other(tables: Tables, op: str, about: dict[str, Any]) -> dict[str, Any] | None:
    """The curve of a collective that only the library has, such as `all_gather.bf16`."""
    library = _envelope(points_of(tables, op, LIBRARY))
    counts = sorted(set(library["devices"].tolist()))
    if not counts:
        return None
    devices = {int(count): {"large": _lines(library.where(library["devices"] == count))} for count in counts}
    curve = CollectiveCurve.model_validate({"form": "collective/1", "confidence": "measured", "devices": devices})
    method = (
        "lowest of two lines by least squares on log error; NCCL; fitted to the lower monotone envelope of the table,"
        " held against its own times"
    )
    return _reported(curve, in_use(tables, curve, op), {"method": method, **about})


def _reported(curve: AllReduceCurve | CollectiveCurve, points: Points, about: dict[str, Any]) -> dict[str, Any]:
    ranges = {"bytes": points.range("bytes"), "devices": points.range("devices")}
    return report(curve, predicted(curve, points), points, ranges, about)


def _joined(parts: list[Points]) -> Points:
    return Points(
        {name: np.concatenate([part[name] for part in parts]) for name in ("devices", "bytes")},
        np.concatenate([part.seconds for part in parts]),
        np.concatenate([part.kept_out for part in parts]),
    )


def _envelope(points: Points) -> Points:
    """Each fitted time replaced by the least of any fitted point with as many devices and at least as many bytes.

    For tables in which a choice of algorithm makes some sizes take longer than larger ones. Points that are kept out
    keep their own times and lower nobody else's.
    """
    seconds = points.seconds.copy()
    for count in set(points["devices"].tolist()):
        (places,) = np.nonzero((points["devices"] == count) & ~points.kept_out)
        places = places[np.argsort(points["bytes"][places])[::-1]]
        seconds[places] = np.minimum.accumulate(seconds[places])
    return Points(points.columns, seconds, points.kept_out)


def _limit_bytes(own: Points, library: Points) -> float:
    """Largest size at which the engine's own kernel clearly beats the library; 0 where it never does."""
    theirs = dict(zip(library["bytes"].tolist(), library.seconds.tolist(), strict=True))
    below = sorted(theirs)[:-FEW]
    mine = zip(own["bytes"].tolist(), own.seconds.tolist(), strict=True)
    return max((size for size, seconds in mine if size in below and seconds <= GRAPH_GAIN * theirs[size]), default=0.0)


def _lines(points: Points) -> list[dict[str, float]]:
    """One line through a few points, else two; a line that is nowhere the lowest is dropped."""
    if not len(points):
        return []
    first, last = float(points.seconds.min()), float(points.seconds.max())
    rate = float(points["bytes"].max()) / last
    bounds: list[Bound] = [
        (first, 1e-7, 1e-1),
        (rate / 4, rate / 1e4, rate * 10),
        (2 * first, 1e-7, 1e-1),
        (rate, rate / 1e4, rate * 10),
    ]
    if np.count_nonzero(~points.kept_out) < MANY:
        bounds = bounds[:1] + bounds[3:]

    def lines(x: Any) -> np.ndarray:
        return np.array([x[i] + points["bytes"] / x[i + 1] for i in range(0, len(x), 2)])

    numbers = fit(lambda x: lines(x).min(axis=0), points, bounds)
    lowest = set(lines(numbers).argmin(axis=0).tolist())
    return [{"latency_s": numbers[2 * i], "bytes_per_s": numbers[2 * i + 1]} for i in sorted(lowest)]
