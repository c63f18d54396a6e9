"""A trace's file as rows and columns: CSV, JSON lines or Parquet; what columns it has, and where a row stands."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from infersim.errors import InputError
from infersim.load.messages import show
from infersim.workload.traces.opening import Opened

Row = dict[str, Any]
MOST_DIGITS = 4000
"""A whole number of more is read as an infinite one: Python takes no more than 4300 at a time."""


@dataclass(frozen=True)
class Sheet:
    """Rows of a file.

    Attributes:
        file: where they are from.
        kind: how they are written.
        names: the columns', in their order.
        first: the first row's cells by column: values in JSON lines, text else.
    """

    file: Opened
    kind: Literal["csv", "jsonl", "parquet"]
    names: tuple[str, ...]
    first: Row

    def fault(self, row: int, name: str, problem: str, hint: str = "") -> InputError:
        """The error of a cell, by the line that it stands in."""
        if self.kind == "parquet":
            from infersim.workload.traces.query import one_row

            line, cells = 0, one_row(self, row)
            problem = f"row {row + 1:,}: {problem}"
        else:
            line, cells = next(found for number, found in enumerate(rows(self.file, self.kind)) if number == row)
        value = show(cells[name]) if name in cells else "nothing"
        return InputError(problem, hint, name, value[:80], str(self.file.path), line)


def rows(file: Opened, kind: str) -> Iterator[tuple[int, Row]]:
    """Line and cells of every row of a text file, read with care and slowly.

    Raises:
        InputError: a row does not have the header's columns, or is no JSON object; names its line.
    """
    assert file.text is not None
    return _csv_rows(file) if kind == "csv" else _json_rows(file)


def header(file: Opened) -> tuple[str, ...]:
    """Names of a CSV's columns.

    Raises:
        InputError: they are separated by something else than commas, or two have one name.
    """
    _, cells = next(_lines(file))
    names = tuple(cell.strip() for cell in cells)
    mark = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
    if mark:
        what = {";": "semicolons", "\t": "tabs", "|": "bars"}[mark]
        problem = f"the columns are separated by {what}: {names[0][:100]}"
        raise InputError(problem, "Separate the columns by commas", file=str(file.path), line=1)
    return names


def _lines(file: Opened) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each line of a CSV; blank ones are [] and those at the end are left out."""
    reader = csv.reader(io.StringIO(file.text, newline=""), strict=True)
    blank: list[int] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) or len(cells) > 1:
                yield from ((number, []) for number in blank)
                blank.clear()
                yield line, cells
            else:
                blank.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        hint = "a cell that holds a comma or a quote stands in quotes, its own quotes doubled"
        raise InputError(f"is not CSV: {error}", hint, file=str(file.path), line=line) from None


def _csv_rows(file: Opened) -> Iterator[tuple[int, Row]]:
    lines = _lines(file)
    names = [cell.strip() for cell in next(lines)[1]]
    for line, cells in lines:
        if len(cells) != len(names):
            problem, hint = f"{max(len(cells), 1)} cells for {len(names)} columns", "a row has a cell for each column"
            raise InputError(problem, hint, file=str(file.path), line=line)
        yield line, dict(zip(names, cells, strict=True))


def json_value(text: str) -> Any:
    """What a JSON text says.

    Raises:
        ValueError, RecursionError: it is none.
    """
    return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= MOST_DIGITS else float(digits))


def document(file: Opened) -> tuple[Any, bool]:
    """The JSON of a file, or of its first line, and whether that is all of it; None where it is not JSON."""
    if file.text is None or file.text.lstrip()[:1] not in ("{", "["):
        return None, True
    text = file.text.strip()
    if text.startswith("["):
        raise InputError("is one JSON list", "one object a line is needed (JSON lines)", file=str(file.path), line=1)
    first, _, rest = text.partition("\n")
    try:
        return json_value(first), not rest
    except (ValueError, RecursionError) as error:
        try:
            return json_value(text), True
        except (ValueError, RecursionError):
            raise InputError(f"is not JSON: {error}"[:200], "", file=str(file.path), line=1) from None


def _json_rows(file: Opened) -> Iterator[tuple[int, Row]]:
    for line, text in enumerate(io.StringIO(file.text), 1):
        if not text.strip():
            continue
        try:
            row = json_value(text)
        except (ValueError, RecursionError) as error:
            what = f"is not JSON: {error}"[:200]
            raise InputError(what, "one object a line is needed", file=str(file.path), line=line) from None
        if not isinstance(row, dict):
            what = f"is no JSON object: {text.strip()[:60]}"
            raise InputError(what, "one object a line is needed", file=str(file.path), line=line)
        yield line, row
