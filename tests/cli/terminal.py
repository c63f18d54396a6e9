"""A command on a terminal of the test's own, where Ctrl-C and progress bars are seen."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time

PATIENCE_S = 60.0
"""For a machine that does much else."""


class Terminal:
    """A command whose stderr is a terminal."""

    def __init__(self, *arguments: object):
        ours, theirs = pty.openpty()
        self._ours, self.err, self.out = ours, "", ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infersim", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        os.close(theirs)

    def until(self, word: str) -> None:
        """Read stderr until a word stands there."""
        end_s = time.monotonic() + PATIENCE_S
        while word not in self.err:
            assert time.monotonic() < end_s, self.err
            if select.select([self._ours], [], [], 0.1)[0]:
                self.err += os.read(self._ours, 4096).decode()

    def until_more(self) -> None:
        """Read what stderr says next."""
        if select.select([self._ours], [], [], PATIENCE_S)[0]:
            self.err += os.read(self._ours, 4096).decode()

    def interrupt(self) -> int:
        """Ctrl-C to all processes; the exit code, once nothing of them is left."""
        os.killpg(self._process.pid, signal.SIGINT)
        self.out = self._process.communicate(timeout=PATIENCE_S)[0]
        with contextlib.suppress(OSError):
            while select.select([self._ours], [], [], 0.1)[0] and (more := os.read(self._ours, 4096)):
                self.err += more.decode()
        os.close(self._ours)
        assert not self._alive()
        assert "Traceback" not in self.err
        code = self._process.returncode
        return 128 - code if code < 0 else code  # as a shell tells it, where Python passes the signal on

    def _alive(self) -> bool:
        """Whether any process of the session is left, after a moment's grace."""
        for _ in range(50):
            try:
                os.killpg(self._process.pid, 0)
            except ProcessLookupError:
                return False
            time.sleep(0.1)
        return True
