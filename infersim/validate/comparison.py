"""A run table's rows simulated: predictions beside measurements, in columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from infersim.errors import InputError, nearest
from infersim.load.messages import show
from infersim.runs import Answer, Refusal, RunTable, run_rows
from infersim.runs.select import rows_where

EMPTY, DEFAULT = "(empty)", "(default)"
"""Groups of rows whose label is empty, and of rows that leave a path to its default."""


@dataclass(frozen=True)
class Comparison:
    """Rows of a table and what the simulation says of them; all columns have one entry a row.

    Attributes:
        table: the table.
        rows: numbers of the rows in the table, from 0.
        answers: predictions by figure, or why a row was refused.
        groups: the group of each row; None where rows are in none.
        suspect: whether a row's measurement is doubtful.
    """

    table: RunTable
    rows: list[int]
    answers: list[Answer | Refusal]
    groups: list[str | None]
    suspect: np.ndarray

    @property
    def figures(self) -> dict[str, np.ndarray]:
        """Measured figures by path."""
        return {name: values[self.rows] for name, values in self.table.figures["measured"].items()}

    def predicted(self, name: str) -> np.ndarray:
        """A predicted figure; NaN where the row was refused, or its run has none."""
        found = [None if isinstance(answer, Refusal) else answer[name] for answer in self.answers]
        return np.array([np.nan if value is None else value for value in found], dtype=float)


def compare(
    table: RunTable,
    by: Sequence[str] = (),
    where: str = "",
    jobs: int = 1,
    progress: Callable[[int], Callable[[], None]] | None = None,
) -> Comparison:
    """Simulate the rows of a table that has measurements.

    Args:
        table: the table.
        by: labels and scenario paths whose values make a group; by default the label `group` where there is one.
        where: an SQL condition over the columns; rows for which it does not hold are left out.
        jobs: processes to share the rows among; the answers are the same for any number.
        progress: given the number of rows, returns what is called after each.

    Raises:
        InputError: the table measured nothing, or `by` or `where` name what it does not have.
    """
    measured = [*table.figures["measured"]]
    if not measured:
        hint = "measured figures are columns like measured.ttft_s.mean (docs/json.md tells every figure)"
        raise InputError("the table measures nothing", hint, file=str(table.path))
    by = _checked(table, by)
    rows = rows_where(table, where) if where else [*range(len(table))]
    done = progress(len(rows)) if progress else lambda: None
    answers = run_rows(table, rows, measured, jobs, done)
    suspect = np.array([table.label(row, "suspect") is not None for row in rows], dtype=bool)
    groups = [", ".join(_value(table, row, name) for name in by) if by else None for row in rows]
    return Comparison(table, rows, answers, groups, suspect)


def _checked(table: RunTable, by: Sequence[str]) -> Sequence[str]:
    """What to group by, refused where the table has no such label and a scenario no such path."""
    labels = table.columns.labels
    if not by:
        return ["group"] if "group" in labels else []
    from infersim.load.known_paths import check_path

    for name in by:
        if name in labels:
            continue
        if "." in name:
            try:
                check_path(name)
                continue
            except InputError as error:
                raise InputError(error.problem, error.hint, file=f"--by {name}") from None
        hint = nearest(name, [*labels, *table.columns.paths]) or f"Labels: {', '.join(labels) or 'none'}"
        raise InputError(f"{table.path.name} has no such label", hint, file=f"--by {name}")
    return by


def _value(table: RunTable, row: int, name: str) -> str:
    """A label's text, or a path's value in base and row together."""
    if name in table.columns.labels:
        return table.label(row, name) or EMPTY
    try:
        value: Any = table.data(row)
    except InputError:
        cell = table.sheet.rows[row][table.columns.paths[name]] if name in table.columns.paths else None
        return DEFAULT if cell is None else str(cell)
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return DEFAULT if value is None else value if isinstance(value, str) else show(value)
