"""The best of many with few observations: the fully sequential procedure KN.

All systems are observed a few times; then, observation by observation, those are dropped that are worse than another by
more than chance explains, until one is left. Common random numbers are allowed and make it quick.

Source: Kim and Nelson, A Fully Sequential Procedure for Indifference-Zone Selection in Simulation, ACM TOMACS 11, 2001.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np


class Selection:
    """Finds the system with the lowest mean.

    Where the best mean is lower than all others by the indifference or more, it is found with the stated probability,
    of normal observations; among systems closer than that any may be chosen.

    Args:
        systems: how many, at least two.
        indifference: the smallest difference that matters, in the observations' unit.
        confidence: probability of a correct selection.
        first: observations of each system before any is dropped, at least two: ten estimate variances well enough.

    Attributes:
        alive: numbers of the systems that are not dropped.
        dropped_at: by system, after how many observations it was dropped.
        observations: of each system still alive.
        best: the system chosen; None before it is.
    """

    def __init__(self, systems: int, indifference: float, confidence: float = 0.95, first: int = 10):
        self.alive = [*range(systems)]
        self.dropped_at: dict[int, int] = {}
        self.observations = 0
        self.best: int | None = None
        self._first = first
        self._least = indifference
        self._h2 = (first - 1) * ((2 * (1 - confidence) / (systems - 1)) ** (-2 / (first - 1)) - 1)
        self._stage: list[np.ndarray] = []
        self._sums = np.zeros(systems)
        self._variances = np.zeros((systems, systems))

    @property
    def means(self) -> np.ndarray:
        """Mean of each system, over its observations until it was dropped."""
        counts = [self.dropped_at.get(system, self.observations) for system in range(self._sums.size)]
        return self._sums / np.maximum(counts, 1)

    def add(self, values: Sequence[float]) -> None:
        """Take one observation of every system, made with common random numbers if they may be.

        Args:
            values: in the order of the systems; those of dropped ones are not looked at.
        """
        if self.best is not None:
            return
        self.observations += 1
        self._sums[self.alive] += np.asarray(values, dtype=float)[self.alive]
        if self.observations <= self._first:
            self._stage.append(np.asarray(values, dtype=float))
        if self.observations == self._first:
            self._end_first_stage()
        if self.observations >= self._first:
            self._screen()

    def exclude(self, systems: Collection[int], at: int) -> None:
        """Drop systems for another reason than their means.

        Args:
            systems: their numbers.
            at: after how many of their observations.
        """
        self.alive = [system for system in self.alive if system not in systems]
        self.dropped_at |= dict.fromkeys(systems, at)
        if self.alive and self.observations >= self._first:
            self._screen()

    def _end_first_stage(self) -> None:
        stage = np.array(self._stage)
        self._variances = (stage[:, :, None] - stage[:, None, :]).var(axis=0, ddof=1)

    def _screen(self) -> None:
        """Drop whoever is behind another by more than their continuation region allows."""
        alive = np.array(self.alive)
        widest = self._h2 * self._variances[np.ix_(alive, alive)] / self._least
        room = np.maximum((widest - self._least * self.observations) / 2, 0.0)
        behind = self._sums[alive][:, None] - self._sums[alive][None, :]
        keep = (behind <= room).all(axis=1)
        self.dropped_at |= dict.fromkeys(alive[~keep].tolist(), self.observations)
        self.alive = alive[keep].tolist()
        if len(self.alive) == 1 or not room[np.ix_(keep, keep)].any():
            self.best = min(self.alive, key=lambda system: (self._sums[system], system))
