"""Prompt and output lengths: whole tokens from a distribution."""

from __future__ import annotations

import math

import numpy as np

from infersim.spec.lengths import Bounds, Empirical, Fixed, Geometric, Length, Lognormal, Uniform


def sample(spec: Length, rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw lengths.

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
    return _clip(spec, _draw(spec, rng, count))


def _draw(spec: Lognormal | Geometric, rng: np.random.Generator, count: int) -> np.ndarray:
    if isinstance(spec, Geometric):
        return rng.geometric(1.0 / spec.mean, count)
    variance = math.log1p(spec.cv**2)
    return rng.lognormal(math.log(spec.mean) - variance / 2, math.sqrt(variance), count)


def _clip(spec: Bounds, raw: np.ndarray) -> np.ndarray:
    highest = 10**8 if spec.max is None else spec.max
    return np.clip(np.rint(raw), spec.min, highest).astype(np.int64)
