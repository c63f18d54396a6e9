"""Many clients' arrivals together, each client a stationary renewal process of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from infersim.spec.arrivals import Clients, Population
from infersim.workload.arrivals.blocks import Block, sizes
from infersim.workload.arrivals.gaps import Gaps, gaps_of


class Superposition:
    """Clients with rates and gap distributions, from a time on.

    Args:
        rate: of each client [1/s]; one with 0 sends nothing.
        gaps: of each, mean 1.
        rng: the stream to draw from.
        start_s: when they begin, in the midst of a gap each.
    """

    def __init__(self, rate: np.ndarray, gaps: Gaps, rng: np.random.Generator, start_s: float = 0.0):
        self._rate, self._gaps, self._rng, self._now_s = rate, gaps, rng, start_s
        self._next_s = np.full(rate.size, np.inf)
        active = np.flatnonzero(rate > 0.0)
        self._next_s[active] = start_s + gaps.rest(rng, active) / rate[active]

    def blocks(self, end_s: float = math.inf) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
        """All arrivals before `end_s`, block by block: times [s], ascending; clients; the block's end [s]."""
        total = float(self._rate.sum())
        for size in sizes() if total > 0.0 else ():
            times, owners = self.until(min(self._now_s + max(size, self._rate.size) / total, end_s))
            yield times, owners, self._now_s
            if self._now_s >= end_s:
                return

    def until(self, end_s: float) -> tuple[np.ndarray, np.ndarray]:
        """All arrivals from where the last call ended to `end_s`: times [s], ascending, and clients."""
        span_s = end_s - self._now_s
        times, owners = [], []
        due = np.flatnonzero(self._next_s < end_s)
        while due.size:
            times.append(self._next_s[due])
            owners.append(due)
            due, more, whose = self._further(due, end_s, span_s)
            times.append(more)
            owners.append(whose)
        self._now_s = end_s
        if not times:
            return np.zeros(0), np.zeros(0, dtype=np.int64)
        arrival, owner = np.concatenate(times), np.concatenate(owners)
        order = np.argsort(arrival, kind="stable")
        return arrival[order], owner[order]

    def _further(self, due: np.ndarray, end_s: float, span_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Gaps after each due client's next arrival, as many as probably end the block.

        Returns:
            The clients that still have an arrival within the block; the arrivals found; their clients.
        """
        at = self._next_s[due]
        expected = self._rate[due] * (end_s - at)
        count = (expected + 2.0 * np.sqrt(expected)).astype(np.int64) + 2
        place = np.repeat(np.arange(due.size), count)
        who = due[place]
        gap = self._gaps.drawn(self._rng, who)
        gap /= self._rate[who]
        short = np.minimum(gap, span_s)  # a sum of all gaps keeps its digits
        sums = np.cumsum(short)
        first = np.cumsum(count) - count
        sums += (at - (sums[first] - short[first]))[place]
        inside = sums < end_s
        past = np.flatnonzero(~inside)
        ended, where = np.unique(place[past], return_index=True)
        crossing = past[where]
        ends = first + count - 1
        self._next_s[due] = sums[ends]
        self._next_s[due[ended]] = sums[crossing] - short[crossing] + gap[crossing]
        inside[ends] = False  # one that has not ended goes on from its last, which the next round counts
        inside[past] = False
        return np.delete(due, ended), sums[inside], who[inside]


def together(spec: Clients | Population, rng: np.random.Generator) -> Iterator[Block]:
    """Blocks of arrivals [s] of clients that are stated, or drawn."""
    rate, gaps = _stated(spec) if isinstance(spec, Clients) else _population(spec, rng)
    for times, _, end_s in Superposition(rate, gaps, rng).blocks():
        yield times, end_s


def _stated(spec: Clients) -> tuple[np.ndarray, Gaps]:
    rate = np.array([client.rate_per_s for client in spec.clients])
    scale = 1.0 if spec.rate_per_s is None else spec.rate_per_s / rate.sum()
    return rate * scale, gaps_of([each.family for each in spec.clients], [each.cv for each in spec.clients])


def _population(spec: Population, rng: np.random.Generator) -> tuple[np.ndarray, Gaps]:
    if spec.skew == "zipf":
        weight = np.arange(1.0, spec.clients + 1.0) ** -spec.exponent
    else:
        weight = rng.lognormal(0.0, math.sqrt(math.log1p(spec.rate_cv**2)), spec.clients)
    rate = spec.rate_per_s * weight / weight.sum()
    if spec.cv_spread == 0.0:
        return rate, gaps_of([spec.family], [spec.cv]).of(np.zeros(spec.clients, dtype=np.int64))
    cvs = np.clip(rng.lognormal(math.log(spec.cv), spec.cv_spread, spec.clients), 0.01, 1000.0)
    return rate, gaps_of([spec.family] * spec.clients, cvs)
