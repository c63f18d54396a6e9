"""What experiments share: a study swept, its table made compact, lines with bands, both files written."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import infersim as sim
from infersim.plots.style import BLUE, GREEN, ORANGE, PURPLE

COLOURS = (BLUE, ORANGE, GREEN, PURPLE)


def remake(script: str, figures: Sequence[str], draw: Callable[[pd.DataFrame], Figure]) -> None:
    """Sweep the study beside a script; write results.csv and picture.png there, or into the folder on its command line.

    Args:
        script: its `__file__`.
        figures: fields of `infersim run --json` that the table keeps, each with its 95% interval.
        draw: the picture of that table.
    """
    home = Path(script).parent
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else home
    folder.mkdir(parents=True, exist_ok=True)
    found = sim.sweep(home / "study.yaml", jobs=os.cpu_count() or 1)
    kept = [f"{part}.{figure}" for figure in figures for part in ("simulated", "ci95_low", "ci95_high")]
    table = found.to_dataframe()[[*found.paths, "replications", "status", "reason", *kept]]
    table.to_csv(folder / "results.csv", index=False, float_format="%.6g", lineterminator="\n")
    draw(table).savefig(folder / "picture.png", dpi=110, metadata={"Software": None})
    print(found.page(120))


def lines(ax: Axes, table: pd.DataFrame, x: str, figure: str, by: str, said: str, scale: float = 1) -> None:
    """A figure against a path, a line with its 95% band for each value of another; overloaded points are left out."""
    for colour, (value, all_rows) in zip(COLOURS, table.groupby(by, sort=False), strict=False):
        rows = all_rows[all_rows.status == "ok"]
        ax.plot(rows[x], scale * rows[f"simulated.{figure}"], "o-", ms=3.5, color=colour, label=said.format(value))
        low, high = (scale * rows[f"{end}.{figure}"] for end in ("ci95_low", "ci95_high"))
        if figure.endswith("fraction"):
            high = high.clip(upper=scale)  # no share is above all
        low = low.clip(lower=0)
        ax.fill_between(rows[x], low, high, color=colour, alpha=0.18, linewidth=0)
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=8)
