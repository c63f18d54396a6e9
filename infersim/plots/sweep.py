"""The page of a sweep: a panel a figure, against the first axis; lines of the other axes' settings with 95% bands.

Points without a steady state have no value to draw: they are small marks on a strip above the panel, a row for each
colour, side by side for its dashes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from infersim.plots import legend, style
from infersim.plots.grid import Axis, Layout, Table, ends, figure_values, kinds, rows_of, said
from infersim.plots.marks import DASHES, MARKERS, PARTIAL, Line, aside, mark, marks_key
from infersim.plots.scales import Scale, few_ticks, put_figure, put_setting, scale_of

COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.RED, "#0e8ca5", "#a3781c", "#c2448f")
_BAND = 0.15
_ALL = 104.0
"""Up to where shares near all are drawn, so that marks at 100% are whole."""
_FEW = 6
"""With more lines than this, bands are paler."""


def sweep_page(table: Table, layout: Layout, figures: Sequence[str], title: str = "") -> Figure:
    """All panels on one page.

    Args:
        table: a sweep's; only points with a steady state are drawn as values.
        layout: its axes, at least one: the first across, the second as colours, the others as dashes.
        figures: paths, at least one of whose values is known.
        title: of the page.
    """
    lines, keys = _lines(layout)
    across = min(len(figures), 2 if len(figures) in (2, 4) else 3)
    down = math.ceil(len(figures) / across)
    keys += marks_key(table, lines)
    wide = (7.5, 11.0, 14.0)[across - 1]
    foot_in = 0.2 * math.ceil(len(keys) / legend.columns(keys, wide)) + 0.1
    made, panels = style.figure(down, across, wide, 3.7 * down + 0.4 + foot_in)
    for ax, figure in zip(panels, figures, strict=False):
        _panel(ax, table, layout, lines, figure)
        mark(ax, table, layout.axes[0], lines)
    for ax in panels[len(figures) :]:
        ax.set_visible(False)
    legend.put(made, keys)
    if title:
        style.page_title(made, title)
    return made


def some_levels(count: int, most: int) -> list[int]:
    """Levels that are shown: all, or as many as can be, evenly, with both ends."""
    return [*dict.fromkeys(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist())]


def _lines(layout: Layout) -> tuple[list[Line], list[Line2D]]:
    """The lines, and what their colours and dashes mean."""
    first, *others = layout.axes
    order = np.lexsort((first.codes,))
    if not others:
        return [Line(order, COLOURS[0], 0, 0)], []
    colour_axis, dashed = others[0], others[1:]
    colours = dict(zip(some_levels(len(colour_axis.texts), len(COLOURS)), _colours(colour_axis), strict=True))
    every = kinds(dashed)
    shown = [every[level] for level in some_levels(len(every), len(DASHES))]
    keys = [legend.key(said(colour_axis, level), color=colour, lw=2) for level, colour in colours.items()]
    if dashed:
        for kind, ls, marker in zip(shown, DASHES, MARKERS, strict=False):
            keys.append(legend.key(", ".join(map(said, dashed, kind)), color=style.MUTED, ls=ls, lw=1.4, marker=marker))
    return [*_grouped(order, colour_axis, colours, dashed, shown)], keys


def _grouped(
    order: np.ndarray,
    colour_axis: Axis,
    colours: dict[int, str],
    dashed: Sequence[Axis],
    shown: Sequence[list[int]],
) -> Iterator[Line]:
    number = 0
    for level, colour in colours.items():
        for position, kind in enumerate(shown):
            here = rows_of(dashed, kind, colour_axis.codes == level)
            if here.any():
                yield Line(order[here[order]], colour, position, number)
                number += 1


def _colours(axis: Axis) -> list[str]:
    """Colours of an axis' levels: from pale to dark where they are many numbers, else as unlike as can be."""
    count = min(len(axis.texts), len(COLOURS))
    if axis.numbers is None or count <= 4:
        return [*COLOURS[:count]]
    shades = matplotlib.colormaps["viridis_r"](np.linspace(0.12, 1.0, count))
    return [matplotlib.colors.to_hex(shade) for shade in shades]


def _panel(ax: Axes, table: Table, layout: Layout, lines: Sequence[Line], figure: str) -> None:
    first = layout.axes[0]
    values, (low, high) = figure_values(table, figure, PARTIAL), ends(table, figure, PARTIAL)
    scale = scale_of(figure, values[np.concatenate([line.rows for line in lines])])
    join = layout.joined and first.numbers is not None  # between names there is nothing
    for line in lines:
        x = first.places[first.codes[line.rows]] + aside(first, lines, line)
        y = values[line.rows] / scale.size
        ax.plot(x, y, ls=line.dashes if join else "none", color=line.colour, marker=line.marker, markersize=4, lw=1.7)
        partial = np.isin(table["status"][line.rows].astype(str), PARTIAL)
        if partial.any():
            hollow: dict[str, Any] = {"mfc": "white", "markersize": 5, "mew": 1.2, "zorder": 3}
            ax.plot(x[partial], y[partial], ls="none", color=line.colour, marker=line.marker, **hollow)
        bottom, top = low[line.rows] / scale.size, high[line.rows] / scale.size
        bottom = np.maximum(bottom, y / 5 if scale.log else 0.0)  # an interval that reaches 0 has no end on a log axis
        top = np.minimum(top, 100.0) if scale.unit == "%" else top
        if join:
            band = _BAND if len(lines) <= _FEW else _BAND / 2
            ax.fill_between(
                x, bottom, top, where=np.isfinite(y) & np.isfinite(bottom), color=line.colour, alpha=band, lw=0
            )
        else:
            ax.vlines(x, bottom, top, color=line.colour, alpha=0.5, lw=1)
    put_setting(ax, first)
    _make_room(ax, scale)
    put_figure(ax, scale)
    style.title(ax, scale.title, first.words, scale.unit)


def _make_room(ax: Axes, scale: Scale) -> None:
    """Begin at zero, or on a logarithmic axis."""
    if scale.log:
        ax.set_yscale("log")
        return
    known = any(np.isfinite(np.asarray(line.get_ydata(), dtype=float)).any() for line in ax.lines)
    top = (ax.get_ylim()[1] or 1.0) if known else 1.0
    ax.set_ylim(0, max(top, _ALL) if scale.unit == "%" and top > 95.0 else top)
    few_ticks(ax)
