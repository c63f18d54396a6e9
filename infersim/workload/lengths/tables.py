"""Values and cumulative shares of distributions that are a list of values; made once a spec."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from infersim.spec.lengths import Empirical, Zipf


@lru_cache(maxsize=8)
def empirical(spec: Empirical) -> tuple[np.ndarray, np.ndarray]:
    """Values, ascending, and the share of lengths up to each; values without weight are left out."""
    weights = np.ones(len(spec.values)) if spec.weights is None else np.array(spec.weights)
    values, place = np.unique(np.array(spec.values, dtype=np.int64), return_inverse=True)
    mass = np.bincount(place, weights)
    return values[mass > 0], cumulative(mass[mass > 0])


@lru_cache(maxsize=4)
def zipf(spec: Zipf) -> np.ndarray:
    """Share of lengths up to each whole number from min to max."""
    steps = np.arange(spec.min, spec.max + 1, dtype=float)
    return cumulative((steps / spec.min) ** -spec.exponent)  # over min, so that no power is too small


def cumulative(weights: np.ndarray) -> np.ndarray:
    """Running sums as shares of the whole; the last is 1."""
    sums = np.cumsum(weights)
    return sums / sums[-1]
