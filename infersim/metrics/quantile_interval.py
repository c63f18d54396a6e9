"""How sure is a quantile of one run? An interval that assumes no distribution.

Its ends are order statistics: so many of n values lie below the p-quantile as a count says. Of independent values that
would be binomial; a run's requests are not independent, so it is told by batch means.
"""

from __future__ import annotations

import math

import numpy as np

from infersim.metrics.batch_means import TOO_SHORT, batch_means

LEAST_BEYOND = 200
"""A quantile of one run needs so many observations beyond it: they come in clumps, and count by the clump."""


def of_one_run(series: np.ndarray, share: float) -> tuple[list[float], int] | str:
    """The 95% interval of a quantile of one run's observations.

    Whether an observation lies at or below the quantile is a series of noughts and ones; the interval of its mean, from
    batch means, is a range of shares, and their quantiles are the interval. Of a busy queue's far quantiles, whose
    observations beyond come in few clumps, it covers less than 95%: of M/M/1's p99 wait at a load of 0.8 over 60,000
    customers 89%, at 0.6 93%.

    Args:
        series: observations in their order, of a steady state; any unit.
        share: which quantile.

    Returns:
        `[low, high]` and the number of batches; or why there is none, as `batch_means`.
    """
    if series.size * min(share, 1.0 - share) < LEAST_BEYOND:
        return TOO_SHORT
    rank = math.ceil(share * series.size) - 1
    quantile = np.partition(series, rank)[rank]
    found = batch_means((series <= quantile).astype(float))
    if isinstance(found, str):
        return found
    # in log odds, so that shares stay between 0 and 1
    odds, half = share / (1.0 - share), math.exp(found.half_width / (share * (1.0 - share)))
    low, high = (each / (1.0 + each) for each in (odds / half, odds * half))
    return np.quantile(series, [low, high]).tolist(), found.batches
