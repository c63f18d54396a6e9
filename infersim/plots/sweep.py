"""The page of a sweep: a panel a figure, against the first axis; lines of the other axes' settings with 95% bands.

Points without a steady state have no value to draw: they are marks along the top, in their line's colour.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from infersim.plots import style
from infersim.plots.grid import Axis, Layout, Table, ends, figure_values, said
from infersim.plots.scales import Scale, few_ticks, put_figure, put_setting, scale_of

COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.RED, "#0e8ca5", "#a3781c", "#c2448f")
Dashes = str | tuple[float, tuple[float, ...]]
DASHES: tuple[Dashes, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
OVERLOADED, FAILED = "x", "v"
_BAND = 0.15
_ROW = 0.045
"""Of a panel's height: one row of marks."""


@dataclass(frozen=True)
class _Line:
    """Rows that a line joins, along the first axis; its colour, dashes, and its row of marks."""

    rows: np.ndarray
    colour: str
    dashes: Dashes
    number: int


def sweep_page(table: Table, layout: Layout, figures: Sequence[str], title: str = "") -> Figure:
    """All panels on one page.

    Args:
        table: a sweep's; only points whose status is `ok` are drawn as values.
        layout: its axes, at least one: the first across, the second as colours, the others as dashes.
        figures: paths, at least one of whose values is known.
        title: of the page.
    """
    lines, keys = _lines(layout)
    across = min(len(figures), 2 if len(figures) in (2, 4) else 3)
    down = math.ceil(len(figures) / across)
    keys += _marks_key(table, lines)
    foot_in = 0.2 * math.ceil(len(keys) / 5) + 0.1
    made, panels = style.figure(down, across, (7.5, 11.0, 14.0)[across - 1], 3.7 * down + 0.4 + foot_in)
    for ax, figure in zip(panels, figures, strict=False):
        _panel(ax, table, layout, lines, figure)
    for ax in panels[len(figures) :]:
        ax.set_visible(False)
    if keys:
        made.legend(handles=keys, loc="outside lower left", ncols=5, fontsize=8.5, frameon=False, labelcolor=style.INK)
    if title:
        made.suptitle(title, x=0.01, ha="left", fontsize=11, color=style.INK, parse_math=False)
    return made


def some_levels(count: int, most: int) -> list[int]:
    """Levels that are shown: all, or as many as can be, evenly, with both ends."""
    return [*dict.fromkeys(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist())]


def _lines(layout: Layout) -> tuple[list[_Line], list[Line2D]]:
    """The lines, and what their colours and dashes mean."""
    first, *others = layout.axes
    order = np.lexsort((first.codes,))
    if not others:
        return [_Line(order, COLOURS[0], DASHES[0], 0)], []
    colour_axis, dashed = others[0], others[1:]
    colours = dict(zip(some_levels(len(colour_axis.texts), len(COLOURS)), _colours(colour_axis), strict=True))
    kinds = np.unique(np.stack([axis.codes for axis in dashed]), axis=1).T.tolist() if dashed else [[]]
    dashes = [(kinds[level], DASHES[number]) for number, level in enumerate(some_levels(len(kinds), len(DASHES)))]
    keys = [_key(said(colour_axis, level), color=colour, lw=2) for level, colour in colours.items()]
    if dashed:
        texts = [", ".join(map(said, dashed, kind)) for kind, _ in dashes]
        keys += [_key(text, color=style.MUTED, ls=ls, lw=1.6) for text, (_, ls) in zip(texts, dashes, strict=True)]
    return [*_grouped(order, colour_axis, colours, dashed, dashes)], keys


def _grouped(
    order: np.ndarray,
    colour_axis: Axis,
    colours: dict[int, str],
    dashed: Sequence[Axis],
    dashes: Sequence[tuple[list[int], Dashes]],
) -> Iterator[_Line]:
    number = 0
    for level, colour in colours.items():
        for kind, style_of in dashes:
            here = colour_axis.codes == level
            for axis, code in zip(dashed, kind, strict=True):
                here &= axis.codes == code
            if here.any():
                yield _Line(order[here[order]], colour, style_of, number)
                number += 1


def _colours(axis: Axis) -> list[str]:
    """Colours of an axis' levels: from pale to dark where they are many numbers, else as unlike as can be."""
    count = min(len(axis.texts), len(COLOURS))
    if axis.numbers is None or count <= 4:
        return [*COLOURS[:count]]
    shades = matplotlib.colormaps["viridis_r"](np.linspace(0.12, 1.0, count))
    return [matplotlib.colors.to_hex(shade) for shade in shades]


def _panel(ax: Axes, table: Table, layout: Layout, lines: Sequence[_Line], figure: str) -> None:
    first = layout.axes[0]
    values, (low, high) = figure_values(table, figure), ends(table, figure)
    drawn = np.concatenate([line.rows for line in lines])
    scale = scale_of(figure, values[drawn])
    for line in lines:
        x = first.places[first.codes[line.rows]] + _aside(first, lines, line)
        y = values[line.rows] / scale.size
        join = layout.joined and first.numbers is not None  # between names there is nothing
        ax.plot(x, y, ls=line.dashes if join else "none", color=line.colour, marker="o", markersize=4, lw=1.7)
        bottom, top = low[line.rows] / scale.size, high[line.rows] / scale.size
        bottom = np.maximum(bottom, y / 5 if scale.log else 0.0)  # an interval that reaches 0 has no end on a log axis
        top = np.minimum(top, 100.0) if scale.unit == "%" else top
        if join:
            band = np.isfinite(y) & np.isfinite(bottom)
            ax.fill_between(x, bottom, top, where=band, color=line.colour, alpha=_BAND, lw=0)
        else:
            ax.vlines(x, bottom, top, color=line.colour, alpha=0.5, lw=1)
    put_setting(ax, first)
    _make_room(ax, scale)
    _leave_top(ax, scale, _mark(ax, table, first, lines))
    put_figure(ax, scale)
    style.title(ax, scale.title, first.label, scale.unit)


def _aside(first: Axis, lines: Sequence[_Line], line: _Line) -> float:
    """How far a line's points stand beside a name, so that those of several do not hide each other."""
    if first.numbers is not None:
        return 0.0
    return (line.number - (len(lines) - 1) / 2) * min(0.7 / len(lines), 0.1)


def _mark(ax: Axes, table: Table, first: Axis, lines: Sequence[_Line]) -> float:
    """Marks along the top for points that have no steady state; returns the share of the height that they take."""
    marked = [line for line in lines if (table["status"][line.rows] != "ok").any()]
    row = min(_ROW, 0.3 / max(len(marked), 1))
    for number, line in enumerate(marked):
        status = table["status"][line.rows]
        x = first.places[first.codes[line.rows]] + _aside(first, lines, line)
        for mark, here in ((OVERLOADED, status == "overload"), (FAILED, _failed(status))):
            if not here.any():
                continue
            height = np.full(int(here.sum()), 0.98 - row * number)
            place = ax.get_xaxis_transform()
            (drawn,) = ax.plot(
                x[here], height, mark, transform=place, color=line.colour, markersize=5, mew=1.4, clip_on=False
            )
            drawn.set_in_layout(False)
    return row * len(marked) + 0.02 if marked else 0.0


def _failed(status: np.ndarray) -> np.ndarray:
    return (status == "does_not_fit") | (status == "refused") | (status == "error")


def _make_room(ax: Axes, scale: Scale) -> None:
    """Begin at zero, or on a logarithmic axis."""
    if scale.log:
        ax.set_yscale("log")
        return
    known = any(np.isfinite(line.get_ydata()).any() for line in ax.lines)
    ax.set_ylim(0, (ax.get_ylim()[1] or 1.0) if known else 1.0)
    few_ticks(ax)


def _leave_top(ax: Axes, scale: Scale, share: float) -> None:
    """Stretch the axis so that its values leave a share of the height free."""
    low, high = ax.get_ylim()
    ax.set_ylim(low, low * (high / low) ** (1 / (1 - share)) if scale.log else low + (high - low) / (1 - share))


def _marks_key(table: Table, lines: Sequence[_Line]) -> list[Line2D]:
    status = table["status"][np.concatenate([line.rows for line in lines])]
    keys = []
    if (status == "overload").any():
        keys.append(_key("overloaded: no steady state", marker=OVERLOADED, ls="", color=style.INK, mew=1.4))
    if _failed(status).any():
        keys.append(_key("does not fit, or failed", marker=FAILED, ls="", color=style.INK))
    return keys


def _key(text: str, **how: object) -> Line2D:
    return Line2D([], [], markersize=5, label=text[:48].replace("$", r"\$"), **how)  # type: ignore[arg-type]
