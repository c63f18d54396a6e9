"""Is there a steady state? An open stream that outruns its servers has none, and its latencies must not pose as one."""

from __future__ import annotations

import numpy as np

from infersim.units import show_seconds

LEAST_WAITING = 10
LEAST_WAIT_S = 1.0
GROWTH = 2.0


def overload(due_s: np.ndarray, scheduled_s: np.ndarray, end_s: float) -> str:
    """A sentence that says how arrivals outran service, or an empty string.

    A request that its client's own limit holds back waits, too. Called an overload: the last fifth of the arrivals
    found at least ten requests waiting and waited over a second, at least ten requests wait when arrivals stop, and
    the queue either doubled since the second fifth (one that grows steadily trebles) or was never empty in the
    second half. Queue lengths are compared and not waits, since those of requests that never began are not known.
    The thresholds tell a growing queue from a passing burst and are not a test of stability.

    Args:
        due_s, scheduled_s: of the requests of open classes, when each was due and first scheduled [s]; NaN if never.
        end_s: end of the run [s].
    """
    order = np.argsort(due_s, kind="stable")
    arrival, scheduled = due_s[order], scheduled_s[order]
    if arrival.size < 50 or arrival[-1] <= arrival[0]:
        return ""
    never = np.isnan(scheduled)
    scheduled = np.where(never, np.inf, scheduled)
    found = np.arange(arrival.size) - np.searchsorted(np.sort(scheduled), arrival, side="right")
    waits = np.minimum(scheduled, end_s) - arrival
    fifth = arrival.size // 5
    early, late = float(np.median(found[fifth : 2 * fifth])), float(np.median(found[-fifth:]))
    last = float(arrival[-1])
    waiting = int(np.count_nonzero(scheduled > last))
    if min(waiting, late) < LEAST_WAITING or np.median(waits[-fifth:]) < LEAST_WAIT_S:
        return ""
    if late < GROWTH * early and found[arrival.size // 2 :].min() < 1:
        return ""
    if never.any():
        rest = f"and {np.count_nonzero(never):,} of them had not begun when the run ended"
    else:
        rest = f"and it took {show_seconds(scheduled.max() - last)} more to begin with the last of them"
    return (
        f"overload: arrivals outran service. {waiting:,} requests were waiting when arrivals stopped at "
        f"{show_seconds(last)}, {rest}; the second fifth of the arrivals found {max(early, 0.0):,.0f} waiting, the "
        f"last fifth {late:,.0f}."
    )


def mostly(overloaded: int, runs: int) -> bool:
    """Whether a scenario is overloaded, by how many of its runs are: one burst at the end of one run is no overload."""
    return 2 * overloaded > runs
