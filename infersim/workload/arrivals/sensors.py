"""Reports of devices at a fixed period, with jitter, losses and outages."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from infersim.spec.arrivals import Sensors
from infersim.workload.arrivals.blocks import sizes

MOST_DEVIATIONS = 6.0
"""Where normal jitter ends, in standard deviations."""


def reports(spec: Sensors, rng: np.random.Generator, limit: int | None, until_s: float | None) -> np.ndarray:
    """Arrival times [s], as `times` says.

    Jitter can take a report into the next periods, so nothing is final until no later period reaches back to it.
    """
    reach_s = spec.jitter_s * (MOST_DEVIATIONS if spec.jitter == "normal" else 1.0)
    parts: list[np.ndarray] = []
    final = 0
    for times, end_s in _periods(spec, rng, reach_s):
        parts.append(times[times >= 0.0])
        final += int(np.count_nonzero(parts[-1] < end_s - 2.0 * reach_s))
        if (limit is not None and final >= limit) or (until_s is not None and end_s - reach_s >= until_s):
            break
    arrivals = np.concatenate(parts)
    arrivals.sort()
    return arrivals[: None if until_s is None else np.searchsorted(arrivals, until_s)][:limit]


def _periods(spec: Sensors, rng: np.random.Generator, reach_s: float) -> Iterator[tuple[np.ndarray, float]]:
    """Reports of so many periods at a time [s], and the earliest time that later ones have but for jitter."""
    of_phase, of_jitter, of_loss, of_outages = rng.spawn(4)
    phase_s = of_phase.random(spec.devices) * spec.period_s if spec.phase == "random" else np.zeros(spec.devices)
    outages = _Outages(spec, of_outages)
    begin = -math.ceil(reach_s / spec.period_s) - (spec.phase == "random")
    for size in sizes():
        many = max(size // spec.devices, 1)
        due_s = np.arange(begin, begin + many)[:, None] * spec.period_s + phase_s
        if spec.jitter_s > 0.0:
            due_s += _jitter(spec, of_jitter, due_s.shape)
        sent = outages.works(many)
        if spec.loss > 0.0:
            sent &= of_loss.random(due_s.shape) >= spec.loss
        begin += many
        yield due_s[sent], begin * spec.period_s


def _jitter(spec: Sensors, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    if spec.jitter == "uniform":
        return rng.uniform(-spec.jitter_s, spec.jitter_s, shape)
    return spec.jitter_s * np.clip(rng.standard_normal(shape), -MOST_DEVIATIONS, MOST_DEVIATIONS)


class _Outages:
    """Which devices work, period by period.

    Seen at equal distances D, a device that works for a mean time u and is out for a mean time v is a two-state Markov
    chain: with probability 1 − exp(−D/u − D/v) its state is drawn anew, working with probability u / (u + v).
    """

    def __init__(self, spec: Sensors, rng: np.random.Generator):
        self._rng, self._devices = rng, spec.devices
        self._share, self._anew = 1.0, 0.0
        if spec.outage_every_s is not None and spec.outage_s is not None:
            self._share = spec.outage_every_s / (spec.outage_every_s + spec.outage_s)
            self._anew = -math.expm1(-spec.period_s / spec.outage_every_s - spec.period_s / spec.outage_s)
        self._last = rng.random(spec.devices) < self._share

    def works(self, periods: int) -> np.ndarray:
        """For so many further periods, by device."""
        shape = (periods, self._devices)
        if self._anew == 0.0:
            return np.ones(shape, dtype=bool)
        drawn = self._rng.random((2, *shape))
        row = np.where(drawn[0] < self._anew, np.arange(1, periods + 1)[:, None], 0)
        states = np.concatenate([self._last[None, :], drawn[1] < self._share])
        latest = np.take_along_axis(states, np.maximum.accumulate(row, axis=0), axis=0)
        self._last = latest[-1]
        return latest
