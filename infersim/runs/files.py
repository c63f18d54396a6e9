"""A table's file as names and rows of cells: CSV, plain or gzipped, or Parquet."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infersim.errors import InputError

ENDINGS = (".csv.gz", ".csv", ".parquet")


@dataclass(frozen=True)
class Sheet:
    """What a file holds.

    Attributes:
        names: of the columns, as they stand there.
        rows: cells; None is an empty one. All are text in CSV; Parquet has values, too.
        lines: the line of the file that each row begins at; 0 where the file has no lines.
    """

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    lines: list[int]


def read_sheet(path: Path) -> Sheet:
    """Read a table's file.

    Raises:
        InputError: it is no such file, cannot be read, or its rows are not as long as its header.
    """
    name = path.name.lower()
    if name.endswith(".parquet"):
        return _parquet(path)
    if not name.endswith(ENDINGS):
        raise InputError("is no run table", f"run tables end in {', '.join(ENDINGS)}", file=str(path))
    return _csv(path)


def _csv(path: Path) -> Sheet:
    from infersim.load.text import check_printable, read_data_text

    text = read_data_text(path)
    check_printable(text, str(path))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[str | None, ...]] = []
    lines, line = [], 1
    try:
        for cells in reader:
            if cells:
                rows.append(tuple(cell if cell.strip() else None for cell in cells))
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        hint = "a cell that holds a comma or a quote stands in quotes, its own quotes doubled"
        raise InputError(f"is not CSV: {error}", hint, file=str(path), line=line) from None
    if not rows:
        raise InputError("the file is empty", "a run table has a line of column names", file=str(path), line=1)
    names = tuple(cell or "" for cell in rows[0])
    _check_separator(names, path, lines[0])
    for number, row in enumerate(rows[1:]):
        if len(row) != len(names):
            problem = f"row {number} has {len(row)} cells, and the table {len(names)} columns"
            hint = "a cell that holds a comma stands in quotes"
            raise InputError(problem, hint, file=str(path), line=lines[number + 1])
    return Sheet(names, rows[1:], lines[1:])


def _check_separator(names: tuple[str, ...], path: Path, line: int) -> None:
    other = next((mark for mark in (";", "\t") if len(names) == 1 and mark in names[0]), None)
    if other:
        problem = f"columns are separated by {'semicolons' if other == ';' else 'tabs'}"
        raise InputError(problem, "save it with commas, and with points in decimal numbers", file=str(path), line=line)


def _parquet(path: Path) -> Sheet:
    import duckdb

    if not path.is_file():
        from infersim.load.text import missing

        raise missing(path, ENDINGS)
    try:
        with duckdb.connect() as connection:
            found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
            names, rows = [column[0] for column in found.description], found.fetchall()
    except duckdb.Error as error:
        raise InputError(f"cannot be read as Parquet: {str(error).splitlines()[0]}", file=str(path)) from None
    return Sheet(tuple(names), [tuple(map(_value, row)) for row in rows], [0] * len(rows))


def _value(cell: Any) -> Any:
    """A cell of Parquet as plain data: no NaN, no blank text, no decimals or dates."""
    if isinstance(cell, float):
        return None if math.isnan(cell) else cell
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, (list, tuple)):
        return [_value(item) for item in cell]
    if isinstance(cell, dict):
        return {key: _value(item) for key, item in cell.items() if item is not None}
    if cell is None or isinstance(cell, (bool, int)):
        return cell
    return str(cell)
