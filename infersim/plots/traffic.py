"""The page of a trace or a workload model: rate, gaps, dispersion, lengths."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from infersim.plots import style
from infersim.workload.burstiness import dispersion, has_windows
from infersim.workload.requests import Requests

BINS = 150
"""Points of the rate over time, about."""
SCALES = 25
SHORTEST_GAP_S = 1e-5
"""Where the axis of gaps begins [s]; shorter ones are in the share that the curve starts from."""
MOST_POINTS = 4000
"""Requests that a cloud of points shows; more would be one blot."""


def traffic_page(requests: Requests, title: str) -> Figure:
    """All panels on one page.

    Args:
        requests: at least two, which do not all arrive at once.
        title: of the page.
    """
    made, axes = style.figure(3, 2, 10.5, 10.0)
    plot_rate(requests, axes[0])
    plot_dispersion(requests, axes[1])
    plot_gaps(requests, axes[2])
    plot_lengths(requests, axes[3])
    plot_prompt_output(requests, axes[4])
    plot_rank_cells(requests, axes[5])
    style.page_title(made, title, 12)
    return made


def plot_rate(requests: Requests, ax: Axes | None = None) -> Axes:
    """Requests a second over time."""
    ax = style.own_axes(ax)
    span_s = float(requests.arrival_s[-1])
    width_s = _round_width(span_s / BINS)
    windows = max(int(span_s // width_s), 1)
    counts = np.bincount((requests.arrival_s / width_s).astype(np.int64), minlength=windows)[:windows]
    unit, unit_s = _unit(span_s)
    middles = (np.arange(windows) + 0.5) * width_s / unit_s
    ax.fill_between(middles, counts / width_s, step="mid", color=style.BLUE, alpha=0.25, lw=0)
    ax.step(middles, counts / width_s, where="mid", color=style.BLUE, lw=1.0)
    mean = len(requests) / span_s
    ax.axhline(mean, color=style.MUTED, lw=1, ls=(0, (4, 3)), label=f"mean {mean:.3g}/s")
    ax.set_ylim(bottom=0)
    ax.set_xlim(0, span_s / unit_s)
    _legend(ax)
    style.title(ax, "Rate", unit, f"requests/s in {width_s:g} s")
    return ax


def plot_dispersion(requests: Requests, ax: Axes | None = None) -> Axes:
    """Index of dispersion by window length."""
    ax = style.own_axes(ax)
    span_s = float(requests.arrival_s[-1])
    windows = [each for each in np.geomspace(0.1, span_s / 8, SCALES) if has_windows(each, span_s)]
    found = [dispersion(requests.arrival_s, each, span_s) for each in windows]
    ax.plot(windows, found, color=style.ORANGE, lw=1.6, marker="o", markersize=3)
    ax.axhline(1.0, color=style.MUTED, lw=1, ls=(0, (4, 3)), label="Poisson")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(min([0.5, *found]) * 0.8, max([10.0, *found]) * 1.3)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    _legend(ax)
    style.title(ax, "Index of dispersion", "window [s], logarithmic", "variance ÷ mean of counts")
    return ax


def plot_gaps(requests: Requests, ax: Axes | None = None) -> Axes:
    """Distribution of the gaps, beside that of Poisson arrivals."""
    ax = style.own_axes(ax)
    gaps = np.diff(requests.arrival_s)
    shown = np.geomspace(max(SHORTEST_GAP_S, gaps.mean() / 1e5), max(gaps.max(), gaps.mean() * 8), 600)
    below = np.searchsorted(np.sort(gaps), shown, side="right") / len(gaps)
    ax.plot(shown, below, color=style.PURPLE, lw=1.6, label="gaps")
    ax.plot(shown, 1 - np.exp(-shown / gaps.mean()), color=style.INK, lw=1, ls=(0, (4, 3)), label="Poisson", zorder=3)
    ax.set_xscale("log")
    ax.set_ylim(0, 1.02)
    _legend(ax)
    style.title(ax, "Gaps between requests", "seconds, logarithmic", "share below")
    return ax


def plot_lengths(requests: Requests, ax: Axes | None = None) -> Axes:
    """Distributions of prompt and output lengths."""
    ax = style.own_axes(ax)
    for values, name, colour in (
        (requests.prompt_tokens, "prompt", style.BLUE),
        (requests.output_tokens, "output", style.GREEN),
    ):
        ordered = np.sort(values)
        ax.step(ordered, np.arange(1, len(ordered) + 1) / len(ordered), where="post", color=colour, lw=1.6, label=name)
        ax.axvline(float(np.median(ordered)), color=colour, lw=1, ls=(0, (4, 3)))
    ax.set_xscale("log")
    ax.set_ylim(0, 1.02)
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    _legend(ax)
    style.title(ax, "Lengths", "tokens, logarithmic (dashed: median)", "share of requests below")
    return ax


def plot_prompt_output(requests: Requests, ax: Axes | None = None) -> Axes:
    """Output against prompt length, a point a request."""
    ax = style.own_axes(ax)
    step = -(-len(requests) // MOST_POINTS)
    prompts, outputs = requests.prompt_tokens[::step], requests.output_tokens[::step]
    ax.scatter(prompts, outputs, s=5, color=style.BLUE, alpha=0.25, lw=0, rasterized=True)
    ax.set_xscale("log")
    ax.set_yscale("log")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axis.set_minor_formatter(NullFormatter())
    some = f" ({len(prompts):,} of the requests)" if step > 1 else ""
    style.title(ax, f"Output against prompt{some}", "prompt tokens", "output tokens")
    return ax


def plot_rank_cells(requests: Requests, ax: Axes | None = None, cells: int = 10) -> Axes:
    """How outputs depend on prompts, by tenths of both: 1 where they are independent."""
    ax = style.own_axes(ax)
    ranks = [np.argsort(np.argsort(values, kind="stable"), kind="stable") * cells // len(requests)
             for values in (requests.prompt_tokens, requests.output_tokens)]  # fmt: skip
    counts = np.zeros((cells, cells))
    np.add.at(counts, (ranks[1], ranks[0]), 1.0)
    ratio = counts * cells * cells / len(requests)
    drawn = ax.imshow(ratio, origin="lower", cmap="RdBu_r", vmin=0.0, vmax=2.0, extent=(0, 100, 0, 100), aspect="auto")
    bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, colors=style.MUTED)
    ax.grid(False)
    style.title(
        ax, "Requests in cells of equal ranks (1: independent)", "prompt length, rank [%]", "output length, rank [%]"
    )
    return ax


def _legend(ax: Axes) -> None:
    ax.legend(fontsize=8, framealpha=0.8, edgecolor="none", loc="best")


def _round_width(width_s: float) -> float:
    """The next width of 1, 2, 3 or 5 times a power of ten [s]."""
    power = 10.0 ** np.floor(np.log10(width_s))
    return float(next(step * power for step in (1, 2, 3, 5, 10) if step * power >= width_s * (1 - 1e-9)))


def _unit(span_s: float) -> tuple[str, float]:
    for name, unit_s in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if span_s >= 3 * unit_s:
            return name, unit_s
    return "seconds", 1.0
