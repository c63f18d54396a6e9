"""A rate that swings about its mean, with another mean at weekends.

Summed up, such a rate is Kepler's equation M = E − e sin E, with the amplitude for e.
"""

from __future__ import annotations

import numpy as np

from infersim.spec.arrivals import Sinusoidal

DAY_S = 86400.0
WEEKS = 1700
"""Weekends are kept for as long as a run may last, 1e9 s."""
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
GRID = 4096
STEPS = 4
"""Of Newton's method, from a point of the grid: to the last digits but for where the rate is 0."""


class Swing:
    """The rate of sinusoidal arrivals.

    Args:
        spec: mean, amplitude, period, phase and weekends.
    """

    def __init__(self, spec: Sinusoidal):
        self._spec = spec
        self._edge_s, factor = _weekends(spec)
        self._factor = factor * spec.rate_per_s
        held = self._factor[:-1] * np.diff(self.summed(self._edge_s))
        self._sums = np.concatenate([[0.0], np.cumsum(held)])
        self._grid = np.linspace(0.0, 2 * np.pi, GRID + 1)
        self._mean_grid = self._grid - spec.amplitude * np.sin(self._grid)

    def summed(self, time_s: np.ndarray) -> np.ndarray:
        """The integral from 0 of the rate, weekends left out and its mean taken as 1 [s]."""
        depth = self._spec.amplitude * self._spec.period_s / (2 * np.pi)
        return time_s - depth * (np.cos(self._angle(time_s)) - np.cos(self._angle(0.0)))

    def times_s(self, expected: np.ndarray) -> np.ndarray:
        """When so many arrivals are expected to have come [s]."""
        piece = np.searchsorted(self._sums, expected, side="right") - 1
        rest = (expected - self._sums[piece]) / self._factor[piece]
        return self._inverse(self.summed(self._edge_s)[piece] + rest)

    def _angle(self, time_s):
        return 2 * np.pi * (time_s - self._spec.phase_s) / self._spec.period_s

    def _inverse(self, summed: np.ndarray) -> np.ndarray:
        """The times of values of `summed` [s]."""
        e = self._spec.amplitude
        mean = self._angle(summed) + np.pi / 2 - e * np.cos(self._angle(0.0))
        turns = np.floor(mean / (2 * np.pi))
        mean -= 2 * np.pi * turns
        cell = np.clip(np.searchsorted(self._mean_grid, mean, side="right") - 1, 0, GRID - 1)
        low, high = self._grid[cell], self._grid[cell + 1]
        angle = np.interp(mean, self._mean_grid, self._grid)
        for _ in range(STEPS):
            slope = np.maximum(1.0 - e * np.cos(angle), 1e-12)
            angle = np.clip(angle - (angle - e * np.sin(angle) - mean) / slope, low, high)
        return self._spec.phase_s + self._spec.period_s * (turns + angle / (2 * np.pi) - 0.25)


def _weekends(spec: Sinusoidal) -> tuple[np.ndarray, np.ndarray]:
    """Where working days and weekends begin [s], and the factor from there on."""
    if spec.weekend_factor == 1.0:
        return np.zeros(1), np.ones(1)
    first = DAYS.index(spec.first_day)
    saturdays = (np.arange(-1, WEEKS) * 7 + 5 - first) * DAY_S
    edge_s = np.stack([saturdays, saturdays + 2 * DAY_S], axis=1).ravel()
    factor = np.tile([spec.weekend_factor, 1.0], saturdays.size)
    running = int(np.searchsorted(edge_s, 0.0, side="right")) - 1
    edge_s, factor = edge_s[running:], factor[running:]
    edge_s[0] = 0.0
    return edge_s, factor
