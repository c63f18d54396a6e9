"""One period of a fitted model's arrivals: as long and as bursty as the trace, and each another one.

A latent Gaussian process over the period's instants says which gap comes where. Its amplitudes are those of the
model's memory, only its phases are drawn, and the gaps take their places by rank: so every period has the model's gaps,
and its burstiness hardly varies. What still varies is held: a period whose index of dispersion is off is drawn again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from infersim.spec.workload_model import FittedArrivals, Memory
from infersim.workload.burstiness import dispersion
from infersim.workload.models.tables import at_shares, mean, mean_size, sizes_at

WITHIN, DRAWS = 0.15, 24
"""How near a period's index of dispersion must be to the trace's, and how often it is tried."""


@dataclass(frozen=True)
class Periods:
    """Draws periods of one model.

    Attributes:
        spec: the arrivals' tables.
        amplitudes: of the latent process, by frequency.
        targets: index of dispersion by window length [s], to which periods are held.
    """

    spec: FittedArrivals
    amplitudes: np.ndarray
    targets: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, spec: FittedArrivals) -> Periods:
        held = tuple(zip(spec.dispersion.window_s, spec.dispersion.index, strict=True))
        return cls(spec, amplitudes(spec.memory, _smooth(spec.instants)), held)

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, float]:
        """A period's arrival times, ascending from its begin [s], and how long it is [s]."""
        best: tuple[np.ndarray, float] | None = None
        least = math.inf
        for _ in range(DRAWS if self.targets else 1):
            times, span_s = self.once(rng)
            off = self.off(times, span_s)
            if best is None or off < least:
                best, least = (times, span_s), off
            if off <= WITHIN:
                break
        assert best is not None
        return best

    def once(self, rng: np.random.Generator) -> tuple[np.ndarray, float]:
        """The same, whatever its index of dispersion is."""
        instants = np.cumsum(at_shares(self.spec.gaps_s, self._shares(rng)))
        span_s = float(instants[-1])
        # A period is a ring, begun anywhere: begun at a request it would begin busier than it is on the whole.
        begin_s = rng.random() * span_s
        first = int(np.searchsorted(instants, begin_s))
        times = np.concatenate([instants[first:] - begin_s, instants[:first] + (span_s - begin_s)])
        if self.spec.sizes is not None:
            times = np.repeat(times, sizes_at(self.spec.sizes, self._shares(rng)))
        return times, span_s

    def off(self, times: np.ndarray, span_s: float) -> float:
        """How far a period's index of dispersion is from the trace's, as a ratio above 1 less 1: the largest held."""
        return max((self._off(times, span_s, *target) for target in self.targets), default=0.0)

    def _shares(self, rng: np.random.Generator) -> np.ndarray:
        """A share for each instant: all strata of 1/count once, in the order of the latent process' ranks."""
        count = self.spec.instants
        turned = self.amplitudes * np.exp(2j * np.pi * rng.random(len(self.amplitudes)))
        latent = np.fft.irfft(turned, 2 * (len(turned) - 1))[:count]
        shares = np.empty(count)
        shares[np.argsort(latent)] = (np.arange(count) + rng.random(count)) / count
        return shares

    @staticmethod
    def _off(times: np.ndarray, span_s: float, window_s: float, target: float) -> float:
        found = dispersion(times, window_s, span_s)
        return max(found / target, target / found) - 1.0 if found > 0 else math.inf


def _smooth(count: int) -> int:
    """The next even number of factors 2, 3 and 5: such transforms are fast."""
    while True:
        rest = count
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1 and count % 2 == 0:
            return count
        count += 1


def amplitudes(memory: Memory, count: int) -> np.ndarray:
    """Amplitudes of the latent process over `count` instants, by frequency; without its mean."""
    angle = 2 * np.pi * np.arange(count // 2 + 1) / count
    power = np.zeros(len(angle))
    for instants, weight in zip(memory.instants, memory.weights, strict=True):
        kept = math.exp(-1.0 / instants) if instants > 0 else 0.0
        power += weight * (1 - kept**2) / (1 - 2 * kept * np.cos(angle) + kept**2)
    power[0] = 0.0
    return np.sqrt(power)


def own_rate_per_s(spec: FittedArrivals) -> float:
    """Requests a second of a model's arrivals, by its tables."""
    return mean_size(spec.sizes) / mean(spec.gaps_s)
