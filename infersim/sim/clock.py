"""The clock: SimPy's environment with callbacks at absolute times.

Absolute, because `now + (t - now)` is not `t` in floating point and step boundaries must meet arrivals exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf

import simpy

ARRIVAL, BOUNDARY = 1, 2
"""Order at equal times: a step boundary sees every arrival up to its own time; replica n's comes at BOUNDARY + n, so
that boundaries of one time follow each other in an order that does not depend on when they were foreseen."""


class Wake(simpy.Event):
    """An event that has nothing to say but its time."""

    _ok = True
    _value = None

    def __init__(self, env: Clock, at_s: float, callback: Callable[[Wake], None]):
        # simpy.Event.__init__ is left out: this is the hottest constructor, and both its fields are set here.
        self.env = env
        self.at_s = at_s
        self.callbacks = [callback]


class Clock(simpy.Environment):
    """SimPy's environment, with `at`.

    Attributes:
        priority: of the event that is being run.
    """

    priority = 0

    def at(self, at_s: float, callback: Callable[[Wake], None], priority: int) -> Wake:
        """Call `callback(wake)` at an absolute time, not before now; `wake.at_s` is that time."""
        wake = Wake(self, at_s, callback)
        heappush(self._queue, (at_s, priority, next(self._eid), wake))  # type: ignore[misc]
        return wake

    def run_all(self, end_s: float = inf) -> None:
        """Run all events up to and at `end_s`; the loop of `simpy.Environment.run` without a call for each event."""
        queue = self._queue
        while queue and queue[0][0] <= end_s:
            self._now, self.priority, _, event = heappop(queue)
            callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
            for callback in callbacks:
                callback(event)
