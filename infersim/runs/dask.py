"""Runs done by the workers of a Dask cluster that is there already; what they find comes back into one store."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from infersim.errors import InfersimError, InputError
from infersim.runs.crew import KILLED, LOOK_S, Done, Lost, Work
from infersim.runs.keys import code_hash

PATIENCE_S, _CLOSE_S = 20, 5
"""How long a cluster may be without workers, and how long to wait for its farewell [s]."""
_AHEAD = 4
"""So many runs are with the cluster for each of its threads."""
_FAILURES = 2
"""A piece is given up when it fails so often. Dask itself tries again where a worker dies, and blames the pieces that
waited there, too, so that one failure says little."""


class Cluster:
    """Workers of a Dask scheduler; a context, after which none of its work is left with them.

    Args:
        address: of the scheduler, `tcp://HOST:PORT`.
        work: does one piece; a function of a module that the workers have, too.
        given: what all share.

    Raises:
        InputError: on entering, where `distributed` is not installed, no scheduler answers, it has no workers, or they
            run other sources.
        InfersimError: the scheduler or all workers are gone while they are at work.
    """

    def __init__(self, address: str, work: Work, given: Any):
        self._address, self._work, self._given = address, work, given
        self._client: Any = None
        self._away: dict[Any, tuple[int, Any]] = {}
        self._failures: dict[int, int] = {}
        self._manned_s, self._quiet = 0.0, ExitStack()

    def __enter__(self) -> Cluster:
        label = f"--dask {self._address}"
        self._manned_s = time.monotonic()
        try:
            from distributed import Client
        except ImportError:
            hint = "pip install 'infersim[dask]'"
            raise InputError("the package distributed is not installed", hint, file=label) from None
        try:
            self._client = Client(self._address, timeout=PATIENCE_S)
        except (OSError, ValueError) as error:
            said = str(error).splitlines()[0] if str(error) else "no answer"
            raise InputError(f"no scheduler answers: {said}", "e.g. --dask tcp://10.0.0.7:8786", file=label) from None
        with suppress(TimeoutError):
            self._client.wait_for_workers(1, timeout=PATIENCE_S)
        sources = self._client.run(code_hash, on_error="return")
        if not sources:
            self._client.close()
            raise InputError("the scheduler has no workers", "start some: dask worker ADDRESS", file=label)
        other = [worker for worker, found in sources.items() if found != code_hash()]
        if other:
            self._client.close()
            hint = "install the same on all of them"
            raise InputError(f"{other[0]} has not these sources of infersim", hint, file=label)
        self._quiet.enter_context(_silent("distributed"))
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            self._client.cancel([*self._away])
        with suppress(Exception):
            self._client.close(timeout=_CLOSE_S)
        self._quiet.close()

    def do(self, tasks: Iterator[tuple[int, Any]]) -> Iterator[Done]:
        """Answers; a piece that killed several workers is answered by `KILLED`."""
        from distributed import wait

        while True:
            room = _AHEAD * max(self._threads(), 1) - len(self._away)
            for number, task in itertools.islice(tasks, max(room, 0)):
                self._submit(number, task)
            if not self._away:
                return
            try:
                ended = wait([*self._away], timeout=LOOK_S, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                yield None
                continue
            for future in ended:
                number, task = self._away.pop(future)
                try:
                    answer = future.result()
                except Exception as error:  # of Dask: what was with a worker that died, or was lost with it
                    self._threads()  # or with the scheduler
                    self._failures[number] = self._failures.get(number, 0) + 1
                    if self._failures[number] < _FAILURES:
                        self._submit(number, task)
                    else:
                        yield number, _lost(error)
                else:
                    yield number, answer

    def _threads(self) -> int:
        """Threads of all workers, of which there are none for a while at most.

        Raises:
            InfersimError: the scheduler is gone, or all workers are, for good.
        """
        try:
            if self._client.status != "running":
                raise OSError("the connection is lost")
            found = sum(self._client.nthreads().values())
        except (OSError, RuntimeError, TimeoutError) as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InfersimError(f"the scheduler at {self._address} answers no more: {said}") from None
        now_s = time.monotonic()
        self._manned_s = now_s if found else self._manned_s
        if now_s - self._manned_s > PATIENCE_S:
            raise InfersimError(f"the scheduler at {self._address} has no workers left")
        return found

    def _submit(self, number: int, task: Any) -> None:
        self._away[self._client.submit(self._work, self._given, task, pure=False)] = number, task


def _lost(error: Exception) -> Lost:
    from distributed import KilledWorker

    said = " ".join(str(error).split())[:500]
    return KILLED if isinstance(error, KilledWorker) else Lost(f"Dask lost it, twice: {type(error).__name__}: {said}")


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """Keep a package's loggers from the terminal: what is wrong is told as an error."""
    names = [each for each in logging.root.manager.loggerDict if f"{each}.".startswith(f"{name}.")]
    before = {each: logging.getLogger(each).level for each in names}
    for each in names:
        logging.getLogger(each).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for each, level in before.items():
            logging.getLogger(each).setLevel(level)
