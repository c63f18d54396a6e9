"""Ctrl-C that lets what is done be told: the first asks the work to stop, the second ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""The exit code."""


def note_interrupts() -> list[int]:
    """Let Ctrl-C raise as usual, and note it in the list returned; some code turns the exception into another."""
    seen: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    if _ours():
        signal.signal(signal.SIGINT, handle)
    return seen


@contextmanager
def softly(stop: Callable[[], bool]) -> Iterator[None]:
    """Within it, Ctrl-C calls `stop`, once; where that returns False, and from then on, it raises as usual."""
    if not _ours():
        yield
        return
    before, asked = signal.getsignal(signal.SIGINT), False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked or not stop():
            before(number, frame)  # type: ignore[operator, misc]
        asked = True

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _ours() -> bool:
    """Whether Ctrl-C comes to this thread: not in others than the main one, not where a shell has it ignored."""
    return threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT))
