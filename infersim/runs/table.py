"""A run table: one row a run, laid over a base scenario; the one reader of such files.

Dotted columns are scenario paths with YAML 1.2 cells, as `--set PATH=VALUE` takes them; `measured.PATH`,
`simulated.PATH`, `ci95_low.PATH` and `ci95_high.PATH` are figures of `infersim run --json`; the rest are labels.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.load import Base, Loaded, read_base
from infersim.load.known_paths import check_path
from infersim.load.messages import show
from infersim.load.overrides import typed
from infersim.load.relative import absolute
from infersim.load.yaml12 import parse
from infersim.runs.columns import Columns, check_names, sort_columns
from infersim.runs.files import ENDINGS, Sheet, read_sheet


@dataclass(frozen=True)
class RunTable:
    """Runs of one table.

    Attributes:
        path: the file.
        base: what its rows are laid over.
        columns: what its columns are.
        figures: by kind and path; NaN where a cell is empty.
        sheet: its cells as they stand in the file.
        files: the folder that files named in rows are in, where that is not the base's; else None.
        over: settings laid over every row, by path.
    """

    path: Path
    base: Base
    columns: Columns
    figures: dict[str, dict[str, np.ndarray]]
    sheet: Sheet
    files: Path | None
    over: dict[str, Any]

    def __len__(self) -> int:
        return len(self.sheet.rows)

    def label(self, row: int, name: str) -> str | None:
        """A label's text; None where the cell is empty or the table has no such label."""
        cell = self.sheet.rows[row][self.columns.labels[name]] if name in self.columns.labels else None
        return None if cell is None else str(cell).strip()

    def settings(self, row: int) -> dict[str, Any]:
        """Values by scenario path of the cells that are not empty, outer paths first; null takes a setting away.

        Raises:
            InputError: a cell is not YAML.
        """
        cells = self.sheet.rows[row]
        found = {}
        for path, position in self.columns.paths.items():
            cell = cells[position]
            if cell is not None:
                value = self._value(row, path, cell)
                found[path] = absolute(tuple(path.split(".")), value, self.files) if self.files else value
        return {path: value for path, value in found.items() if path not in self.over} | self.over

    def scenario(self, row: int) -> Loaded:
        """The scenario of a row.

        Raises:
            InputError: base and row make none; `NotModelled`: they ask for what is not modelled yet.
        """
        return self.base.laid_under(self.settings(row), str(self.path), self.sheet.lines[row])

    def data(self, row: int) -> dict[str, Any]:
        """Plain data of base and row together, not checked."""
        return self.base.merged(self.settings(row), str(self.path), self.sheet.lines[row])[0]

    def _value(self, row: int, path: str, cell: Any) -> Any:
        if not isinstance(cell, str):
            return cell
        try:
            return _yaml(cell)
        except InputError as error:
            place = (str(self.path), self.sheet.lines[row])
            raise InputError(error.problem, error.hint, path, show(cell), *place) from None


def read_table(path: str | Path, base: str | Path | None = None, overrides: Sequence[str] = ()) -> RunTable:
    """Read a run table.

    Args:
        path: `.csv`, `.csv.gz` or `.parquet`.
        base: the scenario that its rows are laid over; by default `NAME.base.yaml` beside `NAME.csv.gz`.
        overrides: settings laid over every row, as `--set` takes them.

    Raises:
        InputError: the file or its base cannot be read, an override sets nothing that a scenario has, or the table as
            a whole is at fault: an unknown or doubled column, no rows, a figure that is no number. What is wrong with
            one row is found when its scenario is made.
    """
    path = Path(path)
    sheet = read_sheet(path)
    columns = sort_columns(sheet.names, str(path))
    if not sheet.rows:
        raise InputError("the table has no rows", "one row a run", file=str(path))
    beneath = read_base(base if base is not None else _beside(path))
    check_names([*columns.paths], beneath.data, str(path))
    over = dict(_override(text) for text in overrides)
    figures = {
        kind: {name: _numbers(sheet, position, f"{kind}.{name}", str(path)) for name, position in found.items()}
        for kind, found in columns.figures.items()
    }
    here = path.parent.resolve()
    return RunTable(path, beneath, columns, figures, sheet, None if here == beneath.folder.resolve() else here, over)


def plain_value(cell: Any) -> Any:
    """What a cell says as YAML; text that is no YAML is itself, so is a value of Parquet."""
    try:
        return _yaml(cell) if isinstance(cell, str) else cell
    except InputError:
        return cell


def _override(text: str) -> tuple[str, Any]:
    path, value, label = typed(text)
    try:
        check_path(path)
    except InputError as error:
        raise error.located(label) from None
    return path, value


def _beside(path: Path) -> Path:
    """The base scenario beside a table."""
    name = path.name
    stem = next(name[: -len(ending)] for ending in ENDINGS if name.lower().endswith(ending))
    base = path.with_name(f"{stem}.base.yaml")
    if not base.is_file():
        hint = "put what all rows share into that file, or name another one: --base FILE"
        raise InputError(f"its base scenario {base.name} is not beside it", hint, file=str(path))
    return base


def _numbers(sheet: Sheet, position: int, column: str, file: str) -> np.ndarray:
    """A column of figures.

    Raises:
        InputError: a cell is no finite number, or below zero where it is no end of an interval.
    """
    least = -sys.float_info.max if column.startswith("ci95_") else 0.0
    values = np.full(len(sheet.rows), math.nan)
    for row, cells in enumerate(sheet.rows):
        cell = cells[position]
        if cell is None:
            continue
        number = plain_value(cell)
        if type(number) not in (int, float) or not least <= number < math.inf:
            hint = "a plain number in SI units, without its unit; an empty cell where nothing was measured"
            problem = f"row {row}: a figure is a number" + (" of zero or more" if least == 0 else "")
            raise InputError(problem, hint, column, show(cell), file, sheet.lines[row])
        values[row] = number
    return values


@functools.lru_cache(maxsize=16_384)
def _yaml(cell: str) -> Any:
    """A cell's value; nobody changes it."""
    return parse(cell, "cell")[0]
