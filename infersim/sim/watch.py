"""A run seen from outside while it goes: how far it is, and a way to end it early.

The run itself does nothing for it, so that it costs nothing a step; another thread, or a signal's handler, asks.
"""

from __future__ import annotations

from collections.abc import Callable

from infersim.sim.clock import Clock


class Watch:
    """What `cluster.run` tells of a run under way; it watches one run.

    Attributes:
        stopped: whether `stop` ended the run.
    """

    def __init__(self) -> None:
        self._clock: Clock | None = None
        self._share: Callable[[], float] = lambda: 0.0
        self.stopped = False

    def begin(self, clock: Clock, share: Callable[[], float]) -> None:
        """The run begins; `share` tells how much of it is done, from 0 to 1."""
        self._clock, self._share = clock, share

    def end(self) -> None:
        """The run is over."""
        if self._clock is not None:
            self.stopped = self._clock.interrupted
        self._clock = None

    def seen(self) -> tuple[float, float] | None:
        """Simulated time [s] and share done; None where no run is under way."""
        clock = self._clock
        return None if clock is None else (clock.now, min(max(self._share(), 0.0), 1.0))

    def stop(self) -> bool:
        """End the run at its present simulated time; False where none is under way."""
        clock = self._clock
        if clock is None:
            return False
        clock.interrupt()
        return True
