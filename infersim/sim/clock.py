"""The clock: SimPy's environment with callbacks at absolute times.

Absolute, because `now + (t - now)` is not `t` in floating point and step boundaries must meet arrivals exactly.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from heapq import heappop, heappush

import simpy

ARRIVAL, BOUNDARY, LAST = 1, 2, sys.maxsize
"""Order at equal times: a step boundary sees every arrival up to its own time; replica n's comes at BOUNDARY + n, so
that boundaries of one time follow each other in an order that does not depend on when they were foreseen; LAST is for
the end of the run."""


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
        stopped_s: when the run was stopped [s]; None where it ran out of events.
        interrupted: whether `interrupt` stopped it.
    """

    priority = 0
    stopped_s: float | None = None
    interrupted = False

    def at(self, at_s: float, callback: Callable[[Wake], None], priority: int) -> Wake:
        """Call `callback(wake)` at an absolute time, not before now; `wake.at_s` is that time."""
        wake = Wake(self, at_s, callback)
        heappush(self._queue, (at_s, priority, next(self._eid), wake))  # type: ignore[misc]
        return wake

    def stop_at(self, at_s: float) -> None:
        """End the run once all events up to and at this time are done, not before now."""
        self.at(at_s, self._stop, LAST)

    def interrupt(self) -> None:
        """End the run with the events of the next time that has any; a signal's handler may call it at any moment."""
        if self._queue:
            self.at(self._queue[0][0], self._interrupt, LAST)
        else:  # the last event is being run; what it leads to comes later
            self.at(self._now, lambda wake: self.interrupt() if self._queue else None, LAST)

    def _interrupt(self, wake: Wake) -> None:
        self.interrupted = True
        self._stop(wake)

    def _stop(self, wake: Wake) -> None:
        self.stopped_s = wake.at_s
        self._queue.clear()

    def run_all(self) -> None:
        """Run all events; the loop of `simpy.Environment.run` without a call for each event."""
        queue = self._queue
        while queue:
            self._now, self.priority, _, event = heappop(queue)
            callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
            for callback in callbacks:
                callback(event)
