"""A figure of a sweep against its first axis: a line for each setting of the others, with 95% bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from infersim.plots import style

_MOST_LINES, _BAND = 8, 0.15


def lines_by_axis(table: Mapping[str, np.ndarray], paths: Sequence[str], figure: str) -> Figure:
    """One figure of a result table.

    Args:
        table: its columns.
        paths: those that are scenario paths; the first is the horizontal axis.
        figure: without its prefix, in its unit.
    """
    page, (axes,) = style.figure(1, 1, 8.0, 5.0)
    style.title(axes, figure, paths[0] if paths else "point", figure)
    across = table[paths[0]] if paths else table["point"]
    values = table.get(f"simulated.{figure}", np.full(len(across), np.nan))
    others: dict[str, list[int]] = {}
    for row in range(len(across)):
        setting = ", ".join(f"{path.split('.')[-1]} = {table[path][row]}" for path in paths[1:])
        others.setdefault(setting, []).append(row)
    for setting, rows in [*others.items()][:_MOST_LINES]:
        line = axes.plot(across[rows], values[rows], marker="o", label=setting)[0]
        if f"ci95_low.{figure}" in table:
            low, high = (table[f"{end}.{figure}"][rows] for end in ("ci95_low", "ci95_high"))
            axes.fill_between(across[rows], low, high, color=line.get_color(), alpha=_BAND)
    if len(others) > 1:
        axes.legend()
    return page
