"""How bursty arrivals are: variation of their gaps, and of their counts by time scale."""

from __future__ import annotations

import numpy as np


def gap_cv(arrival_s: np.ndarray) -> float:
    """Coefficient of variation of the gaps between arrivals: 1 of a Poisson process; NaN of fewer than three."""
    gaps = np.diff(arrival_s)
    return float(gaps.std() / gaps.mean()) if len(gaps) > 1 and gaps.mean() > 0 else float("nan")


def dispersion(arrival_s: np.ndarray, begin_s: float, length_s: float, window_s: float) -> float:
    """Variance over mean of the arrivals counted in windows: 1 of a Poisson process on every scale.

    Args:
        arrival_s: ascending [s].
        begin_s, length_s: what is cut into windows [s]; a rest shorter than a window is left out.
        window_s: how long they are [s].
    """
    windows = int(length_s / window_s)
    inside = arrival_s[(arrival_s >= begin_s) & (arrival_s < begin_s + windows * window_s)]
    places = np.minimum(((inside - begin_s) / window_s).astype(np.int64), windows - 1)
    counts = np.bincount(places, minlength=windows)
    return float(counts.var() / counts.mean()) if counts.any() else float("nan")
