"""Scales and ticks of pictures of sweeps, from the names of figures and the levels of settings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from infersim.metrics.naming import named, unit_of_seconds
from infersim.plots.grid import Axis

_WIDE = 8.0
"""Values whose largest is so many times the smallest are on a logarithmic axis."""
_TICKS, _LETTERS = 9, 40


@dataclass(frozen=True)
class Scale:
    """How a figure's values are shown.

    Attributes:
        title: what it is.
        unit: as shown.
        size: SI units in one of those shown.
        log: on a logarithmic axis.
    """

    title: str
    unit: str
    size: float
    log: bool

    @property
    def words(self) -> str:
        """Title and unit in one."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


def scale_of(figure: str, values: np.ndarray) -> Scale:
    """The scale that fits a figure's values; NaN are passed over."""
    title, unit = named(figure)
    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 0.0)
    size = 1.0
    if unit == "share":
        return Scale(title, "%", 0.01, False)
    if unit == "s" and known.size:
        unit, size = unit_of_seconds(float(np.median(np.abs(known))))
    return Scale(title, unit, size, bool(low > 0 and high >= _WIDE * low))


def put_setting(ax: Axes, axis: Axis) -> None:
    """Make the horizontal axis a setting's."""
    few = len(axis.texts) <= _TICKS
    if axis.log:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_locator(LogLocator(subs=_steps(*axis.places[[0, -1]])))
    if axis.numbers is None or (few and (axis.log or len(axis.texts) <= _TICKS // 2)):
        step = 1 if few else -(-len(axis.texts) // _TICKS)
        texts = [text if len(text) <= 18 else f"{text[:17]}…" for text in axis.texts[::step]]
        ax.set_xticks(axis.places[::step], texts)
        if axis.numbers is None and sum(map(len, texts)) > _LETTERS:
            ax.tick_params(axis="x", rotation=25)
            for tick in ax.get_xticklabels():
                tick.set_horizontalalignment("right")
    else:
        ax.xaxis.set_major_formatter(FuncFormatter(plain))
    if axis.numbers is None:
        ax.set_xlim(-0.4, len(axis.texts) - 0.6)


def put_figure(ax: Axes, scale: Scale, which: str = "y") -> None:
    """Make one of a picture's axes that of a figure, whose values are drawn in the unit shown."""
    axis = ax.yaxis if which == "y" else ax.xaxis
    if scale.log:
        (ax.set_yscale if which == "y" else ax.set_xscale)("log")
        low, high = sorted(ax.get_ylim() if which == "y" else ax.get_xlim())
        axis.set_major_locator(LogLocator(subs=_steps(low, high)))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
    if scale.unit == "%":
        axis.set_major_locator(FixedLocator([tick for tick in axis.get_majorticklocs() if tick <= 100.0]))
    axis.set_major_formatter(FuncFormatter(plain))


def _steps(low: float, high: float) -> tuple[float, ...]:
    """Ticks in a decade of a logarithmic axis."""
    return (1.0, 2.0, 5.0) if high < 200 * low else (1.0,)


def put_levels(ax: Axes, across: Axis, up: Axis) -> None:
    """Ticks of a grid of cells, one a level of two settings; of many, some."""
    for axis, setting in ((ax.xaxis, across), (ax.yaxis, up)):
        count = len(setting.texts)
        step = -(-count // 12)
        axis.set_major_locator(FixedLocator([*range(0, count, step)]))
        axis.set_ticklabels([text[:18] for text in setting.texts[::step]])
    if sum(map(len, across.texts)) > _LETTERS and across.numbers is None:
        ax.tick_params(axis="x", rotation=25)


def few_ticks(ax: Axes) -> None:
    """At most six numbers up a linear axis."""
    ax.yaxis.set_major_locator(MaxNLocator(6))


def plain(value: float, _: object = None) -> str:
    """A number in few digits, without powers of ten where they can be helped."""
    if abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e6 else f"{value / 1e6:.4g}M"
    return f"{value:.4g}"
