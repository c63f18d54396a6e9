"""Latency and attainment against load, with the capacity and the saturation point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from infersim.plots import legend
from infersim.plots.scales import Scale, few_ticks, put_figure, scale_of
from infersim.plots.style import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, RED, figure, title
from infersim.units import show_seconds

Figures = dict[str, Any]
DOTS = (0, (2, 2))
_DASHES = (0, (5, 3))
_GOALS = (GREEN, BLUE, ORANGE, RED)
_SLO = {"ttft_s": "TTFT", "tpot_s": "TPOT", "e2e_s": "E2E"}
_PANELS = (("ttft_s", "Time to first token"), ("tpot_s", "Time per output token"))


def curve_picture(
    figures: Figures, points: Sequence[dict[str, Any]], titles: Sequence[str], besides_per_s: float | None = None
) -> Figure:
    """Panels side by side: TTFT, TPOT, throughput, attainment.

    Args:
        figures: what `Curve.summary()` returns.
        points: those of its points that are shown.
        titles: lines above.
        besides_per_s: requests that come besides the load [1/s], so that what is sent can be drawn, too; None where the
            load does not count requests.
    """
    made, axes = figure(2, 2, 11.0, 8.2)
    clients = figures["load"]["unit"] == "clients"
    unit = "clients" if clients else f"load [{figures['load']['unit'].replace('_per_s', '/s')}]"
    x = np.array([point["clients"] if clients else point["rate_per_s"] for point in points], dtype=float)
    short = np.array([not point["whole_runs"] for point in points], dtype=bool)
    for ax, (name, label) in zip(axes, _PANELS, strict=False):
        shown = _latency(ax, x, points, name, short)
        title(ax, label, unit, shown.unit)
        _asked(ax, figures["slo"], name, shown)
    _throughput(axes[2], x, points, besides_per_s, short)
    title(axes[2], "Throughput", unit, "requests/s")
    _attainment(axes[3], x, points, figures, short)
    title(axes[3], "Requests that meet the SLO", unit, "%")
    end = 1.04 * max(x.max(initial=1.0), figures["saturation_requests_per_s"] or 0.0 if not clients else 0.0)
    for ax in axes:
        _mark(ax, figures, clients)
        ax.set_xlim(0, end)
    legend.put(made, [*_keys(axes), *_marks_keys(figures, clients, bool(short.any()))])
    made.suptitle("\n".join(titles), x=0.01, ha="left", fontsize=10, color=INK)
    return made


def _latency(ax: Axes, x: np.ndarray, points: Sequence[dict[str, Any]], name: str, short: np.ndarray) -> Scale:
    """p50 and p99 with their bands; nothing where there is no steady state. Returns how values are shown."""
    every = _numbers([point[name][of] for point in points for of in ("p50", "p99")])
    scale = scale_of(f"{name}.p99", every)
    for of, colour in (("p99", ORANGE), ("p50", BLUE)):
        values = _numbers([point[name][of] for point in points]) / scale.size
        bounds = [((point["ci95_s"] or {}).get(name) or {}).get(of) or (None, None) for point in points]
        low, high = (_numbers([bound[side] for bound in bounds]) / scale.size for side in (0, 1))
        _line(ax, x, values, short, colour, f"{of}, 95% band")
        for kind in (short, ~short):
            band = ~np.isnan(values) & ~np.isnan(low) & kind
            floor = np.maximum(low[band], values[band] / 10 if scale.log else 0.0)
            ax.fill_between(x[band], floor, high[band], color=colour, alpha=0.18, linewidth=0)
    if np.isnan(every).all():
        ax.set_yticks([])  # outputs of one token have no TPOT, and overload has no latency
        return scale
    if not scale.log:
        ax.set_ylim(bottom=0)
        few_ticks(ax)
    put_figure(ax, scale)
    return scale


def _line(ax: Axes, x: np.ndarray, values: np.ndarray, short: np.ndarray, colour: str, label: str | None) -> None:
    """Loads joined; those of short runs are hollow and not joined: they begin too empty to go with whole ones."""
    known = ~np.isnan(values)
    whole, rest = known & ~short, known & short
    ax.plot(x[whole], values[whole], "o-", color=colour, linewidth=1.8, markersize=4, label=label)
    ax.plot(x[rest], values[rest], "o", color=colour, mfc="white", mew=1.2, markersize=4.5)


def _asked(ax: Axes, goals: Sequence[dict[str, Any]], name: str, scale: Scale) -> None:
    """Lines at the bounds that the panel has, which are named above it at the right."""
    bounds = sorted({(goal[name], goal["attainment"]) for goal in goals if goal.get(name)})
    for bound, _ in bounds:
        if bound / scale.size <= 3 * ax.get_ylim()[1]:
            ax.axhline(bound / scale.size, color=MUTED, linewidth=1.0, linestyle=DOTS)
    if bounds:
        told = ", ".join(f"{show_seconds(bound)} for {100 * share:g}%" for bound, share in bounds)
        ax.set_title(f"asked: {told}", loc="right", fontsize=8, color=MUTED)


def _throughput(
    ax: Axes, x: np.ndarray, points: Sequence[dict[str, Any]], besides_per_s: float | None, short: np.ndarray
) -> None:
    """Requests served, overloaded points, too; beyond saturation they stay behind those that are sent."""
    served = _numbers([point["throughput"]["requests_per_s"] for point in points])
    if besides_per_s is not None and x.size:
        ends = np.array([0.0, x.max()])
        ax.plot(ends, ends + besides_per_s, color=MUTED, linewidth=1.2, linestyle=(0, (5, 2)), label="sent")
    _line(ax, x, served, short, PURPLE, "served")
    ax.set_ylim(bottom=0)


def _attainment(ax: Axes, x: np.ndarray, points: Sequence[dict[str, Any]], figures: Figures, short: np.ndarray) -> None:
    """The share of requests that meet each goal."""
    for number, (asked, colour) in enumerate(zip(figures["slo"], _GOALS * len(figures["slo"]), strict=False)):
        each = [point["goals"][number] for point in points]
        values = 100.0 * _numbers([one["attainment"] for one in each])
        low, high = (100.0 * _numbers([(one["ci95"] or (None, None))[side] for one in each]) for side in (0, 1))
        _line(ax, x, values, short, colour, _goal(asked))
        band = ~np.isnan(low)
        ax.fill_between(x[band], low[band].clip(0, 100), high[band].clip(0, 100), color=colour, alpha=0.18, linewidth=0)
    shares = sorted({100.0 * asked["attainment"] for asked in figures["slo"]})
    for share in shares:
        ax.axhline(share, color=MUTED, linewidth=1.0, linestyle=DOTS)
    if shares:
        ax.set_title(f"asked: {', '.join(f'{share:g}%' for share in shares)}", loc="right", fontsize=8, color=MUTED)
    ax.set_ylim(0, 104)


def _goal(asked: dict[str, Any]) -> str:
    """`chat: TTFT 400 ms`."""
    bounds = [f"{word} {show_seconds(asked[key])}" for key, word in _SLO.items() if asked.get(key)]
    return f"{asked['class']}: {', '.join(bounds)}"


def _mark(ax: Axes, figures: Figures, clients: bool) -> None:
    """Vertical lines at the capacity, with its interval, and at saturation."""
    capacity = figures["capacity_clients" if clients else "capacity_requests_per_s"]
    if capacity is not None:
        ax.axvline(capacity, color=GREEN, linewidth=1.4)
        if figures["ci95"] and not clients:
            ax.axvspan(*figures["ci95"], color=GREEN, alpha=0.12, linewidth=0)
    saturation = None if clients else figures["saturation_requests_per_s"]
    if saturation is not None:
        ax.axvspan(saturation, 1e9, color=RED, alpha=0.05, linewidth=0)
        if figures["limited_by"] != "saturation":
            ax.axvline(saturation, color=RED, linewidth=1.2, linestyle=_DASHES)


def _keys(axes: Sequence[Axes]) -> list[Line2D]:
    """Keys of the lines of all panels, each once."""
    found: dict[str, Line2D] = {}
    for ax in axes:
        for line in ax.lines:
            label = str(line.get_label())
            if not label.startswith("_") and label not in found:
                marker = str(line.get_marker())
                how = {"ls": line.get_linestyle(), "lw": 1.8, "marker": "" if marker == "None" else marker}
                found[label] = legend.key(label, color=line.get_color(), **how)
    return [*found.values()]


def _marks_keys(figures: Figures, clients: bool, short: bool) -> list[Line2D]:
    """Keys of capacity and saturation, and of short runs where there are some."""
    capacity = figures["capacity_clients" if clients else "capacity_requests_per_s"]
    saturation = None if clients else figures["saturation_requests_per_s"]
    both = figures["limited_by"] == "saturation"
    keys = []
    if capacity is not None:
        keys.append(legend.key(f"capacity{' = saturation' if both else ''} {capacity:.3g}", color=GREEN, lw=1.6))
    if saturation is not None and not both:
        keys.append(legend.key(f"saturation {saturation:.3g}", color=RED, lw=1.4, ls=_DASHES))
    if short:
        keys.append(legend.key("short runs: rougher", color=MUTED, marker="o", ls="", mfc="white", mew=1.2))
    return keys


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)
