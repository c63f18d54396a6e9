"""Independent gaps, and equal ones."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from infersim.spec.arrivals import Deterministic, Gamma, Poisson, Weibull
from infersim.workload.arrivals.gaps import gaps_of, weibull_power


def even(spec: Deterministic, limit: int | None, until_s: float | None) -> np.ndarray:
    """Arrivals at equal distances from 0 on [s]."""
    count = _least(limit, None if until_s is None else math.ceil(until_s * spec.rate_per_s))
    arrivals = np.arange(count) / spec.rate_per_s
    return arrivals if until_s is None else arrivals[arrivals < until_s]


def independent(
    spec: Poisson | Gamma | Weibull, rng: np.random.Generator, limit: int | None, until_s: float | None
) -> np.ndarray:
    """Arrivals with independent gaps [s], stationary: time 0 falls into the midst of a gap."""
    gaps = _gaps(spec, rng)
    parts = [_rest(spec, rng)]
    if until_s is None:
        return np.cumsum(np.concatenate([*parts, gaps((limit or 1) - 1)]))[:limit]
    block, count = _least(limit, int(until_s * spec.rate_per_s * 1.05) + 64), 1
    while parts[-1][-1] < until_s and (limit is None or count < limit):
        part = gaps(block)
        part[0] += parts[-1][-1]  # ahead of the sum, so that no digit depends on where blocks meet
        parts.append(np.cumsum(part))
        count += block
    arrivals = np.concatenate(parts)
    return arrivals[arrivals < until_s][:limit]


def _rest(spec: Poisson | Gamma | Weibull, rng: np.random.Generator) -> np.ndarray:
    """What is left of the gap at time 0; a whole gap of Poisson arrivals, which have no memory."""
    if isinstance(spec, Poisson) or spec.cv == 1.0:
        return _gaps(spec, rng)(1)
    return gaps_of([spec.kind], [spec.cv]).rest(rng, np.zeros(1, dtype=np.int64)) / spec.rate_per_s


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
