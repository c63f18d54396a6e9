"""Markov-modulated Poisson arrivals: a random path of rates, then exact change of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from infersim.spec.arrivals import Mmpp
from infersim.workload.arrivals.blocks import Block, sizes


def mmpp(spec: Mmpp, rng: np.random.Generator) -> Iterator[Block]:
    """Blocks of arrivals [s]; the first state is drawn from the stationary distribution.

    How long the first state still lasts has the distribution of a whole stay: exponential stays have no memory.
    """
    of_path, of_arrivals = rng.spawn(2)
    path, size = _path(spec, of_path), sizes()
    jump_s, sums, rates = next(path)
    head, last = np.zeros(0), 0.0
    while True:
        if head.size == 0:
            head = last + np.cumsum(of_arrivals.standard_exponential(next(size)))
            last = float(head[-1])
        inside = int(np.searchsorted(head, sums[-1]))
        piece = np.searchsorted(sums, head[:inside], side="right") - 1
        times = jump_s[piece] + (head[:inside] - sums[piece]) / rates[piece]
        head = head[inside:]
        yield times, float(jump_s[-1] if head.size else times[-1])
        if head.size:
            jump_s, sums, rates = next(path)


def _path(spec: Mmpp, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Stretches of the path: when states begin [s] with the end, expected arrivals until then, and rates."""
    rate = np.array([state.rate_per_s for state in spec.states])
    mean_s = np.array([state.mean_s for state in spec.states])
    state = int(rng.choice(rate.size, p=mean_s / mean_s.sum()))
    time_s, summed = 0.0, 0.0
    for jumps in sizes():
        moves = rng.integers(1, rate.size, jumps)  # to any other state alike
        visited = (state + np.concatenate([[0], np.cumsum(moves)])) % rate.size
        stays = rng.standard_exponential(jumps) * mean_s[visited[:-1]]
        jump_s = time_s + np.concatenate([[0.0], np.cumsum(stays)])
        sums = summed + np.concatenate([[0.0], np.cumsum(stays * rate[visited[:-1]])])
        yield jump_s, sums, rate[visited]
        state, time_s, summed = int(visited[-1]), float(jump_s[-1]), float(sums[-1])
