"""A statistic: mean and percentiles of values, or of a histogram; of nothing, null and never NaN."""

from __future__ import annotations

import numpy as np

PERCENTILES = (50, 90, 95, 99)
NAMES = ("mean", *(f"p{p}" for p in PERCENTILES))
NOTHING: dict[str, float | None] = dict.fromkeys(NAMES)


def describe(values: np.ndarray) -> dict[str, float | None]:
    """Mean, p50, p90, p95, p99 of values of any unit; linear interpolation between order statistics."""
    if not values.size:
        return dict(NOTHING)
    ordered = np.sort(values)
    places = np.array(PERCENTILES) / 100 * (ordered.size - 1)
    low = places.astype(int)
    high = np.minimum(low + 1, ordered.size - 1)
    quantiles = ordered[low] + (places - low) * (ordered[high] - ordered[low])
    return dict(zip(NAMES, [float(ordered.mean()), *quantiles.tolist()], strict=True))


class Histogram:
    """Counts of durations in bins 0.1% wide, from 100 ns to 10⁵ s, in constant memory.

    Each bin keeps its sum, so the mean is exact. A percentile is interpolated between the two values next to its rank,
    as in `describe`, each taken as its bin's mean: within 0.1%, and exact where all values of a bin are equal.
    """

    _LOWEST, _RATIO = 1e-7, 1.001
    _BINS = int(np.log(1e12) / np.log(_RATIO)) + 2

    def __init__(self) -> None:
        self._counts = np.zeros(self._BINS)
        self._sums = np.zeros(self._BINS)

    def add_lines(self, first: np.ndarray, slope: np.ndarray, steps: np.ndarray, weight: np.ndarray) -> None:
        """Add durations first + j·slope, j = 0 … steps-1, each `weight` times; equal lengths, slope ≥ 0 [s]."""
        lowest, highest = self._bin(first), self._bin(first + slope * (steps - 1))
        inside = lowest == highest
        total = steps * first + slope * steps * (steps - 1) / 2
        self._count(lowest[inside], (weight * steps)[inside], (weight * total)[inside])
        if not inside.all():
            across = ~inside
            spans = (a[across] for a in (lowest, highest, first, slope, steps, weight))
            self._add_across(*spans)

    def describe(self) -> dict[str, float | None]:
        """Mean and percentiles [s]."""
        total = self._counts.sum()
        if not total:
            return dict(NOTHING)
        cumulative = np.cumsum(self._counts)
        ranks = np.array(PERCENTILES) / 100 * (total - 1)
        whole = np.floor(ranks)
        low, high = self._at(cumulative, whole), self._at(cumulative, np.minimum(whole + 1, total - 1))
        values = (low + (ranks - whole) * (high - low)).tolist()
        return dict(zip(NAMES, [float(self._sums.sum() / total), *values], strict=True))

    def _at(self, cumulative: np.ndarray, ranks: np.ndarray) -> np.ndarray:
        """The values of these ranks, counted from 0 [s]."""
        bins = np.searchsorted(cumulative, ranks, side="right")
        return self._sums[bins] / self._counts[bins]

    def _bin(self, duration: np.ndarray) -> np.ndarray:
        position = np.log(np.maximum(duration, self._LOWEST) / self._LOWEST) / np.log(self._RATIO)
        return np.minimum(position.astype(np.int64), self._BINS - 1)

    def _count(self, bins: np.ndarray, counts: np.ndarray, sums: np.ndarray) -> None:
        self._counts += np.bincount(bins, counts, self._BINS)
        self._sums += np.bincount(bins, sums, self._BINS)

    def _add_across(self, lowest, highest, first, slope, steps, weight) -> None:
        """Lines that cross bin edges: one entry for each bin they touch."""
        bins, owner = runs(lowest, highest - lowest + 1)
        # A bin's upper edge is the next one's lower edge to the last bit, or a step could be lost between them.
        begin, end = (
            self._steps_below(self._LOWEST * self._RATIO**edge, first, slope, steps, owner) for edge in (bins, bins + 1)
        )
        begin[bins == lowest[owner]] = 0
        is_last = bins == highest[owner]
        end[is_last] = steps[owner][is_last]
        count = np.maximum(end - begin, 0)
        total = count * first[owner] + slope[owner] * (end * (end - 1) - begin * (begin - 1)) / 2 * (count > 0)
        self._count(bins, weight[owner] * count, weight[owner] * total)

    @staticmethod
    def _steps_below(edge, first, slope, steps, owner) -> np.ndarray:
        return np.clip(np.ceil((edge - first[owner]) / slope[owner]), 0, steps[owner])


def runs(start: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Consecutive integers start, start+1, … (length of them) of every row, and the row that each belongs to."""
    owner = np.repeat(np.arange(len(start)), length)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(length) - length, length)
    return start[owner] + offset, owner
