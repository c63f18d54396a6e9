"""The Pareto front of two figures: the points of a sweep that none beats in both, named by their settings."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infersim.metrics.naming import Direction, lower_first
from infersim.plots import style
from infersim.plots.grid import Axis, Layout, Table, ends, settings
from infersim.plots.scales import Scale, put_figure, scale_of

_NAMED, _LETTERS = 14, 64
"""Points of the front that are named, and letters of a line of their names."""
_WORSE = "#b8c2cf"


@dataclass(frozen=True)
class Side:
    """One of the two figures.

    Attributes:
        name: its path.
        values: by row; NaN where a point has no steady state.
        better: which way.
    """

    name: str
    values: np.ndarray
    better: Direction


def front(x: np.ndarray, y: np.ndarray, x_better: Direction, y_better: Direction) -> np.ndarray:
    """Rows that no other is at least as good as in both and better than in one, by x from its good end.

    Args:
        x, y: values; rows with NaN are passed over.
        x_better, y_better: which way each is better.
    """
    known = np.flatnonzero(~(np.isnan(x) | np.isnan(y)))
    bad_x = x[known] if x_better == "lower" else -x[known]
    bad_y = y[known] if y_better == "lower" else -y[known]
    order = np.lexsort((bad_y, bad_x))
    bad_x, bad_y = bad_x[order], bad_y[order]
    before = np.concatenate([[np.inf], np.minimum.accumulate(bad_y)[:-1]]) if len(order) else bad_y
    same = np.zeros(len(order), dtype=bool)
    same[1:] = (bad_x[1:] == bad_x[:-1]) & (bad_y[1:] == bad_y[:-1])
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))  # equal points stand or fall together
    return known[order][(bad_y < before)[first]]


def pareto_page(table: Table, layout: Layout, x: Side, y: Side, title: str = "") -> Figure:
    """Every point that has both figures, and the front as numbered steps with a list of what the numbers are.

    Args:
        table: a sweep's.
        layout: its axes.
        x, y: the figures; some point has both.
        title: of the page.
    """
    rows = front(x.values, y.values, x.better, y.better)
    made, (ax, side) = style.figure(1, 2, 11.5, 5.2)
    places = made.add_gridspec(1, 2, width_ratios=(8, 5))
    ax.set_subplotspec(places[0])
    side.set_subplotspec(places[1])
    both = ~(np.isnan(x.values) | np.isnan(y.values))
    scales = tuple(scale_of(each.name, each.values[both]) for each in (x, y))
    points = [each.values / scale.size for each, scale in zip((x, y), scales, strict=True)]
    beaten = both.copy()
    beaten[rows] = False
    ax.scatter(points[0][beaten], points[1][beaten], s=22, color=_WORSE, lw=0, label="beaten by a point of the front")
    ax.step(points[0][rows], points[1][rows], where="post", color=style.BLUE, lw=1.3, alpha=0.6)
    _intervals(ax, table, x, y, rows, scales)
    ax.scatter(points[0][rows], points[1][rows], s=34, color=style.BLUE, lw=0, zorder=3, label="front")
    numbers = _numbers(x.values[rows], y.values[rows])
    _ends(ax, scales)
    _number(ax, points, rows, numbers)
    words = [f"{scale.words}, {each.better} is better" for each, scale in zip((x, y), scales, strict=True)]
    style.title(ax, f"{scales[1].title} against {lower_first(scales[0].title)}", *words)
    ax.legend(fontsize=8, frameon=False, labelcolor=style.INK)
    left_out = int((~both).sum())
    _list(side, [*layout.axes, *layout.scattered], rows, numbers, left_out)
    style.page_title(made, title)
    return made


def _intervals(ax: Axes, table: Table, x: Side, y: Side, rows: np.ndarray, scales: Sequence[Scale]) -> None:
    """95% intervals of the front's points, as crosses."""
    at = [each.values[rows] / scale.size for each, scale in zip((x, y), scales, strict=True)]
    errors = []
    for each, scale, middle in zip((x, y), scales, at, strict=True):
        low, high = (np.nan_to_num(end[rows] / scale.size - middle) for end in ends(table, each.name))
        errors.append([np.clip(-low, 0, 0.8 * np.abs(middle) if scale.log else None), high.clip(0)])
    ax.errorbar(at[0], at[1], xerr=errors[0], yerr=errors[1], fmt="none", ecolor=style.BLUE, elinewidth=1, alpha=0.4)


def _ends(ax: Axes, scales: Sequence[Scale]) -> None:
    for which, scale in zip("xy", scales, strict=True):
        put_figure(ax, scale, which)
        if not scale.log:
            (ax.set_xlim if which == "x" else ax.set_ylim)(0, None)
    ax.margins(0.08)


def _numbers(x: np.ndarray, y: np.ndarray) -> list[int]:
    """Numbers of the front's points from 1; equal points share one."""
    step = np.ones(len(x), dtype=int)
    step[1:] = (np.diff(x) != 0) | (np.diff(y) != 0)
    return np.cumsum(step).tolist()


def _number(ax: Axes, points: Sequence[np.ndarray], rows: np.ndarray, numbers: Sequence[int]) -> None:
    for number, row in dict(zip(numbers[::-1], rows[::-1].tolist(), strict=True)).items():
        if number <= _NAMED:
            how = {"textcoords": "offset points", "fontsize": 8.5, "color": style.INK, "fontweight": "bold"}
            ax.annotate(str(number), (points[0][row], points[1][row]), xytext=(5, 5), **how)  # type: ignore[arg-type]


def _list(ax: Axes, axes: Sequence[Axis], rows: np.ndarray, numbers: Sequence[int], left_out: int) -> None:
    """What the numbers are; what all of the front share is said once."""
    ax.set_axis_off()
    shared = [axis for axis in axes if len({*axis.codes[rows].tolist()}) == 1]
    told = [axis for axis in axes if axis not in shared] or [*axes]
    lines = []
    for number in sorted({*numbers})[:_NAMED]:
        mine = [row for row, each in zip(rows.tolist(), numbers, strict=True) if each == number]
        same = f" (+ {len(mine) - 1} alike)" if len(mine) > 1 else ""
        text = ", ".join(settings(told, mine[0])) + same
        lines += textwrap.wrap(text, _LETTERS, initial_indent=f"{number}   ", subsequent_indent="       ")
    if max(numbers) > _NAMED:
        lines.append(f"    and {max(numbers) - _NAMED} more")
    if shared and told != [*axes]:
        lines += ["", *textwrap.wrap(f"all: {', '.join(settings(shared, int(rows[0])))}", _LETTERS)]
    if left_out:
        lines += ["", f"left out, without a steady state or a figure: {left_out:,}"]
    how = {"va": "top", "fontsize": 8.5, "color": style.INK, "parse_math": False, "linespacing": 1.5}
    ax.text(0.0, 0.97, "\n".join(lines), transform=ax.transAxes, **how)  # type: ignore[arg-type]
    ax.set_title("The front", loc="left", fontsize=10, color=style.INK, fontweight="bold")
