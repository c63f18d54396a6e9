"""How many requests arrivals come to, before any is drawn."""

from __future__ import annotations

import itertools

from infersim.spec.arrivals import (
    AllAtOnce,
    Arrivals,
    Clients,
    ClosedLoop,
    Mmpp,
    Piecewise,
    Sensors,
    Sinusoidal,
    Spike,
    Step,
)


def most_expected(arrivals: Arrivals | None, duration_s: float) -> float:
    """Expected requests within a time; where a swing or a spike is cut by its end, at most so many.

    Args:
        arrivals: any kind; of none, a closed loop and all at once, time alone says nothing: 0.
        duration_s: from the start [s].
    """
    match arrivals:
        case None | ClosedLoop() | AllAtOnce():
            return 0.0
        case Step():
            return arrivals.rate_per_s * min(duration_s, arrivals.at_s) + arrivals.after_rate_per_s * max(
                duration_s - arrivals.at_s, 0.0
            )
        case Spike():
            extra = max(arrivals.peak_rate_per_s - arrivals.rate_per_s, 0.0)
            return arrivals.rate_per_s * duration_s + extra * min(arrivals.duration_s, duration_s)
        case Piecewise():
            return _piecewise(arrivals, duration_s)
        case Sinusoidal():
            swing = arrivals.amplitude * min(duration_s, arrivals.period_s)
            return arrivals.rate_per_s * (duration_s + swing) * max(arrivals.weekend_factor, 1.0)
        case _:
            return mean_rate_per_s(arrivals) * duration_s


def mean_rate_per_s(arrivals: Arrivals) -> float:
    """Long-run mean arrivals a second of a kind whose rate does not depend on the clock."""
    match arrivals:
        case Mmpp():
            whole = sum(state.mean_s for state in arrivals.states)
            return sum(state.rate_per_s * state.mean_s for state in arrivals.states) / whole
        case Clients():
            return arrivals.rate_per_s or sum(client.rate_per_s for client in arrivals.clients)
        case Sensors():
            up = 1.0
            if arrivals.outage_every_s is not None and arrivals.outage_s is not None:
                up = arrivals.outage_every_s / (arrivals.outage_every_s + arrivals.outage_s)
            return arrivals.devices / arrivals.period_s * (1.0 - arrivals.loss) * up
        case _:
            return getattr(arrivals, "rate_per_s", 0.0)


def _piecewise(arrivals: Piecewise, duration_s: float) -> float:
    ends = (*arrivals.times_s[1:], arrivals.repeat_s or max(duration_s, arrivals.times_s[-1]))
    rounds, rest = divmod(duration_s, arrivals.repeat_s) if arrivals.repeat_s else (0.0, duration_s)
    return rounds * _sent(arrivals, ends, ends[-1]) + _sent(arrivals, ends, rest)


def _sent(arrivals: Piecewise, ends: tuple[float, ...], until_s: float) -> float:
    """Expected requests of one round before a time."""
    whole = zip(arrivals.times_s, ends, arrivals.rates_per_s, strict=True)
    pieces = itertools.takewhile(lambda piece: piece[0] < until_s, whole)
    return sum(rate * (min(end, until_s) - start) for start, end, rate in pieces)
