"""Cumulative distributions of lengths: the share of all up to a whole number."""

from __future__ import annotations

import math

import numpy as np

from infersim.spec.lengths import Empirical, Fixed, Geometric, Lognormal, Simple, Uniform, Zipf
from infersim.workload.lengths import tables


def share_up_to(spec: Simple, lengths: np.ndarray) -> np.ndarray:
    """Share of lengths that are at most `lengths`.

    Args:
        spec: the distribution.
        lengths: whole numbers, any shape.
    """
    if isinstance(spec, Fixed):
        return (lengths >= spec.value).astype(float)
    if isinstance(spec, Uniform):
        return np.clip((lengths + 1 - spec.low) / (spec.high + 1 - spec.low), 0.0, 1.0)
    if isinstance(spec, Empirical):
        values, reached = tables.empirical(spec)
        return np.append(0.0, reached)[np.searchsorted(values, lengths, side="right")]
    if isinstance(spec, Zipf):
        return np.append(0.0, tables.zipf(spec))[np.clip(lengths + 1 - spec.min, 0, spec.max + 1 - spec.min)]
    if isinstance(spec, (Lognormal, Geometric)):
        below = _lognormal(spec, lengths) if isinstance(spec, Lognormal) else _geometric(spec, lengths)
        full = math.inf if spec.max is None else spec.max
        return np.where(lengths < spec.min, 0.0, np.where(lengths >= full, 1.0, below))
    # what is rounded to a whole number reaches half a token above it
    return np.interp(lengths + 0.5, spec.values, spec.probabilities, left=0.0, right=1.0)


def _lognormal(spec: Lognormal, lengths: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr  # slow to import, and few scenarios need it

    variance = math.log1p(spec.cv**2)
    if not variance:  # as it is drawn: the logarithm and back decides where the mean lies between two lengths
        return (lengths >= round(math.exp(math.log(spec.mean)))).astype(float)
    above_mean = np.log(np.maximum(lengths, 0) + 0.5) - math.log(spec.mean) + variance / 2
    return ndtr(above_mean / math.sqrt(variance))


def _geometric(spec: Geometric, lengths: np.ndarray) -> np.ndarray:
    return -np.expm1(lengths * math.log1p(-1.0 / spec.mean)) if spec.mean > 1 else np.ones(lengths.shape)
