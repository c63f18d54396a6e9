"""Predicted against measured figures: a panel a figure, both axes logarithmic, a colour a group."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from infersim.plots import style

COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.RED, "#0e8ca5", "#a3781c", "#c2448f")
"""Colours of the groups with most points; the others share one."""
OTHERS = "other groups"
BAND = 0.2
"""The dashed lines are so far off the measured value."""
WIDEST = 4
"""Panels side by side, at most."""


def plot_scatter(
    measured: np.ndarray,
    predicted: np.ndarray,
    groups: Sequence[str],
    doubtful: np.ndarray,
    name: str,
    colours: Mapping[str, str],
    ax: Axes | None = None,
) -> Axes:
    """One figure, predicted against measured.

    Args:
        measured, predicted: its values; pairs with NaN or zero are left out.
        groups: of each pair, a key of `colours`.
        doubtful: pairs that are drawn as crosses.
        name: of the figure.
        colours: by group, in the order of the legend.
        ax: where to draw.
    """
    ax = style.own_axes(ax)
    ax.set_xscale("log")
    ax.set_yscale("log")
    shown = (measured > 0) & (predicted > 0)
    named = np.array(groups, dtype=object)
    for group, colour in colours.items():
        here = shown & (named == group)
        sure, unsure = here & ~doubtful, here & doubtful
        ax.scatter(measured[sure], predicted[sure], s=14, color=colour, alpha=0.65, lw=0)
        ax.scatter(measured[unsure], predicted[unsure], s=16, color=colour, alpha=0.6, marker="x", lw=0.8)
    if shown.any():
        both = np.concatenate([measured[shown], predicted[shown]])
        low, high = both.min() / 1.3, both.max() * 1.3
        for factor, dashes in ((1.0, "-"), (1.0 + BAND, (0, (4, 3))), (1.0 - BAND, (0, (4, 3)))):
            ax.plot([low, high], [low * factor, high * factor], color=style.MUTED, lw=0.9, ls=dashes, zorder=1)
        ax.set_xlim(low, high)
        ax.set_ylim(low, high)
        if high < 10.0 * low:
            _plain_ticks(ax)
    ax.set_box_aspect(1)
    style.title(ax, f"{name} ({int(shown.sum())})", "measured", "predicted")
    return ax


def _plain_ticks(ax: Axes) -> None:
    """Few plain numbers along axes that span less than a decade."""
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter("{x:g}")


def scatter_page(
    figures: Mapping[str, tuple[np.ndarray, np.ndarray]], groups: Sequence[str], doubtful: np.ndarray, title: str
) -> Figure:
    """All figures on one page, with the groups' colours at the foot.

    Args:
        figures: measured and predicted values by name; those with nothing to draw are left out.
        groups: of each row; empty text where rows are in none.
        doubtful: rows that are drawn as crosses.
        title: of the page.
    """
    pairs = {name: (measured > 0) & (predicted > 0) for name, (measured, predicted) in figures.items()}
    seen = np.any([*pairs.values()], axis=0)
    some = [name for name, pair in pairs.items() if pair.any()] or [*pairs][:1]
    figures = {name: figures[name] for name in some}
    counts = Counter(sorted(group for group, is_seen in zip(groups, seen, strict=True) if is_seen))
    most = sorted(group for group, _ in counts.most_common(len(COLOURS)))
    colours = dict(zip(most, COLOURS, strict=False)) | ({OTHERS: style.MUTED} if len(counts) > len(most) else {})
    drawn = [group if group in most else OTHERS for group in groups]
    across = min(len(figures), WIDEST)
    down = math.ceil(len(figures) / across)
    foot_in = 0.2 * math.ceil(len(colours) / 2 + 1)
    made, axes = style.figure(down, across, 3.6 * max(across, 2), 3.9 * down + 0.6 + foot_in)
    for ax, (name, (measured, predicted)) in zip(axes, figures.items(), strict=False):
        plot_scatter(measured, predicted, drawn, doubtful, name, colours, ax)
    for ax in axes[len(figures) :]:
        ax.set_visible(False)
    style.page_title(made, title)
    named = {group: colour for group, colour in colours.items() if group}
    _legend(made, named, bool((doubtful & seen).any()))
    return made


def _legend(made: Figure, colours: Mapping[str, str], crosses: bool) -> None:
    from matplotlib.lines import Line2D

    entries = [
        Line2D([], [], marker="o", ls="", color=colour, markersize=5, label=group[:60].replace("$", r"\$"))
        for group, colour in colours.items()
    ]
    if crosses:
        entries.append(Line2D([], [], marker="x", ls="", color=style.MUTED, markersize=5, label="suspect"))
    entries.append(Line2D([], [], color=style.MUTED, lw=0.9, ls=(0, (4, 3)), label=f"±{BAND:.0%}"))
    made.legend(handles=entries, loc="outside lower left", ncols=2, fontsize=8, frameon=False)
