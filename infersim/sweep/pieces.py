"""The table of a study's results as it is written: one row a point, its columns those of a run table, piece by piece.

What a column is depends on all rows: which figures there are, and which of them have intervals. So rows go into pieces
first, each a file, and the pieces into the table; few are in memory at once.
"""

from __future__ import annotations

import itertools
import math
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.load.canonical import scalar
from infersim.sql import sql_name, sql_text
from infersim.sweep.points import Points
from infersim.sweep.table import Row, Table

PIECE_ROWS, GROUP_ROWS = 1_024, 8_192
"""Rows that are in memory at once, and that are read at once: few make a table of a million slow to open."""
_KINDS = ("simulated", "ci95_low", "ci95_high")


def write_table(points: Points, rows: Iterable[Row], parquet: Path, csv: Path | None = None) -> None:
    """Write the table of all points to both files, the same bytes for the same rows.

    Args:
        points: of the study.
        rows: of each point, in order.
        parquet, csv: where to; pieces stand beside the first until it is whole.

    Raises:
        InputError: they cannot be written.
    """
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")  # row order, hence bytes, must not depend on the machine
        try:
            pieces = _Pieces(connection, points, parquet)
            for numbered in _batched(enumerate(rows)):
                pieces.add([row for _, row in numbered], numbered[0][0])
            pieces.join(parquet)
            if csv is not None:
                pieces.join_text(csv)
            pieces.remove()
        except duckdb.IOException as error:
            hint = "the runs are kept; sweep again, once it can be written"
            problem = f"cannot be written: {str(error).splitlines()[0]}"
            raise InputError(problem, hint, file=(csv or parquet).name) from None


class _Pieces:
    """Pieces of a table, as files beside it."""

    def __init__(self, connection: Any, points: Points, parquet: Path):
        self._connection, self._points, self._parquet = connection, points, parquet
        self._types = {path: _type(points.values(path)) for path in points.paths}
        self._figures: tuple[dict[str, None], ...] = ({}, {}, {})
        self._alike: list[tuple[frozenset[str], list[Path]]] = []

    def add(self, rows: Sequence[Row], first: int) -> None:
        """A piece more; `first` is its first point."""
        table = self._labels(rows, first)
        nothing = np.full((3, len(rows)), math.nan)  # of figures in earlier pieces, so that no column leaves again
        figures = dict.fromkeys(self._figures[0], nothing) | _figures(rows)
        for name, column in figures.items():
            for kind, known in enumerate(self._figures):
                table[f"{_KINDS[kind]}.{name}"] = column[kind]
                if kind == 0 or not np.isnan(column[kind]).all():  # of intervals those that some point has
                    known[name] = None
        columns = frozenset(table)
        if not self._alike or self._alike[-1][0] != columns:
            self._alike.append((columns, []))
        file = self._parquet.with_suffix(f".{first}")
        self._alike[-1][1].append(file)
        query = f"COPY ({view(self._connection, table)}) TO {sql_text(file)} (FORMAT parquet)"
        self._connection.execute(query)

    def join(self, parquet: Path) -> None:
        """Make them one table. Those of the same columns are read together, one after the other, and never all open."""
        query = " UNION ALL ".join(self._select(columns, files) for columns, files in self._alike)
        self._connection.execute(f"COPY ({query}) TO {sql_text(parquet)} (FORMAT parquet, ROW_GROUP_SIZE {GROUP_ROWS})")

    def join_text(self, csv: Path) -> None:
        """Make them one table of text."""
        part = csv.with_suffix(".part")
        with csv.open("wb") as whole:
            for columns, file in ((columns, file) for columns, files in self._alike for file in files):
                options = f"FORMAT csv, HEADER {str(not whole.tell()).lower()}"
                self._connection.execute(f"COPY ({self._select(columns, [file])}) TO {sql_text(part)} ({options})")
                with part.open("rb") as read:
                    shutil.copyfileobj(read, whole)
        part.unlink()

    def remove(self) -> None:
        """Remove them."""
        for _, files in self._alike:
            for file in files:
                file.unlink()

    def _select(self, known: Collection[str], files: Sequence[Path]) -> str:
        """The query for the table's columns in pieces that have those that are known."""
        wanted = [(name, f"CAST(NULL AS DOUBLE) AS {sql_name(name)}") for name in self._columns()]
        columns = ", ".join(sql_name(name) if name in known else none for name, none in wanted)
        return f"SELECT {columns} FROM read_parquet([{', '.join(map(sql_text, files))}])"

    def _columns(self) -> Iterator[str]:
        yield from self._labels([], 0)
        for kind, known in zip(_KINDS, self._figures, strict=True):
            yield from (f"{kind}.{name}" for name in self._figures[0] if name in known)

    def _labels(self, rows: Sequence[Row], first: int) -> dict[str, np.ndarray]:
        """What is set at points, and what became of them."""
        numbers = range(first, first + len(rows))
        found: dict[str, np.ndarray] = {"point": np.arange(first, first + len(rows))}
        if self._points.named:
            found["name"] = _objects([self._points.name(number) or None for number in numbers])
        settings = [self._points.settings(number) for number in numbers]
        for path, kind in self._types.items():
            found[path] = _column([each.get(path, ...) for each in settings], kind)
        found["status"] = _objects([row.status for row in rows])
        found["reason"] = _objects([row.reason or None for row in rows])
        found["replications"] = np.array([row.replications for row in rows], dtype=np.int64)
        return found


def _figures(rows: Sequence[Row]) -> dict[str, np.ndarray]:
    """Mean, low and high end of each figure of some rows, by name."""
    by_names: dict[tuple[str, ...], list[int]] = {}
    for number, row in enumerate(rows):
        if row.figures is not None:
            by_names.setdefault(row.names, []).append(number)
    found: dict[str, np.ndarray] = {}
    for names, numbers in by_names.items():
        values = np.array([rows[number].figures for number in numbers])
        for position, name in enumerate(names):
            column = found.setdefault(name, np.full((3, len(rows)), math.nan))
            column[:, numbers] = values[:, :, position].T
    return found


def _type(values: Iterable[Any]) -> type:
    """What a path's values are together, `...` where it is not set: numbers where all are, else text as in YAML."""
    kinds, fit = set[type](), True
    for value in values:
        kinds.add(type(value))
        fit = fit and not (type(value) is int and abs(value) >= 2**63)
    if kinds == {int} and fit:
        return int
    return float if kinds and kinds <= {int, float} else object


def _column(values: Sequence[Any], kind: type) -> np.ndarray:
    if kind is not object:
        return np.array(values, dtype=np.int64 if kind is int else np.float64)
    return _objects([None if value is ... else scalar(value) for value in values])


def _objects(values: Sequence[Any]) -> np.ndarray:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def view(connection: Any, table: Table) -> str:
    """The query for a table's columns, typed, without NaN; the table is registered under a name of its own."""
    connection.register("given", {f"c{i}": column for i, column in enumerate(table.values())})
    selected = []
    for number, (name, column) in enumerate(table.items()):
        value = f"c{number}"
        if column.dtype == np.float64:
            value = f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"
        elif column.dtype == object:
            value = f"CAST({value} AS VARCHAR)"
        selected.append(f"{value} AS {sql_name(name)}")
    return f"SELECT {', '.join(selected)} FROM given"


def _batched(rows: Iterator[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    while some := [*itertools.islice(rows, PIECE_ROWS)]:
        yield some
