"""Questions in SQL about a result table, in memory or in its Parquet file, as a view named `results`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infersim.errors import InputError, nearest
from infersim.sweep.table import Table, view


class Query:
    """A database that holds a result table; a context.

    Args:
        source: the table, or its Parquet file.
    """

    def __init__(self, source: Table | Path):
        import duckdb

        self._errors = duckdb.Error
        self._split = duckdb.extract_statements
        self._database = duckdb.connect()
        if isinstance(source, Path):
            quoted = str(source).replace("'", "''")
            self._database.execute(f"CREATE VIEW results AS SELECT * FROM read_parquet('{quoted}')")
        else:
            self._database.execute(f"CREATE TEMP VIEW results AS {view(self._database, source)}")
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
        found = self._asked(sql, "", lambda found: found.df())[1]
        return {name: column.to_numpy() for name, column in found.items()}

    def write(self, sql: str, path: Path, options: str, label: str = "") -> None:
        """Write the answer to a file, in DuckDB's words for its format.

        Raises:
            InputError: as for `run`.
        """
        sql = sql.strip().rstrip(";")
        self._asked(sql, label, lambda found: None)
        quoted = str(path).replace("'", "''")
        self._database.execute(f"COPY ({sql}) TO '{quoted}' ({options})")

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
