"""Latency and attainment against load, with the capacity and the saturation point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from infersim.plots.style import BLUE, GREEN, INK, MUTED, ORANGE, RED, figure, title
from infersim.units import show_seconds

Figures = dict[str, Any]
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
    made, axes = figure(1, 4, 16.5, 4.3)
    clients = figures["load"]["unit"] == "clients"
    unit = "clients" if clients else f"load [{figures['load']['unit'].replace('_per_s', '/s')}]"
    x = np.array([point["clients"] if clients else point["rate_per_s"] for point in points], dtype=float)
    for ax, (name, label) in zip(axes, _PANELS, strict=False):
        _latency(ax, x, points, name)
        title(ax, label, unit, "")
        for bound, share in sorted({(each[name], each["attainment"]) for each in figures["slo"] if each.get(name)}):
            if bound <= ax.get_ylim()[1] * 3 and bound >= ax.get_ylim()[0] / 3:
                ax.axhline(bound, color=MUTED, linewidth=1.0, linestyle=(0, (2, 2)))
                _beside(ax, bound, share)
    _throughput(axes[2], x, points, besides_per_s)
    title(axes[2], "Throughput", unit, "requests/s")
    _attainment(axes[3], x, points, figures)
    title(axes[3], "Requests that meet the SLO", unit, "")
    end = 1.04 * max(x.max(initial=1.0), figures["saturation_requests_per_s"] or 0.0 if not clients else 0.0)
    for ax in axes:
        _mark(ax, figures, clients)
        ax.set_xlim(0, end)
    axes[0].legend(frameon=False, fontsize=8, loc="upper left", labelcolor=INK)
    made.suptitle("\n".join(titles), x=0.01, ha="left", fontsize=10, color=INK)
    return made


def _latency(ax: Axes, x: np.ndarray, points: Sequence[dict[str, Any]], name: str) -> None:
    """p50 and p99 with their bands; nothing where there is no steady state."""
    for of, colour in (("p99", ORANGE), ("p50", BLUE)):
        values = _numbers([point[name][of] for point in points])
        bounds = [((point["ci95_s"] or {}).get(name) or {}).get(of) or (None, None) for point in points]
        low, high = (_numbers([bound[side] for bound in bounds]) for side in (0, 1))
        known = ~np.isnan(values)
        ax.plot(x[known], values[known], "o-", color=colour, linewidth=1.8, markersize=4, label=f"{of}, 95% band")
        band = known & ~np.isnan(low)
        floor = np.maximum(low[band], values[band] / 10)  # an interval that reaches 0 has no end on this axis
        ax.fill_between(x[band], floor, high[band], color=colour, alpha=0.18, linewidth=0)
    if all(point[name]["p99"] is None for point in points):
        ax.set_yticks([])  # outputs of one token have no TPOT, and overload has no latency
        return
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show_seconds(value)))
    low_s, high_s = ax.get_ylim()
    digits = "25" if high_s > 5 * low_s else "23456789"
    ax.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: show_seconds(value) if _digit(value) in digits else ""))
    ax.tick_params(axis="y", which="minor", labelsize=7, colors=MUTED)


def _beside(ax: Axes, bound: float, share: float) -> None:
    """The name of a bound's line, above it at the right."""
    ax.annotate(
        f"{show_seconds(bound)} asked for {100 * share:g}%",
        (0.995, bound),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        fontsize=8,
        color=MUTED,
        ha="right",
    )


def _digit(value: float) -> str:
    """The first digit of a tick between powers of ten."""
    return f"{value:.0e}"[0]


def _throughput(ax: Axes, x: np.ndarray, points: Sequence[dict[str, Any]], besides_per_s: float | None) -> None:
    """Requests served, overloaded points, too; beyond saturation they stay behind those that are sent."""
    served = _numbers([point["throughput"]["requests_per_s"] for point in points])
    if besides_per_s is not None and x.size:
        ends = np.array([0.0, x.max()])
        ax.plot(ends, ends + besides_per_s, color=MUTED, linewidth=1.0, linestyle=(0, (2, 2)), label="sent")
    ax.plot(x, served, "o-", color=BLUE, linewidth=1.8, markersize=4, label="served")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=8, loc="upper left", labelcolor=INK)


def _attainment(ax: Axes, x: np.ndarray, points: Sequence[dict[str, Any]], figures: Figures) -> None:
    """The share of requests that meet each goal."""
    several = len(figures["slo"]) > 1
    for number, (asked, colour) in enumerate(zip(figures["slo"], (GREEN, BLUE, ORANGE, RED) * len(x), strict=False)):
        each = [point["goals"][number] for point in points]
        values = 100.0 * _numbers([one["attainment"] for one in each])
        low, high = (100.0 * _numbers([(one["ci95"] or (None, None))[side] for one in each]) for side in (0, 1))
        ax.plot(x, values, "o-", color=colour, linewidth=1.8, markersize=4, label=asked["class"] if several else None)
        band = ~np.isnan(low)
        ax.fill_between(x[band], low[band].clip(0, 100), high[band].clip(0, 100), color=colour, alpha=0.18, linewidth=0)
        ax.axhline(100.0 * asked["attainment"], color=MUTED, linewidth=1.0, linestyle=(0, (2, 2)))
    ax.set_ylim(0, 104)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
    if several:
        ax.legend(frameon=False, fontsize=8, loc="lower left", labelcolor=INK)


def _mark(ax: Axes, figures: Figures, clients: bool) -> None:
    """Vertical lines at the capacity, with its interval, and at saturation."""
    capacity = figures["capacity_clients" if clients else "capacity_requests_per_s"]
    if capacity is not None:
        ax.axvline(capacity, color=GREEN, linewidth=1.4)
        if figures["ci95"] and not clients:
            ax.axvspan(*figures["ci95"], color=GREEN, alpha=0.12, linewidth=0)
        both = figures["limited_by"] == "saturation"
        place = (3, "left") if both else (-3, "right")
        _label(ax, capacity, f"capacity{' = saturation' if both else ''} {capacity:.3g}", GREEN, *place)
    saturation = None if clients else figures["saturation_requests_per_s"]
    if saturation is not None:
        ax.axvspan(saturation, 1e9, color=RED, alpha=0.05, linewidth=0)
    if saturation is not None and figures["limited_by"] != "saturation":
        ax.axvline(saturation, color=RED, linewidth=1.2, linestyle=(0, (5, 3)))
        _label(ax, saturation, f"saturation {saturation:.3g}", RED, 3, "left")


def _label(ax: Axes, x: float, text: str, colour: str, offset: int, side: str) -> None:
    ax.annotate(
        text,
        (x, 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(offset, 0),
        textcoords="offset points",
        rotation=90,
        fontsize=8,
        color=colour,
        ha=side,
        va="bottom",
        bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.5},
    )


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=float)
