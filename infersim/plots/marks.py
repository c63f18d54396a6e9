"""Lines of a sweep's picture, how they are told apart, and the marks of points that have no value to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation, Transform

from infersim.plots import legend, style
from infersim.plots.grid import Axis, Table

Dashes = str | tuple[float, tuple[float, ...]]
DASHES: tuple[Dashes, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
MARKERS = ("o", "s", "D", "^")
"""Of values, one for each kind of dashes, so that a lone point shows its kind, too."""
OVERLOADED, FAILED = "x", "v"
PARTIAL = ("budget", "unfinished")
"""Points that have figures of fewer replications than were asked for: drawn hollow."""
_ROW_PT = 5.5
"""Height of a row of marks."""
_STRIP = "#f0f2f5"


@dataclass(frozen=True)
class Line:
    """Rows that a line joins, along the first axis; its colour, and the number of its dashes and of itself."""

    rows: np.ndarray
    colour: str
    kind: int
    number: int

    @property
    def dashes(self) -> Dashes:
        return DASHES[self.kind]

    @property
    def marker(self) -> str:
        return MARKERS[self.kind]


def aside(first: Axis, lines: Sequence[Line], line: Line) -> float:
    """How far a line's points stand beside a name, so that those of several do not hide each other."""
    if first.numbers is not None:
        return 0.0
    return (line.number - (len(lines) - 1) / 2) * min(0.7 / len(lines), 0.1)


def mark(ax: Axes, table: Table, first: Axis, lines: Sequence[Line]) -> None:
    """Marks above the panel for points that have no steady state: a row a colour, its dashes side by side."""
    marked = [line for line in lines if _lost(table["status"][line.rows]).any()]
    rows = [*dict.fromkeys(line.colour for line in marked)][::-1]  # from below: the first colour is on top
    if not rows:
        return
    kinds = 1 + max(line.kind for line in lines)
    _strip(ax, len(rows))
    for line in marked:
        status = table["status"][line.rows]
        x = first.places[first.codes[line.rows]] + aside(first, lines, line)
        right = 0.0 if first.numbers is None else (line.kind - (kinds - 1) / 2) * _ROW_PT
        place = _above(ax, right, (rows.index(line.colour) + 0.5) * _ROW_PT, ax.get_xaxis_transform())
        for mark, here in ((OVERLOADED, status == "overload"), (FAILED, _failed(status))):
            if here.any():
                top = np.ones(int(here.sum()))
                how: dict[str, Any] = {"color": line.colour, "markersize": 3.6, "mew": 1.1, "clip_on": False}
                ax.plot(x[here], top, mark, transform=place, **how)[0].set_in_layout(False)
    style.head(ax, ax.get_title("left"), len(rows) * _ROW_PT)


def _strip(ax: Axes, rows: int) -> None:
    """The ground of the marks, which is no part of the panel."""
    middle = _above(ax, 0.0, rows * _ROW_PT / 2, ax.transAxes)
    how: dict[str, Any] = {"lw": rows * _ROW_PT, "solid_capstyle": "butt", "clip_on": False, "zorder": 0}
    ax.plot([0, 1], [1, 1], color=_STRIP, transform=middle, **how)[0].set_in_layout(False)


def _above(ax: Axes, right_pt: float, up_pt: float, base: Transform) -> Transform:
    """Places moved by points of the page."""
    scale = ax.get_figure().dpi_scale_trans  # type: ignore[union-attr]
    return base + ScaledTranslation(right_pt / 72, up_pt / 72, scale)


def _lost(status: np.ndarray) -> np.ndarray:
    return (status == "overload") | _failed(status)


def _failed(status: np.ndarray) -> np.ndarray:
    return (status == "does_not_fit") | (status == "refused") | (status == "error")


def marks_key(table: Table, lines: Sequence[Line]) -> list[Line2D]:
    drawn = np.concatenate([line.rows for line in lines])
    status, keys = table["status"][drawn], []
    if (status == "overload").any():
        keys.append(legend.key("overloaded: no steady state", marker=OVERLOADED, ls="", color=style.INK, mew=1.4))
    if _failed(status).any():
        keys.append(legend.key("does not fit, or failed", marker=FAILED, ls="", color=style.INK))
    partial = np.isin(status.astype(str), PARTIAL)
    if partial.any():
        none = int((partial & (table["replications"][drawn] == 0)).sum())
        text = "fewer replications than asked for" + (f"; {none:,} without any" if none else "")
        keys.append(legend.key(text, marker="o", ls="", color=style.INK, mfc="white", mew=1.2))
    return keys
