"""Traffic at a multiple of its own rate: whole copies of it, and what is still wanted from one more."""

from __future__ import annotations

import math

SAME = 1e-5
"""Relative difference below which a rate is the own one, or a multiple of it: rates are printed with six digits."""


def split(factor: float) -> tuple[int, float]:
    """How often traffic is laid over itself whole, and what share of one more copy is kept.

    Args:
        factor: the rate wanted over the own rate, above 0.
    """
    nearest = round(factor)
    if nearest and abs(factor / nearest - 1.0) <= SAME:
        return nearest, 0.0
    whole = math.floor(factor)
    return whole, factor - whole


def dispersion_of(index: float, whole: int, rest: float) -> float:
    """Index of dispersion of independent copies, one of them thinned: variances and means of counts add up."""
    return (whole * index + rest * (1.0 + rest * (index - 1.0))) / (whole + rest)
