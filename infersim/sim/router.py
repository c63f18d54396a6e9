"""The router: which replica a request goes to. Loads are counts that change only at events."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from infersim.sim.replica import Replica


class Router(Protocol):
    """Chooses a replica for each request."""

    def choose(self) -> Replica:
        """The replica for the request being sent; counted as outstanding from now on."""

    def finished(self, replica: Replica) -> None:
        """A request of that replica was answered."""


class LeastOutstanding:
    """The replica with the fewest requests under way; among equals the one that came to that count first.

    Replicas stand in buckets by their count, so both calls take constant time however many replicas there are.
    """

    def __init__(self, replicas: list[Replica], rng: np.random.Generator):
        self._level = [0] * len(replicas)
        self._buckets: list[dict[int, Replica]] = [{replica.number: replica for replica in replicas}, {}]
        self._lowest = 0

    def choose(self) -> Replica:
        while not self._buckets[self._lowest]:
            self._lowest += 1
        number = next(iter(self._buckets[self._lowest]))
        replica = self._buckets[self._lowest][number]
        self._move(replica, self._lowest + 1)
        return replica

    def finished(self, replica: Replica) -> None:
        level = self._level[replica.number] - 1
        self._move(replica, level)
        self._lowest = min(self._lowest, level)

    def _move(self, replica: Replica, level: int) -> None:
        del self._buckets[self._level[replica.number]][replica.number]
        if level == len(self._buckets):
            self._buckets.append({})
        self._buckets[level][replica.number] = replica
        self._level[replica.number] = level


class RoundRobin:
    """One after another."""

    def __init__(self, replicas: list[Replica], rng: np.random.Generator):
        self._replicas = replicas
        self._next = 0

    def choose(self) -> Replica:
        replica = self._replicas[self._next]
        self._next = (self._next + 1) % len(self._replicas)
        return replica

    def finished(self, replica: Replica) -> None:
        """Answers do not matter to it."""


class Random:
    """Any, all alike."""

    def __init__(self, replicas: list[Replica], rng: np.random.Generator):
        self._replicas = replicas
        self._rng = rng
        self._draws: list[int] = []

    def choose(self) -> Replica:
        if not self._draws:
            self._draws = self._rng.integers(len(self._replicas), size=4096).tolist()
        return self._replicas[self._draws.pop()]

    def finished(self, replica: Replica) -> None:
        """Answers do not matter to it."""


KINDS: dict[str, type[LeastOutstanding] | type[RoundRobin] | type[Random]] = {
    "least_outstanding": LeastOutstanding,
    "round_robin": RoundRobin,
    "random": Random,
}
