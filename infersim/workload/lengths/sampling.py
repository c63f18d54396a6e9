"""Lengths drawn at random."""

from __future__ import annotations

import math

import numpy as np

from infersim.spec.lengths import Empirical, Fixed, Geometric, Length, Lognormal, Uniform
from infersim.workload.lengths.quantiles import quantile
from infersim.workload.lengths.simple import bounded


def sample(spec: Length, rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw lengths; drawing n and then m gives what drawing n + m at once does.

    Args:
        spec: the distribution; mean and cv are those before rounding and clipping.
        rng: the stream to draw from.
        count: how many.

    Returns:
        int64 array of shape (count,), each at least 1 [tokens].
    """
    if isinstance(spec, Fixed):
        return np.full(count, spec.value, dtype=np.int64)
    if isinstance(spec, Uniform):
        return rng.integers(spec.low, spec.high + 1, count)
    if isinstance(spec, Empirical):
        weights = np.ones(len(spec.values)) if spec.weights is None else np.array(spec.weights)
        return rng.choice(np.array(spec.values, dtype=np.int64), count, p=weights / weights.sum())
    if isinstance(spec, Geometric):
        return bounded(spec, rng.geometric(1.0 / spec.mean, count))
    if isinstance(spec, Lognormal):
        variance = math.log1p(spec.cv**2)
        return bounded(spec, rng.lognormal(math.log(spec.mean) - variance / 2, math.sqrt(variance), count))
    return quantile(spec, rng.random(count))
