"""Rows of a run table by an SQL condition over its columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.runs.table import RunTable, plain_value

_TYPES: tuple[tuple[str, tuple[type, ...]], ...] = (("BOOLEAN", (bool,)), ("BIGINT", (int,)), ("DOUBLE", (int, float)))
_ROW = "_row"


def rows_where(table: RunTable, condition: str) -> list[int]:
    """Rows for which a condition holds.

    Args:
        table: a column of whole numbers is BIGINT in it, of numbers DOUBLE, of true and false BOOLEAN, any other
            VARCHAR; an empty cell is NULL.
        condition: an SQL expression; names with dots stand in double quotes.

    Raises:
        InputError: the database does not take the condition; with its message.
    """
    import duckdb

    option = f"--where {condition}"
    query = f"SELECT {_ROW} FROM runs WHERE (\n{condition}\n) ORDER BY {_ROW}"
    with duckdb.connect(config={"enable_external_access": "false"}) as connection:
        _fill(connection, table)
        try:
            if len(duckdb.extract_statements(query)) != 1:
                raise InputError("is more than one condition", "join them by AND or OR", file=option)
            return [row for (row,) in connection.execute(query).fetchall()]
        except duckdb.Error as error:
            hint = f"a condition over the columns of {table.path.name}, e.g. \"fleet.main.device\" = 'h100-sxm-80gb'"
            raise InputError(str(error).strip(), hint, file=option) from None


def _fill(connection: Any, table: RunTable) -> None:
    """A table `runs` in the database, its columns typed by what they hold."""
    given, casts = {_ROW: np.arange(len(table))}, [_ROW]
    for position, name in enumerate(table.sheet.names):
        values = [plain_value(cells[position]) for cells in table.sheet.rows]
        held = [value for value in values if value is not None]
        kind = next((kind for kind, types in _TYPES if held and all(type(value) in types for value in held)), "VARCHAR")
        if kind == "VARCHAR":
            values = [None if cells[position] is None else str(cells[position]).strip() for cells in table.sheet.rows]
        column = np.empty(len(values), dtype=object)
        column[:] = values
        given[f"c{position}"] = column
        quoted = name.replace('"', '""')
        casts.append(f'CAST(c{position} AS {kind}) AS "{quoted}"')
    connection.execute(f"SET GLOBAL pandas_analyze_sample = {max(len(table), 1)}")
    connection.register("given", given)
    connection.execute(f"CREATE TABLE runs AS SELECT {', '.join(casts)} FROM given")
