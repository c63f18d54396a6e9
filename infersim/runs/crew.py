"""A crew of processes that do pieces of work as they come, and of which one may die without harm to the others.

Each has a pipe of its own, so that it is known what it was at when it died: only that piece is done again, and a piece
that kills twice is given up.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection as connections
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any, Protocol

from infersim.errors import InfersimError
from infersim.runs.pool import born_deaf

Work = Callable[[Any, Any], Any]
"""Does one piece, from what all share and the piece's own task."""


@dataclass(frozen=True)
class Lost:
    """In place of the answer of a piece that is given up, and why."""

    why: str


Done = tuple[int, Any] | None
"""A piece's number and its answer, or `Lost`; None where nothing happened for a while."""
KILLED = Lost("the process that simulated it died, twice: perhaps for want of memory")
"""Of a piece that killed two processes."""
LOOK_S = 0.1
"""The crew looks up so often, whether anything is done or not [s]."""
_AHEAD_S, _MOST_AHEAD = 0.1, 16
"""A process is given so much work at a time, as far as it is known how long a piece takes [s]."""
_DEATHS = 2


class Doer(Protocol):
    """Whoever does pieces of work."""

    def do(self, tasks: Iterator[tuple[int, Any]]) -> Iterator[Done]:
        """Answers to numbered tasks, in no set order; tasks are drawn as there is room for them."""
        ...


class Alone:
    """This process."""

    def __init__(self, work: Work, given: Any):
        self._work, self._given = work, given

    def do(self, tasks: Iterator[tuple[int, Any]]) -> Iterator[Done]:
        """Answers, one task after the other."""
        for number, task in tasks:
            yield number, self._work(self._given, task)


class Crew:
    """Processes of this machine; a context, which they do not outlive.

    Args:
        work: does one piece; a function of a module.
        given: what all share, handed to each process once.
        jobs: processes.
    """

    def __init__(self, work: Work, given: Any, jobs: int):
        self._work, self._given, self._jobs = work, given, jobs
        self._members: list[_Member] = []
        self._again: deque[tuple[int, Any]] = deque()
        self._deaths: dict[int, int] = {}
        self._early_deaths, self._piece_s, self._done = 0, 0.0, 0

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for member in self._members:
            member.process.kill()
        for member in self._members:
            member.process.join()
            member.pipe.close()
        self._members.clear()

    def do(self, tasks: Iterator[tuple[int, Any]]) -> Iterator[Done]:
        """Answers; a piece that killed two processes is answered by `KILLED`.

        Raises:
            InfersimError: processes die before they are ready for any work.
        """
        more = True
        while True:
            while more and self._wants():
                task = next(tasks, None)
                more = task is not None
                if task is not None:
                    self._again.append(task)
            self._start()
            self._hand_out()
            if not more and not self._again and not any(member.away for member in self._members):
                return
            happened = False
            pipes = {member.pipe: member for member in self._members}
            for pipe in connections.wait([*pipes], LOOK_S):
                for done in self._heard(pipes[pipe]):  # type: ignore[index]
                    happened = True
                    yield done
            if not happened:
                yield None

    def _wants(self) -> bool:
        """Whether a process has room, or one more would be started."""
        room = sum(self._ahead() - len(member.away) for member in self._members if member.ready)
        return len(self._again) < max(room, self._jobs - len(self._members), 0)

    def _ahead(self) -> int:
        each_s = self._piece_s / self._done if self._done else _AHEAD_S
        return min(max(int(_AHEAD_S / max(each_s, 1e-9)), 1), _MOST_AHEAD)

    def _start(self) -> None:
        idle = sum(not member.away for member in self._members)
        with born_deaf():
            while len(self._members) < self._jobs and idle < len(self._again):
                self._members.append(_Member(self._work, self._given))
                idle += 1

    def _hand_out(self) -> None:
        for depth in range(self._ahead()):
            for member in self._members:
                if self._again and member.ready and len(member.away) <= depth:
                    member.give(self._again.popleft())

    def _heard(self, member: _Member) -> Iterator[Done]:
        """What a process says, or what is to be done about its death."""
        try:
            while member.pipe.poll():
                number, answer, took_s = member.pipe.recv()
                if number is None:
                    member.ready = True
                    continue
                member.away.popleft()
                self._piece_s, self._done = self._piece_s + took_s, self._done + 1
                yield number, answer
        except (EOFError, OSError):
            yield from self._bury(member)

    def _bury(self, member: _Member) -> Iterator[Done]:
        self._members.remove(member)
        member.process.join()
        member.pipe.close()
        if not member.ready:
            self._early_deaths += 1
            if self._early_deaths > self._jobs:
                problem = "processes that simulate die as they start; try one (--jobs 1). In a script, the call stands "
                raise InfersimError(problem + 'under if __name__ == "__main__":')
        if member.away:
            number, task = member.away.popleft()
            self._again.extendleft(reversed(member.away))
            self._deaths[number] = self._deaths.get(number, 0) + 1
            if self._deaths[number] < _DEATHS:
                self._again.appendleft((number, task))
            else:
                yield number, KILLED


class _Member:
    """One process, and what it was given: the first of `away` is what it is at."""

    def __init__(self, work: Work, given: Any):
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work, given), daemon=True)
        self.process.start()
        theirs.close()
        self.away: deque[tuple[int, Any]] = deque()
        self.ready = False

    def give(self, task: tuple[int, Any]) -> None:
        self.away.append(task)
        with suppress(OSError):  # it is dead, which is heard next
            self.pipe.send(task)


def _serve(pipe: Connection, work: Work, given: Any) -> None:
    """What a process of the crew does all its life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        pipe.send((None, None, 0.0))
        while True:
            number, task = pipe.recv()
            began_s = time.perf_counter()
            answer = work(given, task)
            pipe.send((number, answer, time.perf_counter() - began_s))


def _leave_with_parent() -> None:
    """End this process as soon as the one that started it is gone, whatever it is at."""
    parent = parent_process()
    if parent is not None:
        connections.wait([parent.sentinel])
        os._exit(1)
