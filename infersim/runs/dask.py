"""Runs done by the workers of a Dask cluster that is there already; what they find comes back into one store."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from infersim.errors import InputError
from infersim.runs.crew import KILLED, LOOK_S, Done, Work
from infersim.runs.keys import code_hash

PATIENCE_S = 20
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
    """

    def __init__(self, address: str, work: Work, given: Any):
        self._address, self._work, self._given = address, work, given
        self._client: Any = None
        self._away: dict[Any, tuple[int, Any]] = {}
        self._failures: dict[int, int] = {}

    def __enter__(self) -> Cluster:
        label = f"--dask {self._address}"
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
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            self._client.cancel([*self._away])
        self._client.close()

    def do(self, tasks: Iterator[tuple[int, Any]]) -> Iterator[Done]:
        """Answers; a piece that killed several workers is answered by `KILLED`."""
        from distributed import wait

        while True:
            room = _AHEAD * max(sum(self._client.nthreads().values()), 1) - len(self._away)
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
                except Exception:  # of Dask: what was with a worker that died, or was lost with it
                    self._failures[number] = self._failures.get(number, 0) + 1
                    if self._failures[number] < _FAILURES:
                        self._submit(number, task)
                    else:
                        yield number, KILLED
                else:
                    yield number, answer

    def _submit(self, number: int, task: Any) -> None:
        self._away[self._client.submit(self._work, self._given, task, pure=False)] = number, task
