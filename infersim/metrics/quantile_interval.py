"""How sure is a quantile of one run? An interval that assumes no distribution.

Its ends are order statistics: so many of n values lie below the p-quantile as a count says. Of independent values that
would be binomial; a run's requests are not independent, so it is told by batch means.
"""

from __future__ import annotations

import math

import numpy as np

from infersim.metrics.batch_means import TOO_SHORT, batch_means

LEAST_CROWDS = 20
"""A quantile of one run needs so many crowds beyond it: observations there come in crowds, and count by the crowd."""
WIDER = 10.0
"""Few crowds tell their own variance badly: so many times as wide, ÷ the crowds, is the interval beside its width."""
_QUARTER = 0.25


def of_one_run(series: np.ndarray, share: float) -> tuple[list[float], int] | str:
    """The 95% interval of a quantile of one run's observations.

    Whether an observation lies at or below the quantile is a series of noughts and ones; the interval of its mean, from
    batch means, is a range of shares, and their quantiles are the interval. Observations beyond a far quantile of a
    busy queue come in few crowds, so it is widened by 1 + `WIDER` ÷ crowds. Of waits of M/M/1 it covers 92 to 97% where
    all runs of a length have one; at lengths where the crowds are enough in some runs and too few in others, those that
    have one cover some 88%.

    Args:
        series: observations in their order, of a steady state; any unit.
        share: which quantile.

    Returns:
        `[low, high]` and the number of batches; or why there is none, as `batch_means`, `TOO_SHORT` of too few crowds.
    """
    beyond = crowds(series) * min(min(share, 1.0 - share) / _QUARTER, 1.0)
    if beyond < LEAST_CROWDS:
        return TOO_SHORT
    rank = math.ceil(share * series.size) - 1
    quantile = np.partition(series, rank)[rank]
    found = batch_means((series <= quantile).astype(float))
    if isinstance(found, str):
        return found
    # in log odds, so that shares stay between 0 and 1
    width = found.half_width * (1.0 + WIDER / beyond)
    odds, half = share / (1.0 - share), math.exp(width / (share * (1.0 - share)))
    low, high = (each / (1.0 + each) for each in (odds / half, odds * half))
    return np.quantile(series, [low, high]).tolist(), found.batches


def crowds(series: np.ndarray) -> int:
    """How often a series rises from its lowest quarter into its highest.

    Beyond the highest share s of it, there are s ÷ 0.25 times as many crowds in the mean, within a quarter for queues.
    They are reckoned so and not counted, since a run with few crowds there is one whose quantile came out high.
    """
    if not series.size:
        return 0
    low, high = np.quantile(series, [_QUARTER, 1.0 - _QUARTER])
    ends = (series > high).astype(np.int8) - (series <= low)
    ends = ends[ends != 0]
    return int(np.count_nonzero(np.diff(ends) == 2)) + int(ends.size > 0 and ends[0] == 1)
