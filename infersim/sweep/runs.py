"""The runs of a study: which are there, which are missing, and who does them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from infersim.load.study import LoadedStudy
from infersim.runs.answer import Given, Task, answer
from infersim.runs.crew import Alone, Crew, Doer, Lost
from infersim.runs.store import Outcome, Store
from infersim.spec.study import Sequential
from infersim.sweep.asked import Asked
from infersim.sweep.points import Points
from infersim.sweep.scratch import Scratch
from infersim.sweep.stopping import wanted
from infersim.sweep.table import Row, row_of

Progress = Callable[[int, int], None]
"""Told how many runs are done, and of how many."""


def doer_of(loaded: LoadedStudy, jobs: int) -> AbstractContextManager[Doer]:
    """This process, or several of this machine, for a study's runs."""
    given = Given(loaded.base, loaded.file)
    return nullcontext(Alone(answer, given)) if jobs == 1 else Crew(answer, given, jobs)


class Runs:
    """The runs of a study.

    Args:
        loaded: the study.
        points: its points.
        store: where finished runs are.
        progress: told how many of the runs asked for are done.
        backwards: begin at the last point, as another sweep begins at the first.
        finished: told each point and its row when all its runs are there; those of earlier sweeps, too.

    Attributes:
        simulated: runs done by this object.
    """

    def __init__(
        self,
        loaded: LoadedStudy,
        points: Points,
        store: Store,
        progress: Progress = lambda done, of: None,
        backwards: bool = False,
        finished: Callable[[int, Row], None] | None = None,
    ):
        study = loaded.study
        self._points, self._store, self._scratch = points, store, Scratch()
        self._asked = Asked(loaded, points, self._scratch)
        self._rule = study.replications if isinstance(study.replications, Sequential) else None
        self._first = self._rule.least if self._rule else _replications(loaded)
        self._budget, self._backwards = study.budget, backwards and study.budget.runs is None
        self._progress, self._began_s = progress, time.monotonic()
        self._passed, self._total, self._handed, self._over = 0, 0, 0, False
        self._finished, self._told = finished, bytearray(len(points))
        self._open, self._pending = dict[int, int](), set[bytes]()
        self.simulated = 0

    def sweep(self, doer: Doer) -> None:
        """Do what is missing: in one round, or in as many as the rule of replications takes."""
        had, want = np.zeros(len(self._points), np.int32), np.full(len(self._points), self._first, np.int32)
        while not self._over and (want > had).any():
            self._round(doer, had, want)
            for point in range(len(self._points)):  # some waited for another's runs, as one of the same scenario does
                self._tell(point)
            if self._rule is None:
                return
            asked = np.flatnonzero(want > had).tolist()
            had = want.copy()
            for point in asked:
                want[point] = self._state(point)[1] or had[point]

    def complete(self, doer: Doer, chosen: Sequence[int], count: int) -> None:
        """Do what is missing of so many replications of some points, whatever the study asks for."""
        had, want = np.zeros(len(self._points), np.int32), np.zeros(len(self._points), np.int32)
        want[[*chosen]] = count
        self._round(doer, had, want)

    def of(self, point: int, count: int) -> list[Outcome]:
        """A point's first replications as far as they are there; of one that makes no scenario, why."""
        keys = self._asked.keys(point, count)
        refusal = self._asked.refusal(point)
        return self._found(keys) if refusal is None else [refusal]

    def finished(self, point: int) -> list[Outcome] | None:
        """The runs that a point's figures are means of; None where some are missing."""
        runs, want = self._state(point)
        return runs if want is None else None

    def rows(self) -> Iterator[Row]:
        """What the store has of each point."""
        return (self._row(number, "budget" if self._over else "unfinished") for number in range(len(self._points)))

    def _row(self, number: int, missing: str) -> Row:
        runs, want = self._state(number)
        return row_of(runs, "" if want is None else missing)

    def _state(self, number: int) -> tuple[list[Outcome], int | None]:
        """A point's runs that count, and how many it should have next; None where it has enough, or can have none."""
        want = self._first
        while True:
            keys = self._asked.keys(number, want)
            refusal = self._asked.refusal(number)
            if refusal is not None:
                return [refusal], None
            runs = self._found(keys)
            if any(not run.figures for run in runs):
                return runs, None
            if len(runs) < want or self._rule is None:
                return runs, None if len(runs) == want else want
            values = [run.value(self._rule.figure) for run in runs]
            want = wanted(self._rule, values)
            if want <= len(runs):
                return runs[:want], None

    def _found(self, keys: list[bytes]) -> list[Outcome]:
        """The outcomes of the first keys, up to one that is missing."""
        stored, found = self._store.outcomes(keys), list[Outcome]()
        for key in keys:
            run = self._scratch.failure(key) or stored.get(key)
            if run is None:
                break
            found.append(run)
        return found

    def _round(self, doer: Doer, had: np.ndarray, want: np.ndarray) -> None:
        self._total += int((want - had).sum())
        away: dict[int, tuple[int, bytes]] = {}
        for done in doer.do(self._missing(had, want, away)):
            if done is not None:
                number, outcome = done
                point, key = away.pop(number)
                self._take(key, Outcome("error", outcome.why) if isinstance(outcome, Lost) else outcome)
                self._close(point)

    def _take(self, key: bytes, outcome: Outcome) -> None:
        if outcome.status == "error":
            self._scratch.note_failure(key, outcome.reason)
        else:
            self._store.add(key, outcome)
        self._pending.remove(key)
        self.simulated += 1
        self._pass()

    def _close(self, point: int) -> None:
        """One less of what a point waits for: a run, or that its runs are handed out."""
        self._open[point] -= 1
        if not self._open[point]:
            del self._open[point]
            self._tell(point)

    def _tell(self, point: int) -> None:
        if self._finished is None or self._told[point]:
            return
        runs = self.finished(point)
        if runs is not None:
            self._told[point] = 1
            self._finished(point, row_of(runs))

    def _missing(
        self, had: np.ndarray, want: np.ndarray, away: dict[int, tuple[int, bytes]]
    ) -> Iterator[tuple[int, Task]]:
        """Runs that nobody has done, as they are asked for; their points and keys by number are put into `away`."""
        count = itertools.count()
        points = np.flatnonzero(want > had)
        for point in map(int, points[::-1] if self._backwards else points):
            first, last = int(had[point]), int(want[point])
            self._open[point] = 1
            keys = self._asked.keys(point, last)
            if not keys:
                self._pass(last - first)
            for replication in range(first, len(keys)):
                if self._is_over():
                    return
                key = keys[replication]
                if self._is_done(key):
                    self._pass()
                    continue
                number = next(count)
                away[number] = point, key
                self._open[point] += 1
                self._pending.add(key)
                yield number, (self._points.settings(point), replication, key)
            self._close(point)

    def _is_done(self, key: bytes) -> bool:
        """Whether a run needs nobody: it is there, has failed, or is handed out for another point."""
        return key in self._pending or self._store.has(key) or self._scratch.failure(key) is not None

    def _is_over(self) -> bool:
        """Whether the budget is spent; asked before each run."""
        runs, wall_s = self._budget.runs, self._budget.wall_s
        self._handed += 1
        spent = runs is not None and self._handed > runs
        self._over = spent or (wall_s is not None and time.monotonic() - self._began_s > wall_s)
        return self._over

    def _pass(self, count: int = 1) -> None:
        self._passed += count
        self._progress(self._passed, self._total)


def _replications(loaded: LoadedStudy) -> int:
    """Replications of each point: the study's, or the scenario's."""
    if isinstance(loaded.study.replications, int):
        return loaded.study.replications
    run = loaded.base.data.get("run")
    stated = run.get("replications", 1) if isinstance(run, Mapping) else 1
    return stated if isinstance(stated, int) and stated > 0 else 1  # what is no number, check_points has refused
