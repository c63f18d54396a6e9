"""How much must be simulated for an interval of a wanted width: of one run, and of replications, one after another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from infersim.metrics.batch_means import BatchMeans
from infersim.metrics.replicated import half_width

GROWTH = 2.0
"""At most so many times as many replications are asked for at once: a forecast from few values is a poor one."""


def times_as_long(found: BatchMeans, relative_half_width: float) -> float:
    """So many times as long a run must be for an interval of a wanted width; below 1 if it is long enough.

    An interval narrows with the root of the run's length.

    Args:
        found: of the run as it is.
        relative_half_width: half of the interval ÷ the mean.
    """
    if found.half_width == 0.0:
        return 0.0
    if found.mean == 0.0:
        return math.inf
    return (found.half_width / (relative_half_width * abs(found.mean))) ** 2


@dataclass(frozen=True)
class Stopping:
    """When there are replications enough: their 95% interval is narrow, or they are the most that are allowed.

    Attributes:
        least, most: replications; intervals of fewer than five values are narrow by chance too often.
        relative_half_width: half of the interval ÷ the true mean. The mean found may be off by as much, so the rule
            asks for `w / (1 + w)` of it (Law, Simulation Modeling and Analysis, 2015, 9.4.1).
    """

    least: int
    most: int
    relative_half_width: float

    def next_count(self, values: Sequence[float]) -> int:
        """How many replications to have next; `len(values)` where these are enough.

        What is asked for depends on the values alone, in their order, so that any number of workers does the same.

        Args:
            values: the figure of each replication so far, in their order.
        """
        have = len(values)
        if have >= self.most:
            return have
        if have < max(self.least, 2):
            return min(max(self.least, 2), self.most)
        need = self._needed(values)
        return have if need <= have else int(min(max(need, have + 1), GROWTH * have, self.most))

    def _needed(self, values: Sequence[float]) -> float:
        """Replications that such values call for."""
        half, have = half_width(values), len(values)
        if half == 0.0:
            return have
        asked = self.relative_half_width / (1.0 + self.relative_half_width) * abs(math.fsum(values) / have)
        if asked == 0.0:
            return math.inf
        return have if half <= asked else math.ceil(have * (half / asked) ** 2)
