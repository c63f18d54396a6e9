"""The folder of a sweep read again: its table as written, or made from the store where the sweep is not finished."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infersim.errors import InputError, nearest
from infersim.load import read_base
from infersim.load.study import read_study
from infersim.metrics.naming import settings_named
from infersim.plots.grid import layout
from infersim.runs.columns import sort_columns
from infersim.runs.store import Store
from infersim.sql import sql_name
from infersim.sweep.folder import BASE, RESULTS, STUDY, is_written
from infersim.sweep.opened import TableFile
from infersim.sweep.outcome import SweepResult
from infersim.sweep.prices import marked, matters, stale_prices, told
from infersim.sweep.query import Query
from infersim.sweep.sweep import LAID, result_of, stored_table
from infersim.text.blocks import warning_lines
from infersim.text.sweep import FIGURES
from infersim.text.sweep_table import chosen_lines, lines

_FEW = ("point", "name", "status", "reason", "replications")


@dataclass
class Stored:
    """A result table that questions can be put to.

    Attributes:
        table: its columns.
        folder: of the sweep.
        laid: warnings on what was laid over its scenario.
    """

    table: TableFile
    folder: Path
    laid: tuple[str, ...] = ()

    @property
    def query(self) -> Query:
        """For questions in SQL."""
        return self.table.query

    def whole(self) -> SweepResult:
        """All of it, as the sweep itself returned it."""
        return result_of(read_study(self.folder / STUDY), self.table, self._paths, self.laid, folder=self.folder)

    def select(self, columns: str | None) -> str:
        """The query for columns that `chosen` finds."""
        if columns is None:
            return "SELECT * FROM results"
        return f"SELECT {', '.join(map(sql_name, self.chosen(columns)))} FROM results"

    def chosen(self, columns: str) -> list[str]:
        """Columns by their names, figures also without their prefix, settings also as headings have them.

        The status is among them where it is not ok everywhere: figures of an overload are no steady state.

        Raises:
            InputError: there is no such column; names the nearest.
        """
        found = [self._column(name.strip()) for name in columns.split(",")]
        if "status" not in found and self.query.run("SELECT count(*) FROM results WHERE status <> 'ok'")[1][0][0]:
            found.append("status")
        return found

    def chosen_page(self, columns: str, width: int) -> str:
        """Columns that `chosen` finds, as text."""
        names = self.chosen(columns)
        ends = [name.replace("simulated.", "ci95_high.", 1) for name in names if name.startswith("simulated.")]
        wanted = dict.fromkeys(("point", "status", *names, *(name for name in ends if name in self.query.columns)))
        table = self.query.arrays(f"SELECT {', '.join(map(sql_name, wanted))} FROM results ORDER BY point")
        paths = [path for path in self._paths if path in names]
        found = chosen_lines(table, paths, names, width)
        warnings = self._warnings() if any(name.startswith("simulated.cost.") for name in names) else []
        return "\n".join([*found, *warning_lines(warnings, width)])

    def page(self, width: int, most: int) -> str:
        """The axes and a few figures of the first rows as text, and what is to be known of them."""
        figures = [f"{kind}.{name}" for name in FIGURES for kind in ("simulated", "ci95_high")]
        shown = [name for name in (*_FEW, *self._paths, *figures) if name in self.query.columns]
        quoted = ", ".join(map(sql_name, shown))
        table = self.query.arrays(f"SELECT {quoted} FROM results WHERE point < {most} ORDER BY point")
        stale = marked([*stale_prices(table, self._base)])
        found = lines(table, self._paths, width, most, layout(table, self._paths).led, stale)
        count = self.query.run("SELECT count(*) FROM results")[1][0][0]
        more = [f"… and {count - most:,} more; --format csv shows all"] if count > most else []
        return "\n".join([*found, *more, *warning_lines(self._warnings(), width)])

    @cached_property
    def _paths(self) -> list[str]:
        known = sort_columns(self.query.columns, "").paths
        return [name for name in self.query.columns if name in known]

    @cached_property
    def _base(self) -> dict[str, Any]:
        return read_base(self.folder / BASE).data

    def _warnings(self) -> list[str]:
        """Of all rows."""
        paths = [path for path in self._paths if matters(path)]
        if not paths:
            return [*self.laid]
        table = self.query.arrays(f"SELECT DISTINCT {', '.join(map(sql_name, paths))} FROM results")
        return [*self.laid, *map(told, stale_prices(table, self._base))]

    def _column(self, name: str) -> str:
        known = self.query.columns
        for full in (name, f"simulated.{name}"):
            if full in known:
                return full
        named = settings_named(self._paths)
        found = [path for path, shown in zip(self._paths, named, strict=True) if shown.title == name]
        found = found or [path for path in self._paths if path.endswith(f".{name}")]
        if len(found) == 1:
            return found[0]
        shown = [each.title for each in named]
        names = [*known, *(each.removeprefix("simulated.") for each in known), *shown]
        hint = f"{' or '.join(found)}" if found else nearest(name, names)
        raise InputError("no such column in the results", hint, value=name, file="--columns")


@contextmanager
def stored(folder: Path) -> Iterator[Stored]:
    """The results in a folder, whole or as far as they are.

    Raises:
        InputError: it is no folder of a sweep, or cannot be read.
    """
    if folder.is_file():
        raise InputError(
            "is a file", f"give the folder of its sweep: infersim results {folder.parent}", file=str(folder)
        )
    if not folder.is_dir():
        raise InputError("no such folder", "it is what --out of infersim sweep names", file=str(folder))
    store = Store(folder, write=False)
    try:
        if not store.is_made() or not (folder / STUDY).is_file():
            raise InputError("no run is finished there", "sweep again to go on", file=str(folder))
        laid = tuple(json.loads(store.about(LAID) or "[]"))
        written = is_written(folder, store)
        table = TableFile(folder / RESULTS[1]) if written else stored_table(read_study(folder / STUDY), store)
    finally:
        store.close()
    yield Stored(table, folder, laid)
