"""How many replications a point has: the rule of `metrics.run_length` at work on the runs' figures alone.

The rule looks at replications in their order, so that it stops at the same one whatever else was simulated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from infersim.metrics.run_length import Stopping
from infersim.spec.study import Sequential


def wanted(rule: Sequential, values: Sequence[float]) -> int:
    """How many replications a point takes, as far as those that there are tell: at most so many where they are enough.

    Args:
        rule: what is asked.
        values: the rule's figure in each replication, in order; NaN where one has none. Where one of the first `least`
            has none, there is no mean to know, and those are enough; a later one calls for the most.
    """
    stopping = Stopping(rule.least, rule.most, rule.relative_half_width)
    count, then = 0, rule.least
    while count < then <= len(values):
        count, then = then, _next(stopping, values[:then])
    return then


def _next(stopping: Stopping, values: Sequence[float]) -> int:
    if not any(map(math.isnan, values)):
        return stopping.next_count(values)
    return len(values) if len(values) == stopping.least else stopping.most
