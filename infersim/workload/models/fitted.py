"""Requests of a fitted workload model, at its own rate or another.

Another rate never stretches time: less of it leaves requests out at random, more of it lays independent copies of the
traffic over each other, all whole but the last, which is thinned to what is still wanted.
"""

from __future__ import annotations

import numpy as np

from infersim.rng import stream
from infersim.spec.workload_model import FittedArrivals, FittedModel
from infersim.workload.models.periods import Periods, own_rate_per_s
from infersim.workload.models.tables import lengths
from infersim.workload.requests import Requests
from infersim.workload.scaling import dispersion_of, split


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
    drawn = lengths(model.lengths, stream(seed, "workload", name, "lengths"), len(arrival_s))
    return Requests(arrival_s, *drawn, notes=_told(model, rate_per_s))


def arrivals(
    spec: FittedArrivals, seed: int, name: str, rate_per_s: float | None, limit: int | None, until_s: float | None
) -> np.ndarray:
    """Arrival times, ascending [s]; see `requests`."""
    own = own_rate_per_s(spec)
    rate = own if rate_per_s is None else rate_per_s
    whole, rest = split(rate / own)
    shares = [1.0] * whole + [rest] * (rest > 0.0)
    periods = Periods.of(spec)
    end_s = until_s if until_s is not None else (limit or 0) / rate * 1.02 + 1.0
    while True:
        parts = [_copy(periods, seed, name, copy, kept, end_s) for copy, kept in enumerate(shares)]
        merged = parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts), kind="stable")
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


def _told(model: FittedModel, rate_per_s: float | None) -> tuple[str, ...]:
    """What another rate does to burstiness: the index of dispersion that copies and thinning give on average."""
    own = own_rate_per_s(model.arrivals)
    whole, rest = split((rate_per_s or own) / own)
    if (whole, rest) == (1, 0.0):
        return ()
    if whole:
        thinned = f", the last thinned to {rest:.3g}" if rest else ""
        copies = f"{whole + (rest > 0)} independent copies laid over each other{thinned}"
        how = f"as {copies}: bursts of one meet calm of another"
    else:
        how = "by leaving requests out at random, which makes bursts weaker"
    held = model.arrivals.dispersion
    figures = [
        f"at {window_s:g} s {index:.3g} → {dispersion_of(index, whole, rest):.3g}"
        for window_s, index in zip(held.window_s, held.index, strict=True)
    ]
    expected = f"; index of dispersion {', '.join(figures)}" if figures else ""
    return (f"scaled from {own:.3g} to {rate_per_s:.3g} requests/s {how}{expected}",)
