"""How pictures look: one palette, quiet axes, no pyplot state."""

from __future__ import annotations

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, GRID = "#1f2933", "#697586", "#e3e8ee"
BLUE, ORANGE, GREEN, PURPLE, RED = "#2563eb", "#ea7a16", "#15925f", "#8b45c7", "#c62828"


class Picture(Figure):
    """A figure that notebooks show, though it belongs to nobody's pyplot session."""

    def _repr_png_(self) -> bytes:
        shown = io.BytesIO()
        self.savefig(shown, format="png", dpi=90)
        return shown.getvalue()


def figure(rows: int, columns: int, width_in: float, height_in: float) -> tuple[Figure, list[Axes]]:
    """A figure with a grid of axes, row by row, that belongs to nobody's pyplot session."""
    made = Picture(figsize=(width_in, height_in), layout="constrained", facecolor="white")
    axes = [made.add_subplot(rows, columns, i + 1) for i in range(rows * columns)]
    for ax in axes:
        dress(ax)
    return made, axes


def own_axes(ax: Axes | None) -> Axes:
    """The axes given, or new ones on a figure of their own."""
    return ax if ax is not None else figure(1, 1, 6.0, 3.6)[1][0]


def dress(ax: Axes) -> None:
    """Quiet frame and grid."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(MUTED)
    ax.tick_params(colors=MUTED, labelsize=8)
    ax.grid(True, color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)


def right_axis(ax: Axes, unit: str, colour: str) -> Axes:
    """A second axis on the right, in the colour of what it measures."""
    right = ax.twinx()
    for spine in right.spines.values():
        spine.set_visible(False)
    right.tick_params(labelsize=8, colors=colour)
    right.set_ylabel(unit, fontsize=8, color=colour)
    return right


def page_title(made: Figure, text: str, size: float = 11) -> None:
    """What stands above all panels; nothing in it is read as mathematics."""
    made.suptitle(text, x=0.01, ha="left", fontsize=size, color=INK, parse_math=False)


def title(ax: Axes, text: str, unit_x: str, unit_y: str) -> None:
    """Title and axis labels in one style."""
    head(ax, text)
    ax.set_xlabel(unit_x, fontsize=8, color=MUTED)
    ax.set_ylabel(unit_y, fontsize=8, color=MUTED)


def head(ax: Axes, text: str, above_pt: float = 0.0) -> None:
    """A title, so far above its usual place."""
    ax.set_title(text, loc="left", fontsize=10, color=INK, fontweight="bold", pad=6.0 + above_pt)
