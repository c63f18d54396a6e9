"""Self-exciting arrivals with an exponential kernel, exact: immigrants and, generation by generation, their offspring.

Excitation decays exponentially, so all that the past adds to the future is one number, the intensity that it left
behind. Blocks of time are made one after another with it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from infersim.spec.arrivals import Hawkes
from infersim.workload.arrivals.blocks import LARGEST, Block, sizes

RELAXATIONS = 5.0
"""Burn-in, in times (decay ÷ (1 − branching)) by which deviations of the intensity fall to 1/e."""


def hawkes(spec: Hawkes, rng: np.random.Generator) -> Iterator[Block]:
    """Blocks of arrivals [s].

    The burn-in begins with an intensity of the stationary mean and variance, so that these two are exact at time 0; it
    is cut at a block's arrivals, since a sum of so many has but these two.
    """
    relaxation_s = spec.decay_s / (1.0 - spec.branching)
    burn_in_s = min(RELAXATIONS * relaxation_s, LARGEST / spec.rate_per_s)
    _, excess = _block(spec, rng, _stationary(spec, rng), burn_in_s)
    start_s = 0.0
    for size in sizes():
        arrivals, excess = _block(spec, rng, excess, size / spec.rate_per_s)
        yield start_s + arrivals, start_s + size / spec.rate_per_s
        start_s += size / spec.rate_per_s


def _stationary(spec: Hawkes, rng: np.random.Generator) -> float:
    """An excess intensity [1/s] of the stationary mean n·r and variance r·n² / (2 d (1 − n))."""
    if spec.branching == 0.0:
        return 0.0
    mean = spec.branching * spec.rate_per_s
    variance = spec.rate_per_s * spec.branching**2 / (2.0 * spec.decay_s * (1.0 - spec.branching))
    return float(rng.gamma(mean**2 / variance, variance / mean))


def _block(spec: Hawkes, rng: np.random.Generator, excess: float, length_s: float) -> tuple[np.ndarray, float]:
    """Arrivals of a block by time from its beginning [s], and the excess intensity at its end [1/s].

    Args:
        excess: intensity at its beginning from all that came before [1/s].
        length_s: of the block.
    """
    n, decay_s = spec.branching, spec.decay_s
    own = rng.random(rng.poisson(spec.rate_per_s * (1.0 - n) * length_s)) * length_s
    reach = -np.expm1(-length_s / decay_s)
    left = _delays(rng, np.full(rng.poisson(excess * decay_s * reach), reach), decay_s)
    generation = np.concatenate([own, left])
    generations = [generation]
    while generation.size:
        reached = -np.expm1((generation - length_s) / decay_s)  # of a child, that it comes within the block
        children = rng.poisson(n * reached)
        generation = np.repeat(generation, children) + _delays(rng, np.repeat(reached, children), decay_s)
        generations.append(generation)
    arrivals = np.sort(np.concatenate(generations))
    rest = excess * np.exp(-length_s / decay_s) + n / decay_s * np.exp((arrivals - length_s) / decay_s).sum()
    return arrivals, float(rest)


def _delays(rng: np.random.Generator, reach: np.ndarray, decay_s: float) -> np.ndarray:
    """Exponential delays [s], each on condition that it is below the time that it is with probability `reach`."""
    return -decay_s * np.log1p(-rng.random(reach.size) * reach)
