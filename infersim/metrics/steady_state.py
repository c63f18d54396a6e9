"""Is there a steady state? An open stream that outruns its servers has none, and its latencies must not pose as one.

A queue that is just kept up with wanders like a random walk above zero: after a run it is some σ·√T long, where σ² is
the variance of arrivals less services in a unit of time. One that grows is longer than that, one that is kept up with
is shorter. So a queue's length when arrivals stop is told in units of σ·√T, and one rule says of one run or of several
replications whether that is more than chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from infersim.units import show_seconds

PARTS, START = 20, 4
"""Equal times over which the queue's changes are looked at; the first few, which fill the system, tell no variance."""
FEWEST_ARRIVALS = 20
LEAST_WAITING = 10
"""A shorter queue when arrivals stop is none that grew."""
AT_CAPACITY = 0.85
"""Mean growth where arrivals come just as fast as they are served: √(2/π) = 0.8, that of the absolute value of a normal
number, and a little more as σ is estimated."""
ALONE = 1.75
"""What one run's growth must exceed to be called an overload."""
CLEAR = 2.5
"""Growths beyond count as this: one burst at the end of one run must not speak for all replications."""


@dataclass(frozen=True)
class Growth:
    """How a run's queue grew.

    Attributes:
        score: requests waiting when arrivals stop ÷ σ·√T; 0 where they are too few to tell.
        sentence: how arrivals outran service, where the run by itself shows it; else empty.
    """

    score: float
    sentence: str


def is_overloaded(scores: Sequence[float]) -> bool:
    """Whether arrivals outran service, by all runs of one scenario together.

    The mean score must exceed that of a queue just at capacity by what chance makes of so few runs. Of stable queues at
    most 1% of single runs are called overloaded where the run is long enough for a steady state at its load at all,
    (1 − ρ)·√customers ≥ 1.4·√(c²arrivals + c²services): M/M/1 at 0.9 from 400 customers on, at 0.95 from 1,600; of ten
    replications none was in trials. At capacity itself it is 8 to 11%. An overload is seen once it has added about
    1.75 σ·√T: of M/M/1 at 1.1 over 500 customers by half of single runs and by all tens of replications.

    Args:
        scores: of each run, at least one.
    """
    bound = AT_CAPACITY + (ALONE - AT_CAPACITY) / math.sqrt(len(scores))
    return math.fsum(min(score, CLEAR) for score in scores) / len(scores) > bound


def growth(due_s: np.ndarray, scheduled_s: np.ndarray) -> Growth:
    """How much longer the queue of a run became.

    A request that its client's own limit holds back waits, too. Queue lengths are looked at and not waits, since those
    of requests that never began are not known.

    Args:
        due_s, scheduled_s: of the requests of open classes, when each was due and first scheduled [s]; NaN if never.
    """
    due = np.sort(due_s)
    if due.size < FEWEST_ARRIVALS or due[-1] <= due[0]:
        return Growth(0.0, "")
    begun = np.sort(np.where(np.isnan(scheduled_s), np.inf, scheduled_s))
    waiting = _waiting(due, begun, np.linspace(due[0], due[-1], PARTS + 1))
    last = int(waiting[-1])
    if last < LEAST_WAITING:
        return Growth(0.0, "")
    # counts at the ends of parts are whole: they are never surer than by one
    variance = max(float(np.diff(waiting)[START:].var(ddof=1)), 1.0)
    score = last / math.sqrt(PARTS * variance)
    return Growth(score, _sentence(due, begun, last) if is_overloaded([score]) else "")


def _waiting(due: np.ndarray, begun: np.ndarray, at_s: np.ndarray) -> np.ndarray:
    """Requests that are due and not begun, at some times."""
    return np.searchsorted(due, at_s, side="right") - np.searchsorted(begun, at_s, side="right")


def _sentence(due: np.ndarray, begun: np.ndarray, waiting: int) -> str:
    fifth, last = due.size // 5, float(due[-1])
    found = np.arange(due.size) - np.searchsorted(begun, due, side="right")
    early, late = float(np.median(found[fifth : 2 * fifth])), float(np.median(found[-fifth:]))
    if never := int(np.count_nonzero(np.isinf(begun))):
        rest = f"and {never:,} of them had not begun when the run ended"
    else:
        rest = f"and it took {show_seconds(begun[-1] - last)} more to begin with the last of them"
    return (
        f"overload: arrivals outran service. {waiting:,} requests were waiting when arrivals stopped at "
        f"{show_seconds(last)}, {rest}; the second fifth of the arrivals found {max(early, 0.0):,.0f} waiting, the "
        f"last fifth {max(late, 0.0):,.0f}."
    )
