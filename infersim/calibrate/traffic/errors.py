"""How far a fitted model is off recorded requests."""

from __future__ import annotations

import numpy as np

from infersim.rng import stream
from infersim.spec.workload_model import Conditioning, Distances, FitErrors, FittedArrivals, FittedLengths
from infersim.workload.burstiness import dispersion, window
from infersim.workload.models.fitted import arrivals
from infersim.workload.models.periods import WITHIN, Periods
from infersim.workload.models.tables import lengths
from infersim.workload.requests import Requests

SEEDS = 5
PERIODS = 200
"""Drawn to see how often a period is drawn again, and what it would be like otherwise."""


def errors(arrival: FittedArrivals, length: FittedLengths, trace: Requests, on: str) -> FitErrors:
    """The largest errors of a few draws.

    Args:
        arrival, length: the model.
        trace: recorded requests, from time 0.
        on: what they are, in words.
    """
    windows_s = arrival.dispersion.window_s
    found = [_off(_drawn(arrival, length, trace, seed), trace, windows_s) for seed in range(1, SEEDS + 1)]
    return _errors({key: max(each[key] for each in found) for key in found[0]}, on, SEEDS)


def conditioning(arrival: FittedArrivals) -> Conditioning:
    """How often periods come within what they are held to, and how far off they are as first drawn."""
    periods, rng = Periods.of(arrival), stream(0, "workload", "fit", "periods")
    held, accepted, off = periods.targets, 0, []
    for _ in range(PERIODS):
        times, span_s = periods.once(rng)
        accepted += periods.off(times, span_s) <= WITHIN
        off.append([abs(dispersion(times, window_s, span_s) / index - 1) for window_s, index in held])

    def at(share: float) -> dict[str, float]:
        errors = np.quantile(off, share, axis=0)
        return {window(window_s): round(float(error), 4) for (window_s, _), error in zip(held, errors, strict=True)}

    return Conditioning(periods=PERIODS, accepted=accepted / PERIODS, median=at(0.5), p95=at(0.95))


def apart(one: Requests, other: Requests, windows_s: tuple[float, ...], on: str) -> FitErrors:
    """How far recorded requests are off others."""
    return _errors(_off(one, other, windows_s), on, 0)


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of two samples; rounded to nanoseconds, so that equal gaps of a trace are equal."""
    from scipy.stats import ks_2samp

    return float(ks_2samp(np.round(one, 9), np.round(other, 9), method="asymp").statistic)


def _drawn(arrival: FittedArrivals, length: FittedLengths, trace: Requests, seed: int) -> Requests:
    arrival_s = arrivals(arrival, seed, "fit", None, None, float(trace.arrival_s[-1]))
    return Requests(arrival_s, *lengths(length, stream(seed, "workload", "fit", "lengths"), len(arrival_s)))


def _off(drawn: Requests, trace: Requests, windows_s: tuple[float, ...]) -> dict[str, float]:
    drawn_s, trace_s = float(drawn.arrival_s[-1]), float(trace.arrival_s[-1])
    found = {
        "prompt_tokens": distance(drawn.prompt_tokens, trace.prompt_tokens),
        "output_tokens": distance(drawn.output_tokens, trace.output_tokens),
        "gaps_s": distance(np.diff(drawn.arrival_s), np.diff(trace.arrival_s)),
        "rate": abs(len(drawn) / len(trace) - 1),
    }
    for window_s in windows_s:
        wanted = dispersion(trace.arrival_s, window_s, trace_s)
        found[window(window_s)] = abs(dispersion(drawn.arrival_s, window_s, drawn_s) / wanted - 1)
    return found


def _errors(found: dict[str, float], on: str, seeds: int) -> FitErrors:
    rest = {key: round(value, 4) for key, value in found.items()}
    ks = Distances(**{name: rest.pop(name) for name in Distances.model_fields})
    return FitErrors(on=on, seeds=seeds, ks=ks, rate=rest.pop("rate"), dispersion=rest)
