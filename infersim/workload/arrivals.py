"""Open arrivals: when requests are sent, whatever the server does."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from infersim.spec.arrivals import AllAtOnce, Deterministic, Gamma, Poisson

Open = AllAtOnce | Deterministic | Gamma | Poisson


def times(spec: Open, rng: np.random.Generator, limit: int | None, until_s: float | None) -> np.ndarray:
    """Arrival times of an open arrival process.

    Args:
        spec: the process; the times of a closed loop are made by the simulation.
        rng: the stream to draw from.
        limit: most arrivals; None where only `until_s` ends them.
        until_s: no arrival at or after this time [s]; None where only `limit` ends them.

    Returns:
        Ascending times [s], float64; the first gap counts from time 0 (deterministic arrivals start at 0).
    """
    if isinstance(spec, AllAtOnce):
        return np.zeros(limit or 0)
    if isinstance(spec, Deterministic):
        count = _least(limit, None if until_s is None else math.ceil(until_s * spec.rate_per_s))
        arrivals = np.arange(count) / spec.rate_per_s
        return arrivals if until_s is None else arrivals[arrivals < until_s]
    return _renewal(_gaps(spec, rng), spec.rate_per_s, limit, until_s)


def _gaps(spec: Poisson | Gamma, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    if isinstance(spec, Poisson):
        return lambda n: rng.exponential(1.0 / spec.rate_per_s, n)
    shape = 1.0 / spec.cv**2
    return lambda n: rng.gamma(shape, 1.0 / (shape * spec.rate_per_s), n)


def _renewal(
    gaps: Callable[[int], np.ndarray], rate_per_s: float, limit: int | None, until_s: float | None
) -> np.ndarray:
    if until_s is None:
        return np.cumsum(gaps(limit or 0))
    block = _least(limit, int(until_s * rate_per_s * 1.05) + 64)
    parts, last, count = [], 0.0, 0
    while last < until_s and (limit is None or count < limit):
        part = last + np.cumsum(gaps(block))
        parts.append(part)
        last, count = float(part[-1]), count + block
    arrivals = np.concatenate(parts) if parts else np.zeros(0)
    return arrivals[arrivals < until_s][:limit]


def _least(*numbers: int | None) -> int:
    return min(n for n in numbers if n is not None)
