"""A result table in its file, of which columns are read as they are asked for."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from infersim.sql import sql_name
from infersim.sweep.query import Query


class TableFile(Mapping[str, np.ndarray]):
    """A table by its columns. It stays what it was when it was opened, whatever then becomes of the file.

    Args:
        path: of Parquet.

    Attributes:
        query: for questions in SQL.
    """

    def __init__(self, path: Path):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, file)
        self.query = Query(Path(f"/dev/fd/{file}"))
        self._names = dict.fromkeys(self.query.columns)

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        return self.columns([name])[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def columns(self, names: list[str] | None = None) -> dict[str, np.ndarray]:
        """Several columns at once; all of them by default."""
        wanted = ", ".join(map(sql_name, self._names if names is None else names))
        return self.query.arrays(f"SELECT {wanted} FROM results")
