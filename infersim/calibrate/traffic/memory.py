"""The memory of a model's arrivals: weights of the latent process by which the index of dispersion comes out right."""

from __future__ import annotations

import numpy as np

from infersim.spec.workload_model import FittedArrivals, Memory
from infersim.workload.burstiness import dispersion, has_windows
from infersim.workload.models.periods import Periods

WINDOWS_S = (1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0, 10800.0)
"""Window lengths at which the index of dispersion is fitted [s]."""
HELD_S = (1.0, 10.0, 60.0, 600.0, 3600.0)
"""Those to which every period is held, and which weigh double."""
COMPONENTS = 4
"""Components beside the one without memory."""
LIKELY_DRAWS = 200_000
"""Instants that one look at a set of weights may cost."""
EVALUATIONS = 160


def times(count: int) -> tuple[float, ...]:
    """The components' memories for a trace of so many instants, from none to an eighth of it [instants]."""
    return (0.0, *(float(f"{each:.3g}") for each in np.geomspace(4.0, max(count / 8, 16.0), COMPONENTS)))


def fit(spec: FittedArrivals, arrival_s: np.ndarray) -> Memory:
    """Weights by the simplex method on squared log errors of the index of dispersion; always the same.

    Args:
        spec: the arrivals with any memory.
        arrival_s: the trace's, from 0 [s].
    """
    from scipy.optimize import minimize

    span_s = float(arrival_s[-1])
    coarse_s = 4.0 * float(np.median(np.diff(np.unique(arrival_s)))) if spec.sizes is not None else 0.0
    windows = [each for each in WINDOWS_S if has_windows(each, span_s) and each >= coarse_s]
    instants = times(spec.instants)
    wanted = np.array([dispersion(arrival_s, each, span_s) for each in windows])
    if not windows:
        return _memory(instants, np.full(COMPONENTS, -12.0))
    importance = np.array([2.0 if each in HELD_S else 1.0 for each in windows])
    seeds = range(max(1, min(6, LIKELY_DRAWS // spec.instants)))

    def loss(logits: np.ndarray) -> float:
        periods = Periods.of(spec.model_copy(update={"memory": _memory(instants, logits)}))
        drawn = [periods.once(np.random.default_rng(seed)) for seed in seeds]
        found = np.array([[dispersion(arrived, each, end_s) for each in windows] for arrived, end_s in drawn])
        return float((importance * np.log(found.mean(axis=0) / wanted) ** 2).sum())

    begins = [np.full(COMPONENTS, level) for level in (-4.0, -1.0)]
    results = [
        minimize(
            loss,
            begin,
            method="Nelder-Mead",
            options={
                "maxfev": EVALUATIONS,
                "initial_simplex": begin + np.vstack([np.zeros(COMPONENTS), 2.0 * np.eye(COMPONENTS)]),
            },
        )
        for begin in begins
    ]
    return _memory(instants, min(results, key=lambda result: result.fun).x)


def _memory(instants: tuple[float, ...], logits: np.ndarray) -> Memory:
    parts = np.exp(np.clip(np.append(0.0, logits), -12.0, 12.0))
    return Memory(instants=instants, weights=tuple(round(float(each), 6) for each in parts / parts.sum()))
