"""What a sweep found: its table, the best of its points, and how many came to what."""

from __future__ import annotations

import collections
from collections.abc import Collection, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infersim.errors import InputError, nearest
from infersim.sweep.opened import TableFile
from infersim.sweep.pictures import Pictures
from infersim.sweep.table import Table
from infersim.text.sweep import FIGURES, lines, table_cells

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

_SHOWN = 50


class SweepResult:
    """A study's results.

    Args:
        table: its columns, read as they are asked for.
        paths: those that are scenario paths.
        name: the study's.
        simulated: runs that this sweep did.
        folder: where it is kept.
        log: paths that were given on a logarithmic scale.
    """

    def __init__(
        self,
        table: TableFile,
        paths: Sequence[str],
        name: str = "",
        simulated: int = 0,
        folder: Path | None = None,
        log: Collection[str] = (),
    ):
        self._table, self.paths, self.name = table, [*paths], name
        self._pictures = Pictures(table, paths, log, name)
        self.simulated, self.folder = simulated, folder

    def __len__(self) -> int:
        return len(self._table["point"])

    @property
    def table(self) -> Table:
        """The columns by name; NaN or None where a point has no such value."""
        return self._table

    @property
    def statuses(self) -> dict[str, int]:
        """How many points came to what."""
        return dict(collections.Counter(self._table["status"].tolist()).most_common())

    def summary(self) -> dict[str, Any]:
        """What `infersim sweep --json` prints."""
        return {
            "study": self.name,
            "points": len(self),
            "statuses": self.statuses,
            "runs_simulated": self.simulated,
            "folder": None if self.folder is None else str(self.folder),
        }

    def to_dataframe(self) -> pandas.DataFrame:
        """One row a point: paths, status, figures and their intervals, as in the result table."""
        import pandas

        return pandas.DataFrame(self._table.columns())

    def best(self, figure: str, minimise: bool = True, where: str | None = None) -> dict[str, Any]:
        """The point whose figure is smallest, of those that ran without a fault or an overload.

        Args:
            figure: a field of `infersim run --json`, e.g. `cost.usd_per_million_output_tokens`.
            minimise: False for the largest.
            where: an SQL condition over the table's columns, which stand in double quotes.

        Returns:
            What the point's row holds, by column.

        Raises:
            InputError: no such figure, no such condition, or no point that has it.
        """
        column = f"simulated.{figure}"
        if column not in self._table:
            known = [name.removeprefix("simulated.") for name in self._table if name.startswith("simulated.")]
            raise InputError("no such figure in the results", nearest(figure, known), value=repr(figure))
        order = "ASC" if minimise else "DESC"
        condition = f" AND (\n{where}\n)" if where else ""
        names, rows = self._table.query.run(
            f"SELECT * FROM results WHERE status = 'ok' AND \"{column}\" IS NOT NULL{condition} "
            f'ORDER BY "{column}" {order}, point LIMIT 1'
        )
        if not rows:
            raise InputError("no point has this figure", "its points are overloaded or failed, or none is as asked")
        return {name: value for name, value in zip(names, rows[0], strict=True) if value is not None}

    def plot(self, figures: str | Sequence[str] | None = None, axes: Sequence[str] = ()) -> Figure:
        """Figures against an axis, a panel each: lines with 95% bands, the second axis as colours, others as dashes.

        Points that are overloaded or failed are marks along the top: they have no steady state to draw.

        Args:
            figures: one or several fields of `infersim run --json`; by default up to four that most people ask for.
            axes: scenario paths, the horizontal one first; by default the one with most numbers is.

        Raises:
            InputError: no such figure or axis, or nothing to draw.
        """
        return self._pictures.lines(figures, axes)

    def plot_heat(self, figure: str = "ttft_s.p99", axes: Sequence[str] = ()) -> Figure:
        """A figure over two axes as coloured cells, a panel for each setting of further ones.

        Args:
            figure: a field of `infersim run --json`.
            axes: scenario paths, the horizontal one first, as for `plot`.

        Raises:
            InputError: no such figure or axis, no grid, or nothing to draw.
        """
        return self._pictures.heat(figure, axes)

    def plot_pareto(self, x: str, y: str) -> Figure:
        """Two figures against each other, and the points that none beats in both, named by their settings.

        Args:
            x, y: fields of `infersim run --json`, or numbers that are set; `NAME:lower` and `NAME:higher` say which
                way is better where that is not plain, e.g. `kv_cache.peak_fraction:lower`.

        Raises:
            InputError: no such figure, no way that it is better, or nothing to draw.
        """
        return self._pictures.pareto(x, y)

    def __repr__(self) -> str:
        said = ", ".join(f"{count:,} {status}" for status, count in self.statuses.items())
        return f"<SweepResult {self.name!r}: {len(self):,} points ({said})>"

    def _repr_html_(self) -> str:
        cells = table_cells(self._table, self.paths, FIGURES, _SHOWN)
        head, *rows = [[escape(cell) for cell in row] for row in cells]
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        more = f"<p>and {len(self) - len(rows):,} more</p>" if len(self) > len(rows) else ""
        return f"<table><thead><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr></thead>{body}</table>{more}"

    def page(self, width: int) -> str:
        """The axes and a few figures as text."""
        return "\n".join(lines(self._table, self.paths, width, _SHOWN))
