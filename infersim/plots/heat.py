"""A figure over two axes: a cell a setting; what has no steady state is said in its cell, not coloured."""

from __future__ import annotations

import math

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from infersim.metrics.naming import better
from infersim.plots import style
from infersim.plots.grid import Layout, Table, figure_values, kinds, rows_of, said
from infersim.plots.scales import Scale, plain, put_levels, scale_of

_PANELS = 6
_WORDS = {"overload": "overload", "does_not_fit": "no fit", "refused": "–", "error": "error", "budget": "budget"}
_NUMBERED = 150
"""Cells of a panel that have room for their numbers."""


def heat_page(table: Table, layout: Layout, figure: str, title: str = "") -> Figure:
    """A panel, or one a setting of the axes beyond two, all in the same colours.

    Args:
        table: a sweep's.
        layout: at least two axes: the first across, the second up.
        figure: its path; some value is known.
        title: of the page.
    """
    across, up, *others = layout.axes
    values = figure_values(table, figure)
    every = kinds(others)
    shown = every[:_PANELS]
    columns = 2 if len(shown) in (2, 4) else min(len(shown), 3)
    down = math.ceil(len(shown) / columns)
    wide = min(max(0.62 * len(across.texts) + 1.6, 4.2), 7.5)
    high = min(max(0.42 * len(up.texts) + 1.2, 2.6), 6.0)
    made, panels = style.figure(down, columns, wide * columns + 1.0, high * down + 0.5)
    scale = scale_of(figure, values)
    known = values[np.isfinite(values)] / scale.size
    norm = (LogNorm if scale.log else Normalize)(known.min(), known.max())
    colours = matplotlib.colormaps["YlGnBu" if better(figure) == "higher" else "YlOrRd"]
    for ax, kind in zip(panels, shown, strict=False):
        rows = rows_of(others, kind, np.ones(len(values), dtype=bool))
        _cells(ax, table, layout, values / scale.size, rows, norm, colours)
        style.title(ax, ", ".join(map(said, others, kind)) or ("" if title else scale.title), across.words, up.words)
    for ax in panels[len(shown) :]:
        ax.set_visible(False)
    _bar(made, panels[: len(shown)], scale, norm, colours)
    more = f" (first {len(shown)} of {len(every)} settings)" if len(every) > len(shown) else ""
    first, *rest = title.split("\n")
    head = "\n".join([f"{first}: {scale.title}{more}" if title else scale.title + more, *rest])
    if title or others:
        style.page_title(made, head)
    return made


def _cells(
    ax: Axes, table: Table, layout: Layout, values: np.ndarray, rows: np.ndarray, norm: Normalize,
    colours: matplotlib.colors.Colormap,
) -> None:  # fmt: skip
    across, up = layout.axes[:2]
    cells = np.full((len(up.texts), len(across.texts)), np.nan)
    cells[up.codes[rows], across.codes[rows]] = values[rows]
    ax.set_facecolor("#f3f5f8")
    ax.imshow(cells, origin="lower", aspect="auto", norm=norm, cmap=colours)
    ax.grid(False)
    put_levels(ax, across, up)
    if cells.size > _NUMBERED:
        return
    for row in np.flatnonzero(rows):
        at = (int(across.codes[row]), int(up.codes[row]))
        value, status = values[row], table["status"][row]
        text = _WORDS.get(status, "") if math.isnan(value) else plain(float(f"{value:.3g}"))
        light = math.isnan(value) or norm(value) < 0.6
        ink = style.MUTED if math.isnan(value) else style.INK if light else "white"
        ax.text(*at, text, ha="center", va="center", fontsize=8, color=ink)


def _bar(made: Figure, panels: list[Axes], scale: Scale, norm: Normalize, colours: object) -> None:
    shades = matplotlib.cm.ScalarMappable(norm, colours)  # type: ignore[arg-type]
    bar = made.colorbar(shades, ax=panels, pad=0.02, fraction=0.05, format=plain)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, colors=style.MUTED, which="both")
    bar.set_label(scale.unit, fontsize=8, color=style.MUTED)
