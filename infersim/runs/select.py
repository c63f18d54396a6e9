"""Rows of a run table by an SQL condition over its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.runs.table import RunTable, plain_value
from infersim.sql import sql_name


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

    option, number = f"--where {condition}", "_row"
    while number in table.sheet.names:
        number += "_"
    query = f"SELECT {number} FROM runs WHERE (\n{condition}\n) ORDER BY {number}"
    with duckdb.connect(config={"enable_external_access": "false"}) as connection:
        _fill(connection, table, number)
        try:
            if len(duckdb.extract_statements(query)) != 1:
                raise InputError("is more than one condition", "join them by AND or OR", file=option)
            return [row for (row,) in connection.execute(query).fetchall()]
        except duckdb.Error as error:
            hint = f"a condition over the columns of {table.path.name}, e.g. \"fleet.main.device\" = 'h100-sxm-80gb'"
            raise InputError(str(error).strip(), hint, file=option) from None


def _fill(connection: Any, table: RunTable, number: str) -> None:
    """A table `runs` in the database, with the rows' numbers, its columns typed by what they hold."""
    given, casts = {number: np.arange(len(table))}, [number]
    for position, name in enumerate(table.sheet.names):
        kind, values = _typed([cells[position] for cells in table.sheet.rows])
        given[f"c{position}"] = np.empty(len(values), dtype=object)
        given[f"c{position}"][:] = values
        casts.append(f"CAST(c{position} AS {kind}) AS {sql_name(name)}")
    connection.execute(f"SET GLOBAL pandas_analyze_sample = {len(table)}")
    connection.register("given", given)
    connection.execute(f"CREATE TABLE runs AS SELECT {', '.join(casts)} FROM given")


def _typed(cells: Sequence[Any]) -> tuple[str, list[Any]]:
    """The SQL type of a column and its values."""
    values = [plain_value(cell) for cell in cells]
    held = [value for value in values if value is not None]
    types = {type(value) for value in held}
    if types == {bool}:
        return "BOOLEAN", values
    if types == {int} and all(abs(value) < 2**63 for value in held):
        return "BIGINT", values
    if types and types <= {int, float}:
        return "DOUBLE", [None if value is None else float(value) for value in values]
    return "VARCHAR", [None if cell is None else str(cell).strip() for cell in cells]
