"""Batch means: how sure is the mean of one long run, whose observations follow one another and are not independent?

Consecutive observations are put together into few long batches, whose means are nearly independent and nearly normal.
Batches are long enough once neighbours show no correlation any more (von Neumann's ratio); what is left of it that the
test does not see widens the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

T_QUANTILES = {30: 2.045229642132703, 20: 2.0930240544083087, 10: 2.262157162798205}
"""t(0.975) of a mean of so many batches: each run needs them, and scipy takes longer to import than a run may take."""
BATCHES = tuple(T_QUANTILES)
"""Batches of the interval, tried from the front: more than 30 gain little, fewer than 10 make it wide (Schmeiser)."""
LEAST = 16
"""Fewest observations to a batch."""
SIGNIFICANCE = 0.2
"""Chance that batches which are independent are found correlated. So high, since what is missed makes intervals lie."""
TOO_SHORT, CORRELATED = "too short", "correlated"


@dataclass(frozen=True)
class BatchMeans:
    """The mean of a stationary series and its interval.

    Attributes:
        mean: of all whole batches, in the series' unit.
        half_width: of the 95% interval of the mean.
        batches: so many.
        size: observations to a batch; a rest shorter than a batch is left out, at the series' start.
    """

    mean: float
    half_width: float
    batches: int
    size: int

    @property
    def ci95(self) -> list[float]:
        """`[low, high]`."""
        return [self.mean - self.half_width, self.mean + self.half_width]


def batch_means(series: np.ndarray) -> BatchMeans | str:
    """The 95% interval of the mean of a series.

    Args:
        series: observations in their order, of a steady state.

    Returns:
        The interval; `TOO_SHORT` with fewer than `LEAST` observations to each of the fewest batches; `CORRELATED` where
        even the means of the longest batches are: the run is too short for its correlation, or it has no steady
        state. An interval wider than ±15% of the mean is of a run that is nearly too short, and covers some 90%.
    """
    answer = TOO_SHORT
    for batches in BATCHES:
        if series.size // batches < LEAST:
            continue
        size = series.size // batches
        means = series[series.size - batches * size :].reshape(batches, size).mean(axis=1)
        if are_correlated(means):
            answer = CORRELATED
            continue
        half = T_QUANTILES[batches] * float(means.std(ddof=1)) * math.sqrt(inflation(means) / batches)
        return BatchMeans(float(means.mean()), half, batches, size)
    return answer


def von_neumann_ratio(means: np.ndarray) -> float:
    """Mean square of successive differences ÷ variance: 2 of independent means, less where neighbours are alike."""
    centred = means - means.mean()
    squares = float(centred @ centred)
    steps = np.diff(means)
    return 2.0 if squares == 0.0 else float(steps @ steps) / squares


def are_correlated(means: np.ndarray) -> bool:
    """Whether neighbours among means are more alike than chance makes them.

    One-sided test by von Neumann's ratio, which of n independent normal means is normal around 2 with the variance
    4 (n − 2) / (n² − 1) (Young 1941).
    """
    n = means.size
    bound = 2.0 + NormalDist().inv_cdf(SIGNIFICANCE) * 2.0 * math.sqrt((n - 2) / (n * n - 1))
    return von_neumann_ratio(means) < bound


def inflation(means: np.ndarray) -> float:
    """By how much neighbours' correlation ρ raises the variance of their mean, at least 1: (1 + ρ) / (1 − ρ).

    Source: Tafazzoli, Steiger and Wilson, N-Skart, IEEE Transactions on Automatic Control 56, 2011.
    """
    centred = means - means.mean()
    squares = float(centred @ centred)
    correlation = float(centred[1:] @ centred[:-1]) / squares if squares > 0.0 else 0.0
    return max((1.0 + correlation) / (1.0 - correlation), 1.0)
