"""What a sweep notes of its points while it is at work: keys, refusals, failures.

They are in a file of the system's folder for temporary ones, which has no name and is gone with the sweep, so that a
study of a million points takes no more memory than one of a thousand.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from infersim.errors import InputError
from infersim.runs.store import Outcome

_KEY_BYTES = 32
_SCHEMA = """
PRAGMA journal_mode = OFF;
CREATE TABLE keys (point INTEGER PRIMARY KEY, keys BLOB NOT NULL);
CREATE TABLE refusals (point INTEGER PRIMARY KEY, status TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE failures (key BLOB PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
"""


class Scratch:
    """Notes by point and by key."""

    def __init__(self) -> None:
        with _told():
            self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._database.executescript(_SCHEMA)
        weakref.finalize(self, self._database.close)

    def keys(self, point: int) -> list[bytes]:
        """Keys of a point's first replications, as far as they are noted."""
        row = self._one("SELECT keys FROM keys WHERE point = ?", point)
        return [] if row is None else [row[0][at : at + _KEY_BYTES] for at in range(0, len(row[0]), _KEY_BYTES)]

    def note_keys(self, point: int, keys: Sequence[bytes]) -> None:
        """Keys of a point's first replications, in place of those that are noted."""
        self._one("INSERT OR REPLACE INTO keys VALUES (?, ?)", point, b"".join(keys))

    def refusal(self, point: int) -> Outcome | None:
        """Why a point makes no scenario, if it is noted."""
        row = self._one("SELECT status, reason FROM refusals WHERE point = ?", point)
        return None if row is None else Outcome(*row)

    def note_refusal(self, point: int, why: Outcome) -> None:
        """Why a point makes no scenario."""
        self._one("INSERT INTO refusals VALUES (?, ?, ?)", point, why.status, why.reason)

    def failure(self, key: bytes) -> Outcome | None:
        """The error that a run ended with, if it is noted."""
        row = self._one("SELECT reason FROM failures WHERE key = ?", key)
        return None if row is None else Outcome("error", row[0])

    def note_failure(self, key: bytes, reason: str) -> None:
        """The error that a run ended with."""
        self._one("INSERT OR REPLACE INTO failures VALUES (?, ?)", key, reason)

    def _one(self, sql: str, *values: object) -> tuple | None:
        with _told():
            return self._database.execute(sql, values).fetchone()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        hint = "TMPDIR names the folder for temporary files; what was finished is kept, sweep again to go on"
        raise InputError(f"temporary files cannot be used: {error}", hint) from None
