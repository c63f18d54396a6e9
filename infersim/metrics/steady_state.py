"""Is there a steady state? An open stream that outruns its servers has none, and its latencies must not pose as one."""

from __future__ import annotations

import numpy as np

from infersim.units import show_seconds

LEAST_WAITING = 10
LEAST_WAIT_S = 1.0
GROWTH = 3.0


def overload(requests: dict[str, np.ndarray], end_s: float) -> str:
    """A sentence that says how arrivals outran service, or an empty string.

    Called an overload: waits of the last fifth of the arrivals are over a second and three times those of the second
    fifth, and at least ten requests wait when arrivals stop. The thresholds tell a growing queue from a passing burst
    and are not a test of stability.

    Args:
        requests: columns of the requests of open classes that a replica took.
        end_s: end of the run [s].
    """
    arrival = requests["arrival_s"]
    if arrival.size < 50 or arrival[-1] <= arrival[0]:
        return ""
    scheduled = np.where(np.isnan(requests["scheduled_s"]), end_s, requests["scheduled_s"])
    waits = scheduled - arrival
    fifth = arrival.size // 5
    early, late = float(np.median(waits[fifth : 2 * fifth])), float(np.median(waits[-fifth:]))
    last = float(arrival[-1])
    waiting = int(np.count_nonzero(scheduled > last))
    if waiting < LEAST_WAITING or late < LEAST_WAIT_S or late < GROWTH * early:
        return ""
    drained = float(scheduled.max()) - last
    return (
        f"overload: arrivals outran service. {waiting} requests were waiting when arrivals stopped at {last:.0f} s, "
        f"and it took {drained:.0f} s more to begin with the last of them; waits grew from {show_seconds(early)} to {show_seconds(late)}."
        " The latencies describe a growing queue, not a steady state."
    )
