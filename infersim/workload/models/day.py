"""The day of a model of clients: its rates, which part of it a run plays, and what another rate does."""

from __future__ import annotations

import numpy as np

from infersim.spec.client_model import ClientModel
from infersim.units import show_seconds
from infersim.workload.scaling import SAME


def day_s(model: ClientModel) -> float:
    """Length of all windows together [s]."""
    return len(model.clients[0].rate_per_s) * model.window_s


def mean_rate_per_s(model: ClientModel) -> float:
    """Mean arrivals a second over all windows."""
    return float(sum(np.mean(client.rate_per_s) for client in model.clients))


def rate_between(model: ClientModel, begin_s: float, end_s: float) -> float:
    """Mean arrivals a second between two times of the day, the later possibly of the next one [s]."""
    rates = np.sum([client.rate_per_s for client in model.clients], axis=0)
    edges = np.arange(2 * len(rates) + 1) * model.window_s
    inside = np.diff(np.clip(edges, begin_s, end_s))
    return float(np.tile(rates, 2) @ inside / (end_s - begin_s))


def notes_on(model: ClientModel, rate_per_s: float | None, start_s: float, length_s: float) -> tuple[str, ...]:
    """What a reader must know of a class of the model.

    Args:
        model: the clients.
        rate_per_s: asked for, or None.
        start_s: where in the day the run begins [s].
        length_s: of the run [s].
    """
    own, notes = mean_rate_per_s(model), []
    factor = (rate_per_s or own) / own
    if abs(factor - 1.0) > SAME:
        long = f"{1 / factor:.3g} times as long" if factor < 1 else f"1/{factor:.3g} as long"
        notes.append(
            f"scaled from {own:.4g} to {rate_per_s:.4g} requests/s, every client's rate alike: gaps keep their cv, so "
            f"bursts have as many requests as before and are {long}"
        )
    if 0.0 < length_s < day_s(model):
        there = factor * rate_between(model, start_s, start_s + length_s)
        begin, end, day = (show_seconds(time_s) for time_s in (start_s, start_s + length_s, day_s(model)))
        means = f"{there:.3g} requests/s on average there, {factor * own:.3g} over all of it"
        notes.append(f"the run plays what comes from {begin} to {end} of the model's {day}: {means}")
    return tuple(notes)
