"""The saturation point: the load beyond which completions no longer follow arrivals.

Found by pressing: the scenario's requests come faster than they can be served, and the middle half of the completions
tells the pace at which they are. That pace is the load that a stream of the same mix may have at most.
"""

from __future__ import annotations

from infersim.capacity.bench import Bench

FOLLOWS = 0.95
"""Completions follow arrivals where their pace is at least this share."""
FASTER = 4.0
NEAR = 1.3
"""Presses again at so many times what was found, so that the batch is as it is near saturation."""
_MOST_PRESSES = 12
_MOST_REQUESTS = 5_000
"""A press takes no more requests than this where it may take part of them."""


def saturation(bench: Bench) -> float | None:
    """The load at saturation; None where no load that was tried is above it.

    Args:
        bench: of a rate axis.
    """
    load, found = bench.axis.as_written, None
    for _ in range(_MOST_PRESSES):
        found = _pressed(bench, load)
        if found is not None:
            break
        load *= FASTER
    if found is None or load <= 2.0 * NEAR * found:
        return found
    again = _pressed(bench, NEAR * found)
    return found if again is None else again


def _pressed(bench: Bench, load: float) -> float | None:
    """The load that is served when so much comes; None where all of it is."""
    axis = bench.axis
    requests = axis.requests
    if requests is not None and axis.steady:
        requests = min(requests, _MOST_REQUESTS)
    seen = bench.run([(axis.pressed(load, requests), 0)])[0]
    pace = seen.pace_per_s * seen.arrivals / max(seen.requests, 1)
    if pace <= 0.0 or pace >= FOLLOWS * (load + axis.fixed_per_s):
        return None
    served = pace - axis.fixed_per_s
    return served if served > 0.0 else load * pace / (load + axis.fixed_per_s)
