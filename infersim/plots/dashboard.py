"""The dashboard of a run: latencies, load and throughput, batch and queue, KV memory."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infersim.plots import style
from infersim.units import show_seconds

POINTS = 120
"""Points of a line over time, about."""
WRAP = 150
"""Letters of a line at the foot."""
SHORTEST = 1e-4
"""Where the latencies' axis begins [s]: what is shorter, such as no queue at all, is drawn as a share to start from."""
LATENCIES = (
    ("queue_s", "queue", style.PURPLE),
    ("ttft_s", "TTFT", style.BLUE),
    ("tpot_s", "TPOT", style.GREEN),
    ("e2e_s", "E2E", style.ORANGE),
)


def plot_latency_cdf(
    latencies: dict[str, np.ndarray], slo: dict[str, Any] | None = None, ax: Axes | None = None
) -> Axes:
    """Cumulative distribution of each latency, with the SLO's bounds.

    Args:
        latencies: by name [s]; NaN is left out.
        slo: bounds by the same names, or None.
        ax: where to draw.
    """
    ax = style.own_axes(ax)
    for name, label, colour in LATENCIES:
        values = np.sort(latencies[name][~np.isnan(latencies[name])])
        if not values.size or values[-1] <= 0:
            continue
        begin = max(int(np.searchsorted(values, SHORTEST)) - 1, 0)  # of the shorter ones, how many they are is drawn
        share = np.arange(begin + 1, values.size + 1) / values.size
        shown = np.maximum(values[begin:], SHORTEST)
        ax.step(shown, share, where="post", color=colour, label=label, lw=1.6)
        bound = (slo or {}).get(name)
        if bound:
            ax.axvline(bound, color=colour, lw=1, ls=(0, (4, 3)))
    ax.set_xscale("log")
    ax.set_ylim(0, 1.02)
    dashed = " (dashed: SLO)" if slo else ""
    style.title(ax, "Latency", f"seconds, logarithmic{dashed}", "share of requests below")
    if ax.lines:
        ax.legend(fontsize=8, frameon=False, loc="upper left")
    return ax


def plot_load(timeline: dict[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """Arrivals and completions a second, and output tokens a second on the right."""
    ax = style.own_axes(ax)
    drawn = _coarser(timeline)
    _line(ax, drawn, "arrivals_per_s", style.MUTED, "arrivals")
    _line(ax, drawn, "completions_per_s", style.BLUE, "completions")
    right = style.right_axis(ax, "tokens/s", style.ORANGE)
    _line(right, drawn, "output_tokens_per_s", style.ORANGE, "output tokens (right)")
    style.title(ax, "Load and throughput", "minutes", "requests/s")
    _legend(ax, right)
    return ax


def plot_batch(timeline: dict[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """Requests running and waiting over time, a replica."""
    ax = style.own_axes(ax)
    drawn = _coarser(timeline)
    _line(ax, drawn, "batch_mean", style.GREEN, "in the batch, while busy")
    _line(ax, drawn, "queue_mean", style.PURPLE, "waiting")
    style.title(ax, "Batch and queue", "minutes", "requests")
    _legend(ax)
    return ax


def plot_memory(timeline: dict[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """KV occupancy and busy share over time."""
    ax = style.own_axes(ax)
    drawn = _coarser(timeline)
    shares = {"middle_s": drawn["middle_s"], "kv": 100 * drawn["kv_fraction"], "busy": 100 * drawn["busy"]}
    _line(ax, shares, "kv", style.BLUE, "KV blocks held")
    ax.fill_between(shares["middle_s"] / 60.0, shares["kv"], color=style.BLUE, alpha=0.15, lw=0)
    ax.set_ylim(0, min(1.3 * max(shares["kv"].max(), 1e-3), 105.0))
    right = style.right_axis(ax, "percent of time", style.MUTED)
    _line(right, shares, "busy", style.MUTED, "time in a step (right)")
    right.set_ylim(0, 130)
    right.set_yticks([0, 50, 100])
    style.title(ax, "KV memory and busy time", "minutes", "percent of blocks")
    _legend(ax, right)
    return ax


def dashboard(
    titles: list[str], latencies: dict[str, np.ndarray], timeline: dict[str, np.ndarray], summary: dict[str, Any]
) -> Figure:
    """The four pictures on one page, with the figures that matter under the titles and the warnings at the foot."""
    made, (cdf, load, batch, memory) = style.figure(2, 2, 12.0, 7.6)
    goodput = summary["goodput"]
    slo = goodput["slo"] if goodput and len(summary["classes"]) == 1 else None  # several have lines of their own
    plot_latency_cdf(latencies, slo, cdf)
    plot_load(timeline, load)
    plot_batch(timeline, batch)
    plot_memory(timeline, memory)
    made.suptitle(
        "\n".join([*titles, _headline(summary)]), x=0.01, ha="left", fontsize=11, color=style.INK, parse_math=False
    )
    if summary["warnings"]:
        lines = [line for text in summary["warnings"] for line in textwrap.wrap(f"warning: {text}", WRAP)]
        made.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=9, color=style.RED, parse_math=False)
    return made


def _headline(summary: dict[str, Any]) -> str:
    parts = [f"TTFT p99 {show_seconds(summary['ttft_s']['p99'])}", f"TPOT p99 {show_seconds(summary['tpot_s']['p99'])}"]
    throughput = summary["throughput"]
    if throughput["requests_per_s"] is not None:
        parts.append(f"{throughput['requests_per_s']:.3g} requests/s")
        parts.append(f"{throughput['output_tokens_per_s']:,.0f} output tokens/s")
    if summary["goodput"] and summary["goodput"]["fraction"] is not None:
        parts.append(f"{100 * summary['goodput']['fraction']:.1f}% within the SLO")
    if summary["warnings"]:
        parts.append("see the warnings below")
    return "  ·  ".join(parts)


def _coarser(timeline: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Means over neighbouring bins, so that a line shows the course and not the noise of single bins."""
    bins = timeline["middle_s"].size
    starts = np.unique(np.linspace(0, bins, min(bins, POINTS), endpoint=False).astype(int))
    length = 2 * (timeline["middle_s"] - timeline["start_s"])  # the last bin is shorter
    total = np.add.reduceat(length, starts)
    return {name: np.add.reduceat(values * length, starts) / total for name, values in timeline.items()}


def _line(ax: Axes, timeline: dict[str, np.ndarray], name: str, colour: str, label: str) -> None:
    ax.plot(timeline["middle_s"] / 60.0, timeline[name], color=colour, lw=1.3, label=label)
    ax.set_ylim(0, max(1.25 * timeline[name].max(), ax.get_ylim()[1], 1e-9))


def _legend(*axes: Axes) -> None:
    entries = [entry for ax in axes for entry in zip(*ax.get_legend_handles_labels(), strict=True)]
    handles, labels = zip(*entries, strict=True)
    axes[-1].legend(handles, labels, fontsize=8, frameon=False, loc="upper left", ncols=len(labels))
