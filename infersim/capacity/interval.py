"""Where the share of requests within their bounds crosses what is asked, with its 95% interval.

The same replications (seeds) are run at both ends of a narrow bracket. Between the ends each replication's margin is
taken as straight, so that the margin at any load is a weighted mean of the two, and its interval over replications
holds what the seeds have in common. The loads whose interval holds zero are the interval of the crossing; near it that
is `crossing ± half width of the margin there ÷ slope`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from infersim.capacity.bench import Point
from infersim.metrics.replicated import half_width


@dataclass(frozen=True)
class Crossing:
    """Where a margin crosses zero.

    Attributes:
        load: there.
        half: half of its 95% interval.
    """

    load: float
    half: float


def crossing(low: Point, high: Point) -> Crossing:
    """The first crossing between two points of as many replications.

    Args:
        low: all its goals hold in the mean.
        high: at least one is missed in the mean.
    """
    each = zip(low.margins.T, high.margins.T, strict=True)
    found = [_of(low.load, below, high.load, above) for below, above in each if above.mean() < 0.0]
    return min(found, key=lambda one: one.load)


def _of(low: float, below: np.ndarray, high: float, above: np.ndarray) -> Crossing:
    fall = float(below.mean() - above.mean())
    part = float(below.mean()) / fall
    there = (1.0 - part) * below + part * above
    half = half_width(there.tolist()) * (high - low) / fall if len(there) > 1 else math.inf
    return Crossing(low + part * (high - low), half)
