"""Work shared among processes that end with their user's patience: Ctrl-C stops them all, without a word from them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Any, TypeVar

from infersim.errors import InfersimError

Given = TypeVar("Given")
Answer = TypeVar("Answer")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
    context = get_context("spawn")
    ready = context.Event()
    pool = ProcessPoolExecutor(min(jobs, len(portions)) - 1, context, _begin, (work, given, ready))
    waiting: dict[Future[list[Answer]], Sequence[int]] = {}

    def taken(future: Future[list[Answer]]) -> None:
        for number, answer in zip(waiting.pop(future), future.result(), strict=True):
            take(number, answer)

    try:
        waiting |= _without_interrupts(lambda: {pool.submit(_do, each): each for each in portions[1:]})
        _here(work, given, portions[0], take)
        for future in [*reversed(waiting)]:  # this process works, too, from the end
            if future.cancel() or not ready.is_set():
                _here(work, given, waiting.pop(future), take)
        if not waiting:
            _end(others)  # which were too slow to start
        for future in as_completed([*waiting]):
            taken(future)
    except BrokenProcessPool:
        problem = "a process that simulated has died, perhaps for want of memory; try one process (--jobs 1)"
        raise InfersimError(problem) from None
    except BaseException:
        for future in [each for each in waiting if each.done() and not each.cancelled() and not each.exception()]:
            taken(future)
        _end(others)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _here(
    work: Callable[[Given, int], Answer], given: Given, numbers: Sequence[int], take: Callable[[int, Answer], None]
) -> None:
    for number in numbers:
        take(number, work(given, number))


def _end(others: set[BaseProcess]) -> None:
    """End the processes that were started here."""
    for child in {*active_children()} - others:
        child.terminate()


def _without_interrupts(start: Callable[[], Answer]) -> Answer:
    """Call what starts processes; they are born deaf to Ctrl-C, which goes to all of a terminal's processes."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_shared: list[tuple[Callable[[Any, int], Any], Any]] = []
"""What a worker process was given at its start."""


def _begin(work: Callable[[Any, int], Any], given: Any, ready: Event) -> None:
    _shared[:] = [(work, given)]
    ready.set()


def _do(numbers: Sequence[int]) -> list[Any]:
    work, given = _shared[0]
    return [work(given, number) for number in numbers]
