"""The runs of a curve: done once each, on all cores where that pays, counted, and put together by load."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from infersim.capacity.axis import Axis
from infersim.capacity.goals import Goal
from infersim.capacity.observed import Observed, observe
from infersim.load import Loaded
from infersim.load.loaded import laid_over
from infersim.metrics import replicated
from infersim.metrics.steady_state import is_overloaded
from infersim.runs.pool import share_out

SHORT = 0.125
"""A short run, as a share of the scenario's own."""
FEWEST_REQUESTS = 200
"""No run is made shorter than this."""
_WORTH_S = 2.0
"""Work that must be left for others before processes are started [s]."""


@dataclass(frozen=True)
class Point:
    """What the runs at one load say.

    Attributes:
        load: on the axis.
        runs: replications 0, 1, …, all of one length.
        goals: what is asked.
        whole: whether they are as long as the scenario says.
    """

    load: float
    runs: tuple[Observed, ...]
    goals: tuple[Goal, ...]
    whole: bool

    @property
    def margins(self) -> np.ndarray:
        """A row a replication, a column a goal: how far the share that met it lies above the share asked for."""
        asked = [goal.slo.attainment for goal in self.goals]
        return np.array([run.attained for run in self.runs]) - asked

    @property
    def binding(self) -> int:
        """The goal that is nearest to be missed, or furthest missed."""
        return int(np.argmin(self.margins.mean(axis=0)))

    @property
    def margin(self) -> float:
        """Mean of the binding goal's margin; the goals hold from 0 on."""
        return float(self.margins.mean(axis=0).min()) + 1e-12

    def half_width(self, goal: int) -> float:
        """Half of the 95% interval of a goal's mean margin; endless of fewer than two runs."""
        column = self.margins[:, goal]
        return replicated.half_width(column.tolist()) if len(column) > 1 else np.inf

    @property
    def decided(self) -> int:
        """1 where the goals hold for certain, -1 where one is missed for certain, 0 where more runs are needed."""
        sides = [self._side(goal) for goal in range(len(self.goals))]
        return min(sides)

    def _side(self, goal: int) -> int:
        middle, half = float(self.margins[:, goal].mean()), self.half_width(goal)
        return 1 if middle > half else -1 if middle < -half else 0

    @property
    def overloaded(self) -> bool:
        """Whether arrivals outran service, by all runs together."""
        return is_overloaded([run.queue_growth for run in self.runs])

    @property
    def throughput_per_s(self) -> float:
        """Completions a second, mean of the runs."""
        return float(np.mean([run.throughput["requests_per_s"] or 0.0 for run in self.runs]))


_Task = tuple[Loaded, int, tuple[Goal, ...]]


class Bench:
    """Runs of one scenario at any load.

    Args:
        axis: the load.
        goals: what is asked.
        jobs: processes at most.
        ran: called after each run.

    Attributes:
        simulated, ran: requests simulated and runs done so far.
    """

    def __init__(self, axis: Axis, goals: Sequence[Goal], jobs: int = 1, ran: Callable[[], None] = lambda: None):
        self.axis, self.goals, self.simulated, self.ran = axis, tuple(goals), 0, 0
        self._jobs, self._after, self._run_s = jobs, ran, 0.0
        self._done: dict[tuple[float, bool], dict[int, Observed]] = {}

    @property
    def can_shorten(self) -> bool:
        """Whether short runs are like the scenario's own: it is open, steady, and long enough."""
        run, requests = self.axis.loaded.scenario.run, self.axis.requests
        stated = not isinstance(run.warmup, str) and run.warmup > 0
        alike = self.axis.steady and self.axis.opened and not stated
        return alike and requests is not None and requests * SHORT >= FEWEST_REQUESTS / 2

    def point(self, load: float, replications: int, whole: bool = True) -> Point:
        """So many replications at a load; those that were run already are taken as they are."""
        return self.points([load], replications, whole)[0]

    def points(self, loads: Sequence[float], replications: int, whole: bool = True) -> list[Point]:
        """The same for several loads at a time."""
        whole = whole or not self.can_shorten
        loads = [self.axis.whole(load) for load in loads]
        wanted = [
            (load, number)
            for load in dict.fromkeys(loads)
            for number in range(replications)
            if number not in self._done.get((load, whole), {})
        ]
        made = {load: self._at(load, whole) for load in {load for load, _ in wanted}}

        def keep(task: int, seen: Observed) -> None:
            load, number = wanted[task]
            self._done.setdefault((load, whole), {})[number] = seen

        self.run([(made[load], number) for load, number in wanted], keep)
        return [self._point(load, whole) for load in loads]

    def known(self) -> list[Point]:
        """What is known of each load, of whole runs where there are any, in ascending order."""
        loads = sorted({load for load, _ in self._done})
        return [self._point(load, (load, True) in self._done) for load in loads]

    def spent(self, load: float) -> int:
        """Requests simulated at a load, those of short runs, too."""
        return sum(run.requests for (at, _), runs in self._done.items() if at == load for run in runs.values())

    def run(
        self, scenarios: Sequence[tuple[Loaded, int]], keep: Callable[[int, Observed], None] = lambda task, seen: None
    ) -> list[Observed]:
        """Replications of scenarios, in this process or in several; each is given to `keep` as it is done."""
        tasks = [(loaded, number, self.goals) for loaded, number in scenarios]
        answers: dict[int, Observed] = {}
        began = time.perf_counter()

        def take(number: int, seen: Observed) -> None:
            answers[number] = seen
            keep(number, seen)
            self.ran += 1
            self.simulated += seen.requests
            self._after()

        jobs = self._jobs if self._run_s * (len(tasks) - 1) > _WORTH_S else 1
        share_out(_observed, tasks, range(len(tasks)), jobs, take)
        if tasks:
            self._run_s = jobs * (time.perf_counter() - began) / len(tasks)
        return [answers[number] for number in range(len(tasks))]

    def _point(self, load: float, whole: bool) -> Point:
        runs = self._done[load, whole]
        return Point(load, tuple(runs[number] for number in sorted(runs)), self.goals, whole)

    def _at(self, load: float, whole: bool) -> Loaded:
        loaded = self.axis.at(load)
        if whole:
            return loaded
        run = loaded.scenario.run
        settings: dict[str, float] = {}
        if run.requests is not None:
            settings["run.requests"] = max(round(run.requests * SHORT), FEWEST_REQUESTS)
        if run.duration_s is not None:
            settings["run.duration_s"] = run.duration_s * SHORT
        return laid_over(loaded, settings)


def _observed(tasks: Sequence[_Task], number: int) -> Observed:
    return observe(*tasks[number])
