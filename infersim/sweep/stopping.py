"""How many replications a point has, and when they are enough: a rule of the runs' figures alone.

The rule looks at replications in their order, so that it stops at the same one whatever else was simulated. A
sequential stop makes intervals cover a little less than stated when `least` is small: the first narrow interval is
taken, by chance or not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from infersim.metrics.replicated import half_width
from infersim.spec.study import Sequential

_MOST_GROWTH = 2.0
"""The next round at most doubles a point's replications: few runs say little of how many are needed."""


def enough(rule: Sequential, values: Sequence[float]) -> int | None:
    """The number of replications at which the rule stops; None where it needs more than there are.

    Args:
        rule: what is asked.
        values: the rule's figure in each replication, in order; NaN where one has none. Where one of the first `least`
            has none, there is no mean to know, and those are enough.
    """
    if any(map(math.isnan, values[: rule.least])):
        return rule.least
    for count in range(rule.least, min(len(values), rule.most) + 1):
        if count == rule.most or relative(values[:count]) <= rule.relative_half_width:
            return count
    return None


def wanted(rule: Sequential, values: Sequence[float]) -> int:
    """How many replications to have next, by what those that there are vary; more than there are, at most `most`."""
    have = len(values)
    if have < rule.least:
        return rule.least
    ratio = relative(values) / rule.relative_half_width
    growth = min(ratio * ratio, _MOST_GROWTH) if math.isfinite(ratio) else _MOST_GROWTH
    return min(max(have + 1, math.ceil(have * growth)), rule.most)


def relative(values: Sequence[float]) -> float:
    """Half of the 95% interval over the mean; infinite where there is none."""
    if any(math.isnan(value) for value in values):
        return math.inf
    mean = math.fsum(values) / len(values)
    half = half_width(values)
    return half / abs(mean) if mean else (0.0 if not half else math.inf)
