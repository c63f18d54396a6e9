"""Where a run's start is over: MSER-5 on how full the system is over time.

A run begins with an empty system, which then fills: open arrivals queue up, a closed loop's clients all start at once
and wait for their first tokens. What is full already at the beginning is no start but chance: the plain rule deletes
such early crowds of a busy queue and makes its figures too good (docs/decisions/0004-warm-up.md).
"""

from __future__ import annotations

import numpy as np

from infersim.metrics.timeline import occupancy
from infersim.records import REJECTED

BATCH = 5
"""Observations to a batch mean: the 5 of MSER-5."""
BINS = 1000
"""Observations: means over so many equal bins of time."""
MOST = 0.5
"""Largest share of the run that may be left out."""


def mser(series: np.ndarray, batch: int = BATCH) -> int:
    """How many observations at the start of a series to leave out.

    MSER-5 (White, Cobb and Spratt 2000): over batch means, the truncation that leaves the least estimated variance of
    the mean of what remains; at most half. Only truncations whose remainder is no lower in the mean than what is left
    out are looked at, since the series is known to begin at its lowest.

    Args:
        series: observations at equal distances, beginning at an empty system.
        batch: observations to a batch mean.
    """
    count = series.size // batch
    if count < 2:
        return 0
    means = series[: count * batch].reshape(count, batch).mean(axis=1)
    centred = means - means.mean()
    left = np.arange(count, 0, -1)
    total, squares = (np.cumsum(values[::-1])[::-1] for values in (centred, centred * centred))
    error = (squares - total * total / left) / (left * left)
    scale = np.abs(means).max() * 1e-9
    error[total < -scale * count] = np.inf
    candidates = error[: int(MOST * count) + 1]
    best = candidates.min()
    # the earliest among equals: what is left by rounding must not decide
    return int(np.argmax(candidates <= best + scale * scale)) * batch


def found_s(requests: dict[str, np.ndarray], end_s: float) -> float:
    """When a run's start is over [s], at most half of the run.

    MSER-5 of the number of requests in the system plus the number of those among them that have their first token. The
    first is the latencies' sum by Little's law; in a closed loop it does not change, and the second fills as the first
    burst of prompts is worked off. The second by itself would not do: a busy server is full for long, and what is
    constant to the run's end has no variance, which the rule would take for the steady state.

    Args:
        requests: columns of requests.
        end_s: the horizon; for a drained run the last arrival, since what follows is no steady state, either [s].
    """
    if end_s <= 0.0:
        return 0.0
    taken = requests["status"] != REJECTED
    begin, first, leave = (requests[name][taken] for name in ("arrival_s", "first_token_s", "finish_s"))
    width_s = end_s / BINS
    held = sum(occupancy(_ever(enter), _ever(leave), width_s, BINS) for enter in (begin, first))
    return mser(np.asarray(held)) * width_s


def is_longest(begin_s: float, end_s: float) -> bool:
    """Whether so much was left out that more might have been, had it been allowed."""
    return 0.0 < (MOST - BATCH / BINS) * end_s <= begin_s


def _ever(times_s: np.ndarray) -> np.ndarray:
    """The times without those that never came."""
    return times_s[~np.isnan(times_s)]
