"""Quantile functions of single distributions: the least length that a given share of all does not exceed."""

from __future__ import annotations

import math

import numpy as np

from infersim.spec.lengths import Bounds, Empirical, Fixed, Geometric, Lognormal, Simple, Uniform, Zipf
from infersim.workload.lengths import tables

LONGEST = 10**8
"""Most tokens of any length."""
LEAST, MOST = 2.0**-60, 1.0 - 2.0**-53
"""Shares that stand for 0 and for 1, where a distribution has no end."""


def simple_quantile(spec: Simple, shares: np.ndarray) -> np.ndarray:
    """Quantiles of a length that is no mixture.

    Args:
        spec: the distribution.
        shares: from `LEAST` to `MOST`, any shape.

    Returns:
        int64, of the shape of `shares` [tokens].
    """
    if isinstance(spec, Fixed):
        return np.full(shares.shape, spec.value, dtype=np.int64)
    if isinstance(spec, Uniform):
        return spec.low - 1 + np.ceil(shares * (spec.high + 1 - spec.low)).astype(np.int64)
    if isinstance(spec, Empirical):
        values, reached = tables.empirical(spec)
        return values[np.searchsorted(reached, shares)]
    if isinstance(spec, Zipf):
        return spec.min + np.searchsorted(tables.zipf(spec), shares)
    if isinstance(spec, Lognormal):
        return bounded(spec, _lognormal(spec, shares))
    if isinstance(spec, Geometric):
        return bounded(spec, _geometric(spec, shares))
    return np.rint(np.interp(shares, spec.probabilities, spec.values)).astype(np.int64)


def bounded(spec: Bounds, raw: np.ndarray) -> np.ndarray:
    """Whole tokens between the length's own bounds."""
    highest = LONGEST if spec.max is None else spec.max
    return np.clip(np.rint(raw), spec.min, highest).astype(np.int64)


def _lognormal(spec: Lognormal, shares: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri  # slow to import, and few scenarios need it

    variance = math.log1p(spec.cv**2)
    return np.exp(math.log(spec.mean) - variance / 2 + math.sqrt(variance) * ndtri(shares))


def _geometric(spec: Geometric, shares: np.ndarray) -> np.ndarray:
    if spec.mean == 1:
        return np.ones(shares.shape)
    return np.ceil(np.log1p(-shares) / math.log1p(-1.0 / spec.mean))
