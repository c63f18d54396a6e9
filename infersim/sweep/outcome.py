"""What a sweep found: its table, the best of its points, and how many came to what."""

from __future__ import annotations

import collections
from collections.abc import Collection, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infersim.errors import InputError, nearest
from infersim.sweep.opened import TableFile
from infersim.sweep.pictures import Pictures
from infersim.sweep.table import Table
from infersim.text.blocks import warning_lines
from infersim.text.sweep import FIGURES
from infersim.text.sweep_table import heading, lines, notes, table_columns

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

_SHOWN = 50


class BestPoint(dict[str, Any]):
    """A point's row by column, which shows what varies in the sweep, and the figure that it is best in.

    Args:
        row: the row.
        shown: columns that are shown.
    """

    def __init__(self, row: Mapping[str, Any], shown: Sequence[str]):
        super().__init__(row)
        self._shown = ["point", *shown]

    def __repr__(self) -> str:
        said = ", ".join(f"{name!r}: {self[name]!r}" for name in self._shown if name in self)
        left = len(self) - sum(name in self for name in self._shown)
        return f"{{{said}, … {left:,} more columns}}" if left else f"{{{said}}}"


class SweepResult:
    """A study's results.

    Args:
        table: its columns, read as they are asked for.
        paths: those that are scenario paths.
        name: the study's.
        simulated: runs that this sweep did.
        folder: where it is kept.
        log: paths that were given on a logarithmic scale.
        title: of its pictures; the name by default.
        warnings: sentences on what its figures do not say.
        stale: of each point, whether its cost is at another device's price.
    """

    def __init__(
        self,
        table: TableFile,
        paths: Sequence[str],
        name: str = "",
        simulated: int = 0,
        folder: Path | None = None,
        log: Collection[str] = (),
        title: str = "",
        warnings: Sequence[str] = (),
        stale: Sequence[bool] = (),
    ):
        self._table, self.paths, self.name = table, [*paths], name
        self._pictures = Pictures(table, paths, log, title or name)
        self.simulated, self.folder, self.warnings, self._stale = simulated, folder, [*warnings], [*stale]

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
            "warnings": self.warnings,
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
            where: an SQL condition over the table's columns, which stand in double quotes and in full:
                `'"simulated.ttft_s.p99" < 1'`.

        Returns:
            What the point's row holds, by column; a notebook shows what varies and the figure.

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
        found = {name: value for name, value in zip(names, rows[0], strict=True) if value is not None}
        return BestPoint(
            found,
            [
                *self._varied(),
                column,
                column.replace("simulated", "ci95_low", 1),
                column.replace("simulated", "ci95_high", 1),
            ],
        )

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
        columns = table_columns(self._table, self.paths, FIGURES, _SHOWN, self._led(), self._stale)
        head = "".join(f"<th>{escape(each)}</th>" for each in heading(columns))
        rows = zip(*([*map(escape, each.cells)] for each in columns), strict=True)
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        left_out = len(self) - _SHOWN
        said = [*([f"and {left_out:,} more"] if left_out > 0 else []), *notes(self._table, 200), *self.warnings]
        below = "".join(f"<p>{escape(text)}</p>" for text in said)
        style = "text-align: right; font-variant-numeric: tabular-nums"
        return f'<table style="{style}"><thead><tr>{head}</tr></thead>{body}</table>{below}'

    def page(self, width: int) -> str:
        """The axes and a few figures as text, and what is to be known of them."""
        found = lines(self._table, self.paths, width, _SHOWN, self._led(), self._stale)
        return "\n".join([*found, *warning_lines(self.warnings, width)])

    def _varied(self) -> list[str]:
        layout = self._pictures.layout()
        return [*(axis.path for axis in (*layout.axes, *layout.scattered)), *layout.led]

    def _led(self) -> list[str]:
        return self._pictures.layout().led
