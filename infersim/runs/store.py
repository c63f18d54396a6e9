"""The store of a study: every finished run by its key, in one SQLite file that survives whatever ends its writer.

A run is in the store whole or not at all, from the moment that it is added. Several processes may write at once; a run
that two of them finished is kept once, and `times` counts it twice.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infersim.errors import InputError
from infersim.saving import unbroken

RUNS = "runs.sqlite"
SYNC_S, PATIENCE_S = 0.2, 60.0
"""Runs are sent on from the system to its disk so often, and a writer waits so long for another [s]. The first costs a
few milliseconds, and only where the machine itself stops does it matter."""
_IN_ONE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (what TEXT PRIMARY KEY, says TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS layouts (layout INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS runs (
  number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, status TEXT NOT NULL, reason TEXT NOT NULL,
  layout INTEGER, figures BLOB, times INTEGER NOT NULL DEFAULT 1
);
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one run.

    Attributes:
        status: ok, overload, does_not_fit, refused or error; the last is never stored.
        reason: why, where it is not ok.
        names: of its figures; empty where it has none.
        figures: float64, NaN where the run has none of that name.
    """

    status: str
    reason: str = ""
    names: tuple[str, ...] = ()
    figures: bytes = b""

    @property
    def values(self) -> np.ndarray:
        """The figures in the order of their names."""
        return np.frombuffer(self.figures, dtype=np.float64)

    def value(self, name: str) -> float:
        """One figure; NaN where the run has none of that name."""
        return float(self.values[self.names.index(name)]) if name in self.names else math.nan


class Store:
    """Finished runs.

    Args:
        folder: where the file is, or is made; None keeps runs in memory.
        write: whether runs will be added; without it nothing is changed, and a file must be there.
    """

    def __init__(self, folder: Path | None, write: bool = True):
        self.path = None if folder is None else folder / RUNS
        self._write = write
        self._layouts: dict[tuple[str, ...], int] = {}
        self._known: dict[int, tuple[str, ...]] = {}
        self._synced_s = -SYNC_S
        with self._told():
            self._database = self._opened(write)
            if write:
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.execute("PRAGMA synchronous = NORMAL")
                self._database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")

    def _opened(self, write: bool) -> sqlite3.Connection:
        if self.path is None:
            return sqlite3.connect(":memory:", isolation_level=None)
        if write:
            return sqlite3.connect(self.path, PATIENCE_S, isolation_level=None)
        if not self.path.is_file():
            raise InputError("is no folder of a study", f"it has no {RUNS}", file=str(self.path.parent))
        try:
            database = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", PATIENCE_S, uri=True)
            database.execute("SELECT count(*) FROM sqlite_master")
            return database
        except sqlite3.OperationalError:  # a folder that cannot be written, which a shared log would have to be
            if self.path.with_name(f"{RUNS}-wal").exists():  # runs that would not be seen
                raise
            return sqlite3.connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True)

    def add(self, key: bytes, outcome: Outcome) -> None:
        """Keep a finished run: it is there when this returns, whatever becomes of this process."""
        row = (key, outcome.status, outcome.reason, outcome.figures)
        with unbroken(), self._told(), self._synced():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.execute(
                    "INSERT INTO runs (key, status, reason, figures, layout) VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT (key) DO UPDATE SET times = times + 1",
                    (*row, self._layout(outcome.names)),
                )
                self._database.execute("COMMIT")
            except BaseException:
                self._layouts.clear()  # those of the transaction are not there
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _synced(self) -> Iterator[None]:
        """What is written within it goes on to the disk, with all before it, if the last time is long enough ago."""
        if time.monotonic() - self._synced_s < SYNC_S:
            yield
            return
        self._database.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._synced_s = time.monotonic()

    def has(self, key: bytes) -> bool:
        """Whether a run is stored, by whomsoever."""
        with self._told():
            return self._database.execute("SELECT 1 FROM runs WHERE key = ?", (key,)).fetchone() is not None

    def outcomes(self, keys: Sequence[bytes]) -> dict[bytes, Outcome]:
        """Those of the keys that are stored."""
        found: dict[bytes, Outcome] = {}
        with self._told():
            for some in (keys[i : i + _IN_ONE] for i in range(0, len(keys), _IN_ONE)):
                marks = ",".join("?" * len(some))
                query = f"SELECT key, status, reason, layout, figures FROM runs WHERE key IN ({marks})"
                for key, status, reason, layout, figures in self._database.execute(query, some):
                    found[key] = Outcome(status, reason, self._names(layout), figures)
        return found

    def _names(self, layout: int | None) -> tuple[str, ...]:
        if layout is None:
            return ()
        if layout not in self._known:
            row = self._database.execute("SELECT names FROM layouts WHERE layout = ?", (layout,)).fetchone()
            self._known[layout] = tuple(json.loads(row[0]))
        return self._known[layout]

    def is_made(self) -> bool:
        """Whether the file holds a store; its writer may have ended before."""
        with self._told():
            return self._database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'runs'").fetchone()[0] == 1

    def count(self) -> int:
        """Finished runs, of whatever scenario."""
        with self._told():
            return self._database.execute("SELECT coalesce(max(number), 0) FROM runs").fetchone()[0]  # none is deleted

    def about(self, what: str) -> str | None:
        """What was said about the store."""
        with self._told():
            row = self._database.execute("SELECT says FROM about WHERE what = ?", (what,)).fetchone()
        return None if row is None else row[0]

    def claim(self, what: str, says: str) -> str:
        """Say something about the store unless it is said already, whoever else does so now; what is said then."""
        with self._told():
            self._database.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (what, says))
        return self.about(what) or says

    def say(self, what: str, says: str) -> None:
        """Say something about the store."""
        with self._told():
            self._database.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (what, says))

    def close(self) -> None:
        """Let go of the file. The last writer leaves one file, without a log beside it."""
        if self._write:
            with suppress(sqlite3.Error):
                self._database.execute("PRAGMA busy_timeout = 0")
                self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()

    def _layout(self, names: tuple[str, ...]) -> int | None:
        if names and names not in self._layouts:
            text = json.dumps(names)
            self._database.execute("INSERT OR IGNORE INTO layouts (names) VALUES (?)", (text,))
            row = self._database.execute("SELECT layout FROM layouts WHERE names = ?", (text,)).fetchone()
            self._layouts[names] = row[0]
        return self._layouts.get(names)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            hint = "what was finished before is kept there; sweep again, once it can be written, to go on"
            raise InputError(f"cannot be used: {error}", hint, file=str(self.path)) from None
