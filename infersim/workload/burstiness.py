"""How bursty arrivals are: index of dispersion by time scale, variation and autocorrelation of the gaps."""

from __future__ import annotations

import math

import numpy as np

FEWEST_WINDOWS = 8
"""An index of dispersion needs so many windows to mean anything."""


def dispersion(arrival_s: np.ndarray, window_s: float, span_s: float) -> float:
    """Index of dispersion for counts: variance over mean of the arrivals in windows of one length.

    Args:
        arrival_s: ascending, from 0 on [s].
        window_s: length of a window [s].
        span_s: whole windows up to here are counted [s].

    Returns:
        1 for Poisson arrivals, more for bursty ones; NaN where less than one whole window fits, or nothing arrives.
    """
    windows = math.floor(span_s / window_s * (1 + 1e-12))
    within = arrival_s[: np.searchsorted(arrival_s, windows * window_s)]
    if windows < 1 or not within.size:
        return math.nan
    if windows > within.size * 4:  # mostly empty windows: only the others are listed
        _, counts = np.unique((within / window_s).astype(np.int64), return_counts=True)
        mean = within.size / windows
        return float((counts.astype(float) ** 2).sum() / windows - mean**2) / mean
    counts = np.bincount((within / window_s).astype(np.int64), minlength=windows)[:windows]
    return float(counts.var() / counts.mean())


def window(window_s: float) -> str:
    """A window length as a name: `60s`."""
    return f"{window_s:g}s"


def has_windows(window_s: float, span_s: float) -> bool:
    """Whether a span has windows enough for an index of dispersion."""
    return span_s >= FEWEST_WINDOWS * window_s


def gap_cv(arrival_s: np.ndarray) -> float:
    """Coefficient of variation of the gaps; NaN where there is none."""
    gaps = np.diff(arrival_s)
    return float(gaps.std() / gaps.mean()) if gaps.size and gaps.mean() > 0 else math.nan


def autocorrelation(values: np.ndarray, lag: int) -> float:
    """Correlation of a series with itself, `lag` places on; NaN where it does not vary or is too short."""
    if len(values) <= lag + 1 or values.std() == 0:
        return math.nan
    centred = values - values.mean()
    return float((centred[:-lag] * centred[lag:]).mean() / centred.var())
