"""Single-server queues with known answers, many at a time; `test_coverage.py` shows the simulator to have their waits.

The n-th customer's wait after an empty start is Lindley's W(n) = max(0, W(n − 1) + S(n − 1) − gap(n)): the walk of
service less gaps, above its lowest point so far. Service takes output tokens × step time; 20 tokens of 10 ms in the
mean.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

STEP_S, TOKENS = 0.01, 20
SERVICE_S = TOKENS * STEP_S

KINDS: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], np.ndarray], float]] = {
    # tokens of each request, and E[N²] / E[N]²
    "M/D/1": (lambda rng, shape: np.full(shape, float(TOKENS)), 1.0),
    "M/G/1, geometric": (lambda rng, shape: rng.geometric(1 / TOKENS, shape).astype(float), (2 * TOKENS - 1) / TOKENS),
    "M/M/1": (lambda rng, shape: rng.exponential(TOKENS, shape), 2.0),
}


def mean_wait_s(kind: str, load: float) -> float:
    """Pollaczek–Khinchine: ρ S (E[S²] / E[S]²) / (2 (1 − ρ))."""
    return load * SERVICE_S * KINDS[kind][1] / (2 * (1 - load))


def wait_quantile_s(load: float, share: float) -> float:
    """Of M/M/1: P(W > t) = ρ exp(−(1 − ρ) t / S); the share beyond is at most the load."""
    return float(np.log(load / (1 - share))) / (1 - load) * SERVICE_S


def drawn(kind: str, load: float, queues: int, customers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaps before each customer [s] and tokens of each, a row a queue."""
    rng = np.random.default_rng(seed)
    gaps_s = rng.exponential(SERVICE_S / load, (queues, customers))
    return gaps_s, KINDS[kind][0](rng, (queues, customers))


def waits_s(gaps_s: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Waits of each customer, a row a queue."""
    walk = np.zeros_like(gaps_s)
    np.cumsum(STEP_S * tokens[:, :-1] - gaps_s[:, 1:], axis=1, out=walk[:, 1:])
    return walk - np.minimum.accumulate(walk, axis=1)
