"""A paired difference: two systems under the same random numbers, so that what chance does to both cancels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from infersim.metrics.replicated import half_width


@dataclass(frozen=True)
class Difference:
    """How much one system's figure is above another's, from runs that were paired.

    Attributes:
        pairs: replications in which both have the figure.
        first, second: its mean over them, in its unit.
        mean: second − first.
        half_width: of the 95% interval of the mean difference by Student's t; infinite of fewer than two pairs.
        p: chance of a difference at least so far from none, were there none; not corrected.
        variance_ratio: variance of the difference had the runs not been paired ÷ as they were; None where it cannot be
            told, or nothing is left to chance.
    """

    pairs: int
    first: float
    second: float
    mean: float
    half_width: float
    p: float
    variance_ratio: float | None

    @property
    def ci95(self) -> tuple[float, float]:
        """(low, high) of the mean difference."""
        return self.mean - self.half_width, self.mean + self.half_width

    @property
    def relative(self) -> float | None:
        """The difference as a share of the first's; None where that is 0."""
        return self.mean / abs(self.first) if self.first else None

    @property
    def runs_saved(self) -> float | None:
        """Runs of each system that pairing spared: without it so many more would make the interval no wider."""
        return None if self.variance_ratio is None else self.pairs * (self.variance_ratio - 1.0)


def paired(first: np.ndarray, second: np.ndarray) -> Difference | None:
    """The difference of two systems' figures.

    Args:
        first, second: the figure of each replication, of equal length and the same random numbers at each place; NaN
            where a run has none.

    Returns:
        The difference; None where no replication has both.
    """
    both = ~(np.isnan(first) | np.isnan(second))
    first, second = np.asarray(first)[both], np.asarray(second)[both]
    pairs = int(first.size)
    if not pairs:
        return None
    differences = second - first
    mean = float(differences.mean())
    means = float(first.mean()), float(second.mean())
    if pairs < 2:
        return Difference(pairs, *means, mean, math.inf, 1.0, None)
    return Difference(
        pairs,
        *means,
        mean,
        half_width(differences.tolist()),
        _chance(differences),
        _variance_ratio(first, second, differences),
    )


def _chance(differences: np.ndarray) -> float:
    """Two-sided p of a mean of zero by Student's t; of equal differences 1 where they are zero, else 0."""
    if np.ptp(differences) == 0.0:
        return 1.0 if differences[0] == 0.0 else 0.0
    from scipy.special import stdtr

    n = differences.size
    t = abs(float(differences.mean())) / (float(differences.std(ddof=1)) / math.sqrt(n))
    return 2.0 * float(stdtr(n - 1, -t))


def _variance_ratio(first: np.ndarray, second: np.ndarray, differences: np.ndarray) -> float | None:
    unpaired, left = float(first.var(ddof=1) + second.var(ddof=1)), float(differences.var(ddof=1))
    return unpaired / left if left > 0.0 and unpaired > 0.0 else None
