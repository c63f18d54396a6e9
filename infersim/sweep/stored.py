"""The folder of a sweep read again: its table as written, or made from the store where the sweep is not finished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infersim.errors import InputError, nearest
from infersim.load.study import read_study
from infersim.runs.columns import sort_columns
from infersim.runs.store import Store
from infersim.sweep.folder import RESULTS, STUDY, is_written
from infersim.sweep.opened import TableFile
from infersim.sweep.outcome import SweepResult
from infersim.sweep.pictures import log_axes
from infersim.sweep.query import Query
from infersim.sweep.sweep import stored_table
from infersim.text.sweep import FIGURES, lines

_FEW = ("point", "name", "status", "reason", "replications")


@dataclass(frozen=True)
class Stored:
    """A result table that questions can be put to.

    Attributes:
        table: its columns.
        folder: of the sweep.
    """

    table: TableFile
    folder: Path

    @property
    def query(self) -> Query:
        """For questions in SQL."""
        return self.table.query

    def whole(self) -> SweepResult:
        """All of it, as the sweep itself returned it."""
        loaded = read_study(self.folder / STUDY)
        names = self.query.columns
        known = sort_columns(names, "").paths
        paths = [name for name in names if name in known]
        return SweepResult(self.table, paths, loaded.study.name, folder=self.folder, log=log_axes(loaded))

    def select(self, columns: str | None) -> str:
        """The query for columns by their names, figures also without their prefix.

        Raises:
            InputError: there is no such column; names the nearest.
        """
        if columns is None:
            return "SELECT * FROM results"
        return f"SELECT {', '.join(self._column(name.strip()) for name in columns.split(','))} FROM results"

    def page(self, width: int, most: int) -> str:
        """The axes and a few figures of the first rows as text."""
        names = self.query.columns
        paths = [*sort_columns(names, "").paths]
        figures = [f"{kind}.{name}" for name in FIGURES for kind in ("simulated", "ci95_high")]
        shown = [name for name in (*_FEW, *paths, *figures) if name in names]
        quoted = ", ".join(map(_quoted, shown))
        table = self.query.arrays(f"SELECT {quoted} FROM results WHERE point < {most} ORDER BY point")
        ordered = [path for path in names if path in paths]
        found = lines(table, ordered, width, most)
        count = self.query.run("SELECT count(*) FROM results")[1][0][0]
        return "\n".join([*found, *([f"… and {count - most:,} more; --format csv shows all"] if count > most else [])])

    def _column(self, name: str) -> str:
        known = self.query.columns
        for full in (name, f"simulated.{name}"):
            if full in known:
                return _quoted(full)
        names = [*known, *(each.removeprefix("simulated.") for each in known)]
        raise InputError("no such column in the results", nearest(name, names), value=name, file="--columns")


@contextmanager
def stored(folder: Path) -> Iterator[Stored]:
    """The results in a folder, whole or as far as they are.

    Raises:
        InputError: it is no folder of a sweep, or cannot be read.
    """
    if not folder.is_dir():
        raise InputError("no such folder", "it is what --out of infersim sweep names", file=str(folder))
    store = Store(folder, write=False)
    try:
        if not store.is_made() or not (folder / STUDY).is_file():
            raise InputError("no run is finished there", "sweep again to go on", file=str(folder))
        written = is_written(folder, store)
        table = TableFile(folder / RESULTS[1]) if written else stored_table(read_study(folder / STUDY), store)
    finally:
        store.close()
    yield Stored(table, folder)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
