"""Columns of a sheet as arrays, by DuckDB: cells that are no number come back as NaN, and nothing loops over rows."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.sql import sql_name, sql_text
from infersim.workload.traces.opening import Opened
from infersim.workload.traces.sheets import Row, Sheet, rows

_DATE, _TIME, _AHEAD = r"(?:19[7-9]|20\d|21\d)\d-\d\d-\d\d", r"\d\d:\d\d:\d\d(?:\.\d{1,9})?", r"Z|[+-][01]\d:?[0-5]\d"
_STAMP = rf"^\s*({_DATE}[ T]{_TIME})({_AHEAD})?\s*$"


def number(sheet: Sheet, column: str) -> str:
    """SQL of a column's numbers; NULL for what is none."""
    name = _name(sheet, column)
    bare = name if sheet.kind == "parquet" else f"trim({name})"  # DuckDB makes the reader do a bare cast, and fail
    return f"TRY_CAST({bare} AS DOUBLE)"


def optional(sheet: Sheet, column: str, most: float) -> str:
    """SQL of a column's numbers from 0 to `most`; NULL for an empty cell, -1 for what else is no such number."""
    value = number(sheet, column)
    return (
        f"CASE WHEN {label(sheet, column)} IS NULL THEN NULL WHEN {value} BETWEEN 0 AND {most} THEN {value} ELSE -1 END"
    )


def label(sheet: Sheet, column: str) -> str:
    """SQL of a column's cells as text without space around it; NULL where nothing is left."""
    return f"NULLIF(trim(CAST({_name(sheet, column)} AS VARCHAR), ' \t\r'), '')"


def stamp(sheet: Sheet, column: str, kind: str) -> tuple[str, str]:
    """SQL of a column's timestamps: nanoseconds as if they were UTC, and the minutes that they state to be ahead of it
    (NULL where they state none).

    Args:
        sheet: its sheet.
        column: its name.
        kind: its type in Parquet; empty in text.
    """
    name = _name(sheet, column)
    if kind.startswith("TIMESTAMP"):
        return f"epoch_ns({name})", "0" if "TIME ZONE" in kind else "NULL::INT"
    at, ahead = (f"regexp_extract({name}, '{_STAMP}', {group})" for group in (1, 2))
    sign, hours, minutes = f"left({ahead}, 1) || '1'", f"{ahead}[2:3]", f"right({ahead}, 2)"
    stated = f"CAST({sign} AS INT) * (CAST({hours} AS INT) * 60 + CAST({minutes} AS INT))"
    return (
        f"epoch_ns(TRY_CAST({at} AS TIMESTAMP_NS))",
        f"CASE WHEN {ahead} = '' THEN NULL WHEN {ahead} = 'Z' THEN 0 ELSE {stated} END",
    )


def fetch(sheet: Sheet, what: dict[str, str]) -> dict[str, np.ndarray]:
    """Columns by name.

    Args:
        sheet: the rows.
        what: SQL by the name that its column gets.

    Returns:
        int64 of whole numbers where none is missing, else float64, NULL being NaN. Of text the number of each in the
        order in which they first come, -1 for NULL.

    Raises:
        InputError: a row does not have the header's columns, or the file is otherwise damaged.
    """
    columns = ", ".join(f"{sql} AS {name}" for name, sql in what.items())
    return _fetch(sheet, lambda source: f"SELECT {columns} FROM {source}")


def fetch_items(sheet: Sheet, column: str) -> tuple[np.ndarray, np.ndarray]:
    """How many whole numbers each row's list has (NaN where it is no such list), and those of all rows."""
    items = f"TRY_CAST({_name(sheet, column)} AS BIGINT[])"
    counts = fetch(sheet, {"counts": f"CASE WHEN list_count({items}) = len({items}) THEN len({items}) END"})["counts"]
    return counts, _fetch(sheet, lambda source: f"SELECT unnest({items}) AS items FROM {source}")["items"]


def _fetch(sheet: Sheet, sql: Callable[[str], str]) -> dict[str, np.ndarray]:
    import duckdb

    if sheet.kind == "csv" and _has_blank_lines(sheet.file):
        _check(sheet)
    try:
        found = _run(sql(_source(sheet)))
    except duckdb.Error as error:
        if sheet.kind == "parquet":
            raise _damaged(sheet, error) from None
        _check(sheet)
        with _rewritten(sheet) as copy:
            try:
                found = _run(sql(_source(copy)))
            except duckdb.Error as again:
                raise _damaged(sheet, again) from None
    return {name: _filled(column) for name, column in found.items()}


def parquet_columns(file: Opened) -> tuple[dict[str, str], Row]:
    """Types by column, and the first row as text, of a Parquet file.

    Raises:
        InputError: it is damaged.
    """
    sheet = Sheet(file, "parquet", (), {})
    import duckdb

    try:
        with duckdb.connect() as connection:
            columns = connection.execute(f"DESCRIBE SELECT * FROM {_source(sheet)}").fetchall()
            types = {name: str(kind) for name, kind, *_ in columns}
            first = connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM {_source(sheet)} LIMIT 1").fetchone()
    except duckdb.Error as error:
        raise _damaged(sheet, error) from None
    return types, dict(zip(types, first, strict=True)) if first else {}


def one_row(sheet: Sheet, row: int) -> Row:
    """A row of a Parquet file."""
    import duckdb

    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * FROM {_source(sheet)} LIMIT 1 OFFSET {row}")
        names, (cells,) = [name for name, *_ in found.description], found.fetchall()
    return dict(zip(names, cells, strict=True))


def _run(sql: str) -> dict[str, Any]:
    import duckdb

    with duckdb.connect() as connection:
        return connection.execute(sql).fetchnumpy()


def _filled(column: Any) -> np.ndarray:
    if column.dtype.kind == "O":
        import pandas

        texts = np.array(np.ma.getdata(column))
        texts[np.ma.getmaskarray(column)] = None
        return pandas.factorize(texts)[0].astype(np.int64)
    if np.ma.isMaskedArray(column):
        return np.ma.filled(column.astype(np.float64), np.nan)
    return column.astype(np.float64) if column.dtype.kind not in "iu" else column.astype(np.int64)


def _source(sheet: Sheet) -> str:
    path = sql_text(_literal_path(sheet.file.path))
    if sheet.kind == "parquet":
        return f"read_parquet({path})"
    names = [f"c{number}" for number in range(len(sheet.names))] if sheet.kind == "csv" else sheet.names
    columns = ", ".join(f"{sql_text(name)}: 'VARCHAR'" for name in names)
    plain = "uncompressed" if sheet.kind == "jsonl" else "none"
    packing = plain if sheet.file.packing == "none" else sheet.file.packing
    shared = f"{path}, columns = {{{columns}}}, compression = '{packing}'"
    if sheet.kind == "jsonl":
        return f"read_json({shared}, format = 'newline_delimited')"
    return f"read_csv({shared}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"')"


def _literal_path(path: Path) -> str:
    """A path that stands for itself alone, whatever signs of patterns it has."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(path))


def _name(sheet: Sheet, column: str) -> str:
    if sheet.kind == "csv":
        return f"c{sheet.names.index(column)}"
    return sql_name(column)


def _has_blank_lines(file: Opened) -> bool:
    """Whether a line may be blank that is not at the end; DuckDB would skip it."""
    assert file.text is not None
    end = len(file.text.rstrip())
    return any(file.text.find(blank, 0, end) >= 0 for blank in ("\n\n", "\n\r\n", "\r\r"))


def _check(sheet: Sheet) -> None:
    """Raise what is wrong with a text file's rows, if anything is."""
    for _ in rows(sheet.file, sheet.kind):
        pass


@contextmanager
def _rewritten(sheet: Sheet) -> Iterator[Sheet]:
    """A copy whose line ends and quotes are all of one manner."""
    with tempfile.TemporaryDirectory(prefix="infersim-") as folder:
        path = Path(folder) / "rows"
        with path.open("w", encoding="utf-8", newline="") as file:
            if sheet.kind == "csv":
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(sheet.names)
                writer.writerows(cells.values() for _, cells in rows(sheet.file, sheet.kind))
            else:
                file.writelines(json.dumps(row) + "\n" for _, row in rows(sheet.file, sheet.kind))
        yield replace(sheet, file=Opened(path, "none", None))


def _damaged(sheet: Sheet, error: Exception) -> InputError:
    how = {"csv": "CSV", "jsonl": "JSON lines", "parquet": "Parquet"}[sheet.kind]
    return InputError(f"cannot be read as {how}: {str(error).splitlines()[0][:200]}", file=str(sheet.file.path))
