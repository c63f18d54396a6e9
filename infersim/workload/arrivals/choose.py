"""Arrival times of any open kind."""

from __future__ import annotations

import numpy as np

from infersim.spec.arrivals import (
    AllAtOnce,
    Clients,
    Deterministic,
    Gamma,
    Hawkes,
    Mmpp,
    OpenArrivals,
    Piecewise,
    Poisson,
    Population,
    Sensors,
    Sinusoidal,
    Spike,
    Step,
    Weibull,
)
from infersim.workload.arrivals import clients, hawkes, modulated, profile, renewal, sensors
from infersim.workload.arrivals.blocks import gathered


def times(spec: OpenArrivals, rng: np.random.Generator, limit: int | None, until_s: float | None) -> np.ndarray:
    """Arrival times of an open arrival process.

    Args:
        spec: the process; the times of a closed loop are made by the simulation.
        rng: the stream to draw from.
        limit: most arrivals; None where only `until_s` ends them.
        until_s: no arrival at or after this time [s]; None where only `limit` ends them.

    Returns:
        Ascending times [s], float64, fewer than `limit` where rates fall to 0 for good. A longer run begins like a
        shorter one, to the last digit. `deterministic` arrivals start at 0; all other kinds begin as if they had run
        forever.
    """
    match spec:
        case AllAtOnce():
            return np.zeros(limit or 0)
        case Deterministic():
            return renewal.even(spec, limit, until_s)
        case Poisson() | Gamma() | Weibull():
            return renewal.independent(spec, rng, limit, until_s)
        case Mmpp():
            return gathered(modulated.mmpp(spec, rng), limit, until_s)
        case Hawkes():
            return gathered(hawkes.hawkes(spec, rng), limit, until_s)
        case Piecewise() | Sinusoidal() | Step() | Spike():
            return gathered(profile.varying(spec, rng), limit, until_s)
        case Clients() | Population():
            return gathered(clients.together(spec, rng), limit, until_s)
        case Sensors():
            return sensors.reports(spec, rng, limit, until_s)
