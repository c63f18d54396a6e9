"""Work shared among processes that end with their user's patience: Ctrl-C stops them all, without a word from them."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import active_children, get_context
from multiprocessing.synchronize import Event
from typing import Any, TypeVar

from infersim.errors import InfersimError
from infersim.saving import unbroken

Given = TypeVar("Given")
Answer = TypeVar("Answer")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def born_deaf() -> Iterator[None]:
    """Processes that start within it are born deaf to Ctrl-C, which goes to all of a terminal's processes."""
    with unbroken():  # another thread may take the signal, and a process half started complains
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def share_out(
    work: Callable[[Given, int], Answer],
    given: Given,
    numbers: Sequence[int],
    jobs: int,
    take: Callable[[int, Answer], None],
    portion: int = 1,
) -> None:
    """Do pieces of work, in this process or in several.

    Args:
        work: does one piece, from what all share and its number.
        given: what all share; handed to each process once.
        numbers: of the pieces.
        jobs: processes, this one among them.
        take: given each number and its answer, as they are done: in no set order where processes are several.
        portion: pieces that a process takes at a time.

    Raises:
        InfersimError: a process died.
        Exception: what `work` raised.
    """
    portions = [numbers[i : i + portion] for i in range(0, len(numbers), portion)]
    if min(jobs, len(portions)) <= 1:
        for each in portions:
            _here(work, given, each, take)
        return
    others = {*active_children()}
    team = _Team(work, given, min(jobs, len(portions)) - 1, portions, take)
    try:
        team.do_all()
    except BrokenProcessPool:
        problem = "a process that simulated has died, perhaps for want of memory; try one process (--jobs 1)"
        raise InfersimError(problem) from None
    except KeyboardInterrupt:
        with suppress(Exception):
            team.take_done()
        raise
    finally:
        for child in {*active_children()} - others:
            child.terminate()  # idle, not yet ready, or at work that nobody waits for any more
        team.pool.shutdown()


class _Team:
    """This process and helpers, who take portions from the front while it takes them from the end."""

    def __init__(
        self,
        work: Callable[[Any, int], Any],
        given: Any,
        helpers: int,
        portions: Sequence[Sequence[int]],
        take: Callable[[int, Any], None],
    ):
        context = get_context("spawn")
        self._ready, self._helpers = context.Event(), helpers
        self.pool = ProcessPoolExecutor(helpers, context, _begin, (work, given, self._ready))
        self._work, self._given, self._take = work, given, take
        self._left = deque(portions)
        self._away: dict[Future[list[Any]], Sequence[int]] = {}

    def do_all(self) -> None:
        """Do all portions. The first is done here while helpers start; those who are too slow to do so get none."""
        first = self._left.popleft()
        self._hand_out()
        _here(self._work, self._given, first, self._take)
        while self._left or self._away:
            self.take_done()
            self._hand_out()
            if self._left or not self._ready.is_set():
                mine = self._left.pop() if self._left else self._away.popitem()[1]
                _here(self._work, self._given, mine, self._take)
            else:
                wait(self._away, return_when=FIRST_COMPLETED)

    def take_done(self) -> None:
        """Take what helpers have done."""
        for future in [future for future in self._away if future.done()]:
            for number, answer in zip(self._away.pop(future), future.result(), strict=True):
                self._take(number, answer)

    def _hand_out(self) -> None:
        """Give each helper one portion to do and one to go on with; processes start here."""
        with born_deaf():
            while self._left and len(self._away) < 2 * self._helpers:
                portion = self._left.popleft()
                self._away[self.pool.submit(_do, portion)] = portion


def _here(
    work: Callable[[Given, int], Answer], given: Given, numbers: Sequence[int], take: Callable[[int, Answer], None]
) -> None:
    for number in numbers:
        take(number, work(given, number))


_shared: list[tuple[Callable[[Any, int], Any], Any]] = []
"""What a worker process was given at its start."""


def _begin(work: Callable[[Any, int], Any], given: Any, ready: Event) -> None:
    _shared[:] = [(work, given)]
    ready.set()


def _do(numbers: Sequence[int]) -> list[Any]:
    work, given = _shared[0]
    return [work(given, number) for number in numbers]
