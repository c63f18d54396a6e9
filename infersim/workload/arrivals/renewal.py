"""Independent gaps, and equal ones."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from infersim.spec.arrivals import Deterministic, Gamma, Poisson, Weibull
from infersim.workload.arrivals.gaps import weibull_power


def even(spec: Deterministic, limit: int | None, until_s: float | None) -> np.ndarray:
    """Arrivals at equal distances from 0 on [s]."""
    count = _least(limit, None if until_s is None else math.ceil(until_s * spec.rate_per_s))
    arrivals = np.arange(count) / spec.rate_per_s
    return arrivals if until_s is None else arrivals[arrivals < until_s]


def independent(
    spec: Poisson | Gamma | Weibull, rng: np.random.Generator, limit: int | None, until_s: float | None
) -> np.ndarray:
    """Arrivals with independent gaps, the first from time 0 [s]."""
    gaps = _gaps(spec, rng)
    if until_s is None:
        return np.cumsum(gaps(limit or 0))
    block = _least(limit, int(until_s * spec.rate_per_s * 1.05) + 64)
    parts, last, count = [], 0.0, 0
    while last < until_s and (limit is None or count < limit):
        part = last + np.cumsum(gaps(block))
        parts.append(part)
        last, count = float(part[-1]), count + block
    arrivals = np.concatenate(parts) if parts else np.zeros(0)
    return arrivals[arrivals < until_s][:limit]


def _gaps(spec: Poisson | Gamma | Weibull, rng: np.random.Generator) -> Callable[[int], np.ndarray]:
    if isinstance(spec, Poisson):
        return lambda n: rng.exponential(1.0 / spec.rate_per_s, n)
    if isinstance(spec, Weibull):
        power = weibull_power(spec.cv)
        scale = 1.0 / (spec.rate_per_s * math.gamma(1.0 + power))
        return lambda n: scale * rng.standard_exponential(n) ** power
    shape = 1.0 / spec.cv**2
    return lambda n: rng.gamma(shape, 1.0 / (shape * spec.rate_per_s), n)


def _least(*numbers: int | None) -> int:
    return min(n for n in numbers if n is not None)
