"""Pictures of a sweep: what is asked for is looked up in its table, or refused with what there is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from infersim.errors import InputError, nearest
from infersim.load.study import LoadedStudy
from infersim.metrics.naming import Direction, better, settings_named
from infersim.saving import save_files
from infersim.spec.study import Range
from infersim.sweep.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from infersim.plots.grid import Layout
    from infersim.plots.pareto import Side

FIGURES = (
    "ttft_s.p99",
    "tpot_s.p99",
    "throughput.output_tokens_per_s",
    "goodput.fraction",
    "cost.usd_per_million_output_tokens",
    "energy.joules_per_output_token",
)
"""Drawn where none is asked for: the first four that some point has."""
_DRAWN = 4
_DIRECTIONS = ("lower", "higher")


class Pictures:
    """The pictures of one sweep.

    Args:
        table: its columns.
        paths: those that are scenario paths.
        log: those of them that were given on a logarithmic scale.
        title: of every page.
    """

    def __init__(self, table: Table, paths: Sequence[str], log: Collection[str] = (), title: str = ""):
        self._table, self._paths, self._log, self._title = table, [*paths], log, title

    def lines(self, figures: str | Sequence[str] | None, axes: Sequence[str] = ()) -> Figure:
        """As `SweepResult.plot`."""
        from infersim.plots.sweep import sweep_page

        layout = self._layout(axes)
        asked = [figures] if isinstance(figures, str) else [*(figures or self._usual())]
        for figure in asked:
            self._known(figure)
        return sweep_page(self._table, layout, asked, self._title)

    def heat(self, figure: str, axes: Sequence[str] = ()) -> Figure:
        """As `SweepResult.plot_heat`."""
        from infersim.plots.heat import heat_page

        layout = self._layout(axes)
        self._known(figure)
        if not layout.joined or len(layout.axes) < 2:
            what = "the points are no grid" if layout.axes and not layout.joined else "fewer than two axes vary"
            raise InputError(f"nothing to draw: {what}", "a heat map has a cell for each combination of two axes")
        return heat_page(self._table, layout, figure, self._title)

    def pareto(self, x: str, y: str) -> Figure:
        """As `SweepResult.plot_pareto`."""
        from infersim.plots.pareto import pareto_page

        sides = self._side(x), self._side(y)
        if np.isnan(sides[0].values + sides[1].values).all():
            raise InputError("nothing to draw: no point has both figures", _WHY)
        return pareto_page(self._table, self._layout(()), *sides, self._title)

    def layout(self, axes: Sequence[str] = ()) -> Layout:
        """What varies; the axes named come first."""
        from infersim.plots.grid import layout

        return layout(self._table, self._paths, self._log, axes)

    def _layout(self, axes: Sequence[str]) -> Layout:
        for path in axes:
            if path not in self._paths:
                raise InputError("no such axis in the results", nearest(path, self._paths), value=repr(path))
        found = self.layout(axes)
        if not found.axes:
            raise InputError("nothing to draw: no setting varies", "a picture takes a sweep of several points")
        return found

    def _usual(self) -> list[str]:
        from infersim.plots.grid import figure_values

        found = [name for name in FIGURES if not np.isnan(figure_values(self._table, name)).all()]
        if not found:
            raise InputError("nothing to draw: no point has a figure", _WHY)
        return found[:_DRAWN]

    def _known(self, figure: str) -> np.ndarray:
        """A figure's values where there is a steady state, of which there are some."""
        from infersim.plots.grid import figure_values

        names = [name.removeprefix("simulated.") for name in self._table if name.startswith("simulated.")]
        if figure not in names:
            hint = nearest(figure, names) if names else _WHY
            raise InputError("no such figure in the results", hint, value=repr(figure))
        values = figure_values(self._table, figure)
        if np.isnan(values).all():
            raise InputError("nothing to draw: no point has this figure", _WHY, value=repr(figure))
        return values

    def _side(self, asked: str) -> Side:
        """A figure and which way it is better: as said behind a colon, or as everybody would."""
        from infersim.plots.pareto import Side

        name, _, way = asked.partition(":")
        if way and way not in _DIRECTIONS:
            raise InputError("no such direction", f"{name}:lower or {name}:higher", value=repr(asked))
        if name in self._paths and self._table[name].dtype.kind in "if":
            values = np.where(self._table["status"] == "ok", self._table[name].astype(float), np.nan)
        else:
            values = self._known(name)
        known = better(name)
        if not way and known is None:
            hint = f"say which way: {name}:lower or {name}:higher"
            raise InputError("is neither better low nor better high by itself", hint, value=repr(name))
        return Side(name, values, cast(Direction, way or known))


_WHY = "its points are overloaded, failed or unfinished"


def log_axes(loaded: LoadedStudy) -> set[str]:
    """Paths of a study that were given on a logarithmic scale."""
    study = loaded.study
    sampled = study.sample.axes if study.sample is not None else {}
    ranges = {path: axis for path, axis in study.axes.items() if isinstance(axis, Range)}
    return {path for path, axis in (*ranges.items(), *sampled.items()) if axis.scale == "log"}


def title_of(loaded: LoadedStudy) -> str:
    """The title of a study's pictures: names of study and scenario, and below what all points share."""
    data, study = loaded.base.data, loaded.study
    varied = {path for path, _ in loaded.paths()}
    names = dict.fromkeys(str(name) for name in (study.name, data.get("name")) if name)
    shared = [*_shared(data, varied)]
    if isinstance(study.replications, int) and study.replications > 1:
        shared.append(f"{study.replications:,} replications")
    return "\n".join(filter(None, (": ".join(names), ", ".join(shared))))


def _shared(data: Mapping[str, Any], varied: Collection[str]) -> Iterator[str]:
    """Settings of a scenario that people ask for first, where no point sets another; as they were written."""
    places = [f"fleet.{name}.{key}" for name in _keys(data, "fleet") for key in ("model", "device", "replicas")]
    places += [f"workload.{name}.arrivals.rate_per_s" for name in _keys(data, "workload")]
    for path in (*places, "run.duration_s", "run.requests"):
        value: Any = data
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str | int | float) and not any(f"{path}.".startswith(f"{each}.") for each in varied):
            label, unit = settings_named([path])[0]
            if label in ("model", "device"):  # such values say what they are
                yield str(value)
                continue
            text = f"{value:g}" if isinstance(value, float) else str(value)
            yield " ".join(filter(None, (label, text, "" if isinstance(value, str) else unit)))


def _keys(data: Mapping[str, Any], group: str) -> list[str]:
    found = data.get(group)
    return [str(name) for name in found] if isinstance(found, Mapping) else []


def save_picture(made: Figure, target: Path) -> Path:
    """Write a picture, whole or not at all; the same bytes for the same sweep.

    Raises:
        InputError: it cannot be written, or the name's ending is no picture's.
    """
    known = made.canvas.get_supported_filetypes()
    kind = target.suffix.removeprefix(".")
    if kind not in known:
        hint = f"{target.stem}.png; also {', '.join(sorted({*known} & {'svg', 'pdf', 'jpg'}))}"
        raise InputError("no ending of a picture", hint, file=str(target))
    details = {"Software": None} if kind == "png" else None
    save_files(target.parent, [target.name], lambda draft: made.savefig(draft / target.name, dpi=110, metadata=details))
    return target
