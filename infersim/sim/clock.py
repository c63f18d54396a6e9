"""The clock: SimPy's environment with callbacks at absolute times.

Absolute, because `now + (t - now)` is not `t` in floating point and step boundaries must meet arrivals exactly.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from heapq import heappop, heappush

import simpy

ARRIVAL, BOUNDARY, LAST = 1, 2, sys.maxsize
"""Order at equal times: a step boundary sees every arrival up to its own time; replica n's comes at BOUNDARY + n, so
that boundaries of one time follow each other in an order that does not depend on when they were foreseen; LAST is for
the end of the run."""


class Wake:
    """An event that has nothing to say but its time: what a loop of SimPy's asks of one, and no more."""

    __slots__ = ("at_s", "callbacks")
    _ok = True

    def __init__(self, at_s: float, callback: Callable[[Wake], None]):
        self.at_s = at_s
        self.callbacks = (callback,)


class Clock(simpy.Environment):
    """SimPy's environment, with `at`.

    Attributes:
        priority: of the event that is being run.
        stopped_s: when the run was stopped [s]; None where it ran out of events.
        interrupted: whether `interrupt` stopped it.
    """

    priority = 0
    stopped_s: float | None = None
    _series: tuple[Sequence[float], Callable[[int, float], object], int] = ((), lambda index, at_s: None, 0)
    interrupted = False
    _asked = False

    def at(self, at_s: float, callback: Callable[[Wake], None], priority: int) -> Wake:
        """Call `callback(wake)` at an absolute time, not before now; `wake.at_s` is that time."""
        wake = Wake(at_s, callback)
        heappush(self._queue, (at_s, priority, next(self._eid), wake))  # type: ignore[misc]
        return wake

    def at_each(self, times_s: Sequence[float], arrive: Callable[[int, float], object]) -> None:
        """Call `arrive(index, at_s)` at each of these times, in order, as arrivals; once a clock.

        It is as if each call were foreseen just before the one ahead of it is made, without a wake of its own.
        """
        self._series = times_s, arrive, next(self._eid)

    def stop_at(self, at_s: float) -> None:
        """End the run once all events up to and at this time are done, not before now."""
        self.at(at_s, self._stop, LAST)

    def interrupt(self) -> None:
        """End the run once all events up to the present time are done, the one under way, or else the next, included.

        A signal's handler or another thread may call it at any moment: the loop of events looks between two of them.
        """
        self._asked = True

    def _end_here(self) -> None:
        self._asked = False
        if self.stopped_s is None:
            self.at(self._now, self._interrupt, LAST)

    def _interrupt(self, wake: Wake) -> None:
        self.interrupted = True
        self._stop(wake)

    def _stop(self, wake: Wake) -> None:
        self.stopped_s = wake.at_s
        self._queue.clear()

    def run_all(self) -> None:
        """Run all events; the loop of `simpy.Environment.run` without a call for each event."""
        queue, numbers = self._queue, self._eid
        (times_s, arrive, place), self._series = self._series, Clock._series
        for index, arrival_s in enumerate((*times_s, math.inf)):
            arrival = (arrival_s, ARRIVAL, place)
            while queue and queue[0] < arrival:
                self._now, self.priority, _, event = heappop(queue)
                callbacks, event.callbacks = event.callbacks, None  # type: ignore[assignment]
                for callback in callbacks:
                    callback(event)
                if self._asked:
                    self._end_here()
            if self.stopped_s is not None or arrival_s == math.inf:
                return
            place = next(numbers)
            self._now, self.priority = arrival_s, ARRIVAL
            arrive(index, arrival_s)
            if self._asked:
                self._end_here()
