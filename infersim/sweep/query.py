"""Questions in SQL about a result table in its Parquet file, as a view named `results`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from infersim.errors import InputError, nearest
from infersim.sql import sql_text


class Query:
    """A database that holds a result table; a context.

    Args:
        source: the Parquet file.
    """

    def __init__(self, source: Path):
        import duckdb

        self._errors = duckdb.Error
        self._split = duckdb.extract_statements
        self._database = duckdb.connect()
        self._database.execute(f"CREATE VIEW results AS SELECT * FROM read_parquet({sql_text(source)})")
        described = self._database.execute("DESCRIBE results").fetchall()
        self.columns = [row[0] for row in described]

    def __enter__(self) -> Query:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def run(self, sql: str, label: str = "") -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names of the columns and the rows that a SELECT answers.

        Raises:
            InputError: it is none, or the database refuses it; with its message and the nearest column.
        """
        return self._asked(sql, label, lambda found: found.fetchall())

    def arrays(self, sql: str) -> dict[str, Any]:
        """The answer as columns: numpy arrays, NaN or None where a cell is empty."""
        found = self._asked(sql, "", lambda found: found.fetchnumpy())[1]
        return {name: _plain(column) for name, column in found.items()}

    def write(self, sql: str, path: Path, options: str, label: str = "") -> None:
        """Write the answer to a file, in DuckDB's words for its format.

        Raises:
            InputError: as for `run`.
        """
        sql = sql.strip().rstrip(";")
        self._asked(sql, label, lambda found: None)
        self._database.execute(f"COPY ({sql}) TO {sql_text(path)} ({options})")

    def _asked(self, sql: str, label: str, take: Any) -> tuple[list[str], Any]:
        try:
            statements = self._split(sql)
            if len(statements) != 1 or statements[0].type.name != "SELECT":
                raise InputError("one SELECT is needed", "the table's name is results", file=label)
            found = self._database.execute(sql)
            return [column[0] for column in found.description], take(found)
        except self._errors as error:
            raise InputError(str(error).strip(), self._hint(str(error)), file=label) from None

    def _hint(self, said: str) -> str:
        """The nearest column to a name that the database did not know."""
        quoted = said.split('"')[1::2]
        hint = next((hint for name in quoted if (hint := nearest(name, self.columns))), "")
        return hint or "the table is named results; names with dots stand in double quotes"


def _plain(column: Any) -> np.ndarray:
    """A column without a mask: NaN or None where it is empty."""
    if not isinstance(column, np.ma.MaskedArray):
        return np.asarray(column)
    empty = np.ma.getmaskarray(column)
    found = column.data.astype(float) if empty.any() and column.dtype.kind in "iu" else column.data
    if empty.any():
        found[empty] = None if found.dtype == object else np.nan
    return found
