"""Requests of a fitted workload model, at its own rate or another.

Another rate never stretches time: less of it leaves requests out at random, more of it lays independent copies of the
traffic over each other and leaves out what is too many.
"""

from __future__ import annotations

import math

import numpy as np

from infersim.rng import stream
from infersim.spec.workload_model import FittedArrivals, FittedModel
from infersim.workload.models.periods import Periods, own_rate_per_s
from infersim.workload.models.tables import lengths
from infersim.workload.requests import Requests


def requests(
    model: FittedModel, seed: int, name: str, rate_per_s: float | None, limit: int | None, until_s: float | None
) -> Requests:
    """Draw a model's requests.

    Args:
        model: the model.
        seed: the run's.
        name: of the traffic class; its streams carry it.
        rate_per_s: mean arrivals a second; the model's own where None.
        limit: most requests; None where only `until_s` ends them.
        until_s: no request at or after this time [s]; None where only `limit` ends them.
    """
    arrival_s = arrivals(model.arrivals, seed, name, rate_per_s, limit, until_s)
    return Requests(arrival_s, *lengths(model.lengths, stream(seed, "workload", name, "lengths"), len(arrival_s)))


def arrivals(
    spec: FittedArrivals, seed: int, name: str, rate_per_s: float | None, limit: int | None, until_s: float | None
) -> np.ndarray:
    """Arrival times, ascending [s]; see `requests`."""
    own = own_rate_per_s(spec)
    rate = own if rate_per_s is None else rate_per_s
    copies = max(1, math.ceil(rate / own * (1 - 1e-9)))
    kept = min(1.0, rate / (copies * own))
    periods = Periods.of(spec)
    end_s = until_s if until_s is not None else (limit or 0) / rate * 1.02 + 1.0
    while True:
        parts = [_copy(periods, seed, name, copy, kept, end_s) for copy in range(copies)]
        merged = parts[0] if copies == 1 else np.sort(np.concatenate(parts), kind="stable")
        if until_s is not None or limit is None or len(merged) >= limit:
            return merged[:limit]
        end_s *= 1.5


def _copy(periods: Periods, seed: int, name: str, copy: int, kept: float, end_s: float) -> np.ndarray:
    """One copy of the traffic up to a time [s], each request kept with a probability."""
    rng = stream(seed, "workload", name, "arrivals", str(copy))
    thinning = stream(seed, "workload", name, "thinning", str(copy))
    parts, begin_s = [np.zeros(0)], 0.0
    while begin_s < end_s:
        times, span_s = periods.draw(rng)
        times = times[thinning.random(len(times)) < kept] if kept < 1.0 else times
        parts.append(begin_s + times)
        begin_s += span_s
    merged = np.concatenate(parts)
    return merged[: np.searchsorted(merged, end_s)]
