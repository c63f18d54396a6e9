"""Progress on stderr, where that is a terminal; in a pipe there is none."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

from infersim.units import show_seconds

if TYPE_CHECKING:
    from infersim.sim.watch import Watch

_PARTS = 1000
FIRST_S, EVERY_S = 1.0, 0.25
"""A run shorter than the first shows no bar; others look at it so often [s]."""


def bar(stack: ExitStack, what: str) -> Callable[[int], Callable[[], None]]:
    """A bar over so many of `what`, which lasts as long as the stack; returns what is called after each."""

    def begin(length: int) -> Callable[[], None]:
        if not sys.stderr.isatty():
            return lambda: None
        shown = stack.enter_context(click.progressbar(length=length, label=what, file=sys.stderr, show_pos=True))
        return lambda: shown.update(1)

    return begin


@contextmanager
def run_bar(watch: Watch) -> Iterator[None]:
    """A bar over the simulated time of a run, beside it in a thread, with the time that remains."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_show, args=(watch, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _show(watch: Watch, over: threading.Event) -> None:
    began_s = time.perf_counter()
    while (seen := watch.seen()) is None or time.perf_counter() - began_s < FIRST_S:
        if seen is None:
            began_s = time.perf_counter()  # as the simulation begins, to within a look
        if over.wait(EVERY_S):
            return
    with click.progressbar(
        length=_PARTS, file=sys.stderr, show_eta=False, show_percent=True, item_show_func=lambda text: text
    ) as shown:
        while seen is not None:
            simulated_s, share = seen
            left_s = (time.perf_counter() - began_s) * (1 - share) / share if share else None
            text = f"{show_seconds(simulated_s)} simulated, {show_seconds(left_s)} left"
            shown.update(max(int(_PARTS * share) - shown.pos, 0), text)
            if over.wait(EVERY_S):
                return
            seen = watch.seen()


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar over so many of `what`, of which there may come more; yields what is told how many are done, and of all."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    bars: list[Any] = []
    with ExitStack() as stack:

        def told(done: int, of: int) -> None:
            if not bars:
                bars.append(
                    stack.enter_context(click.progressbar(length=of, label=what, file=sys.stderr, show_pos=True))
                )
            bars[0].length = of
            if done > bars[0].pos:
                bars[0].update(done - bars[0].pos)

        yield told


def say(line: str) -> None:
    """A line on stderr, in place of a bar that stands there, which comes again below it."""
    click.echo(f"\r\033[K{line}" if sys.stderr.isatty() else line, err=True)
