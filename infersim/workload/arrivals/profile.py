"""Rates that are known functions of time, by exact change of time.

Arrivals are drawn in expected arrivals (at rate 1) and taken to the times at which the rate has summed up to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from infersim.spec.arrivals import Piecewise, Sinusoidal, Spike, Step
from infersim.workload.arrivals.blocks import LARGEST, Block, sizes
from infersim.workload.arrivals.gaps import gaps_of
from infersim.workload.arrivals.swing import Swing


class Profile(Protocol):
    """A rate as a function of time."""

    def times_s(self, expected: np.ndarray) -> np.ndarray:
        """When so many arrivals are expected to have come [s]; inf where that never is."""
        ...


class Pieces:
    """A rate that is linear in each of several pieces.

    Args:
        start_s: where pieces begin, ascending from 0 [s].
        rate: at the beginning of each [1/s].
        slope: change within each [1/s²].
        repeat_s: after which it begins anew, or None: the last piece then goes on, and has no slope.
    """

    def __init__(self, start_s: np.ndarray, rate: np.ndarray, slope: np.ndarray, repeat_s: float | None = None):
        self._start, self._rate, self._slope, self._repeat = start_s, rate, slope, repeat_s
        length = np.diff(start_s, append=np.inf if repeat_s is None else repeat_s)[: len(start_s)]
        inner = length if repeat_s is not None else length[:-1]
        held = rate[: inner.size] * inner + slope[: inner.size] * inner**2 / 2
        sums = np.concatenate([[0.0], np.cumsum(held)])
        self._sums, self._total = sums[: len(start_s)], float(sums[-1])

    def times_s(self, expected: np.ndarray) -> np.ndarray:
        """See `Profile`."""
        if self._repeat is None:
            return self._within(expected)
        rounds = np.floor(expected / self._total)
        inside = np.clip(expected - rounds * self._total, 0.0, self._total)
        return rounds * self._repeat + self._within(inside)

    def _within(self, expected: np.ndarray) -> np.ndarray:
        piece = np.searchsorted(self._sums, expected, side="right") - 1
        rest, rate, slope = expected - self._sums[piece], self._rate[piece], self._slope[piece]
        root = np.sqrt(np.maximum(rate**2 + 2.0 * slope * rest, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):  # no rate: never, or where nothing is left, now
            passed = np.where(rest > 0.0, 2.0 * rest / (rate + root), 0.0)
        return self._start[piece] + passed


def varying(spec: Piecewise | Sinusoidal | Step | Spike, rng: np.random.Generator) -> Iterator[Block]:
    """Blocks of arrivals [s] of a rate that varies."""
    return changed(profile_of(spec), spec.cv, rng)


def profile_of(spec: Piecewise | Sinusoidal | Step | Spike) -> Profile:
    """The rate as a function of time."""
    match spec:
        case Sinusoidal():
            return Swing(spec)
        case Piecewise():
            return _constant(spec.times_s, spec.rates_per_s, spec.repeat_s)
        case Step():
            return _constant((0.0, spec.at_s), (spec.rate_per_s, spec.after_rate_per_s))
        case Spike():
            return _spike(spec)


def changed(profile: Profile, cv: float, rng: np.random.Generator) -> Iterator[Block]:
    """Blocks of arrivals [s] whose gaps, in expected arrivals, are gamma-distributed with mean 1; stationary."""
    gaps, everybody = gaps_of(["gamma"], [cv]), np.zeros(LARGEST, dtype=np.int64)
    last = float(gaps.rest(rng, everybody[:1])[0])
    head = np.array([last])
    for size in sizes():
        times = profile.times_s(head)
        finite = np.isfinite(times)
        if not finite.all():
            yield times[finite], math.inf
            return
        yield times, float(times[-1])
        head = last + np.cumsum(gaps.drawn(rng, everybody[:size]))
        last = float(head[-1])


def _constant(times_s: tuple[float, ...], rates: tuple[float, ...], repeat_s: float | None = None) -> Pieces:
    return Pieces(np.array(times_s), np.array(rates), np.zeros(len(rates)), repeat_s)


def _spike(spec: Spike) -> Pieces:
    base, peak, half = spec.rate_per_s, spec.peak_rate_per_s, spec.duration_s / 2
    knots = spec.start_s + np.array([0.0, half, 2 * half])
    if spec.shape == "flat":
        start, rate, slope = knots[[0, 2]], np.array([peak, base]), np.zeros(2)
    else:
        climb = (peak - base) / half
        start, rate, slope = knots, np.array([base, peak, base]), np.array([climb, -climb, 0.0])
    if spec.start_s == 0.0:
        return Pieces(start, rate, slope)
    return Pieces(np.concatenate([[0.0], start]), np.concatenate([[base], rate]), np.concatenate([[0.0], slope]))
