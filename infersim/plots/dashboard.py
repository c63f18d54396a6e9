"""The dashboard of a run: latencies, load and throughput, batch and queue, KV memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infersim.plots import style
from infersim.units import show_seconds

LATENCIES = (
    ("queue_s", "queue", style.PURPLE),
    ("ttft_s", "TTFT", style.BLUE),
    ("tpot_s", "TPOT", style.GREEN),
    ("e2e_s", "E2E", style.ORANGE),
)


def plot_latency_cdf(latencies: dict[str, np.ndarray], slo: dict[str, Any] | None = None, ax: Axes | None = None) -> Axes:
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
        shown = np.maximum(values, 1e-4)
        ax.step(shown, np.arange(1, values.size + 1) / values.size, where="post", color=colour, label=label, lw=1.6)
        bound = (slo or {}).get(name)
        if bound:
            ax.axvline(bound, color=colour, lw=1, ls=(0, (4, 3)))
    ax.set_xscale("log")
    ax.set_ylim(0, 1.02)
    style.title(ax, "Latency", "seconds, logarithmic (dashed: SLO)", "share of requests below")
    if ax.lines:
        ax.legend(fontsize=8, frameon=False, loc="upper left")
    return ax


def plot_load(timeline: dict[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """Arrivals and completions a second, and output tokens a second on the right."""
    ax = style.own_axes(ax)
    time = _minutes(timeline)
    ax.step(time, timeline["arrivals_per_s"], where="mid", color=style.MUTED, lw=0.9, label="arrivals")
    ax.step(time, timeline["completions_per_s"], where="mid", color=style.BLUE, lw=0.9, label="completions")
    right = ax.twinx()
    right.step(time, timeline["output_tokens_per_s"], where="mid", color=style.ORANGE, lw=0.9, label="output tokens")
    right.set_ylabel("tokens/s", fontsize=8, color=style.ORANGE)
    right.tick_params(labelsize=8, colors=style.ORANGE)
    right.spines["top"].set_visible(False)
    ax.set_ylim(bottom=0)
    right.set_ylim(bottom=0)
    style.title(ax, "Load and throughput", "minutes", "requests/s")
    _legend(ax, right)
    return ax


def plot_batch(timeline: dict[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """Requests running and waiting over time, a replica."""
    ax = style.own_axes(ax)
    time = _minutes(timeline)
    ax.step(time, timeline["batch_mean"], where="mid", color=style.GREEN, lw=0.9, label="in the batch, while busy")
    ax.step(time, timeline["queue_mean"], where="mid", color=style.PURPLE, lw=0.9, label="waiting")
    ax.set_ylim(bottom=0)
    style.title(ax, "Batch and queue", "minutes", "requests")
    _legend(ax)
    return ax


def plot_memory(timeline: dict[str, np.ndarray], ax: Axes | None = None) -> Axes:
    """KV occupancy and busy share over time."""
    ax = style.own_axes(ax)
    time = _minutes(timeline)
    ax.fill_between(time, 100 * timeline["kv_fraction"], step="mid", color=style.BLUE, alpha=0.25, lw=0)
    ax.step(time, 100 * timeline["kv_fraction"], where="mid", color=style.BLUE, lw=0.9, label="KV blocks held")
    ax.step(time, 100 * timeline["busy"], where="mid", color=style.MUTED, lw=0.9, label="time in a step")
    ax.set_ylim(0, 103)
    style.title(ax, "KV memory and busy time", "minutes", "percent")
    _legend(ax)
    return ax


def dashboard(
    title: str, latencies: dict[str, np.ndarray], timeline: dict[str, np.ndarray], summary: dict[str, Any]
) -> Figure:
    """The four pictures on one page, with the figures that matter under the title."""
    made, (cdf, load, batch, memory) = style.figure(2, 2, 12.0, 7.4)
    goodput = summary["goodput"]
    slo = goodput["slo"] if goodput and "attainment" in goodput["slo"] else None
    plot_latency_cdf(latencies, slo, cdf)
    plot_load(timeline, load)
    plot_batch(timeline, batch)
    plot_memory(timeline, memory)
    made.suptitle(f"{title}\n{_headline(summary)}", x=0.01, ha="left", fontsize=12, color=style.INK)
    return made


def _headline(summary: dict[str, Any]) -> str:
    parts = [f"TTFT p99 {show_seconds(summary['ttft_s']['p99'])}", f"TPOT p99 {show_seconds(summary['tpot_s']['p99'])}"]
    throughput = summary["throughput"]
    if throughput["requests_per_s"] is not None:
        parts.append(f"{throughput['requests_per_s']:.3g} requests/s")
        parts.append(f"{throughput['output_tokens_per_s']:,.0f} output tokens/s")
    if summary["goodput"] and summary["goodput"]["fraction"] is not None:
        parts.append(f"{100 * summary['goodput']['fraction']:.1f}% within the SLO")
    return "  ·  ".join(parts)


def _minutes(timeline: dict[str, np.ndarray]) -> np.ndarray:
    return timeline["middle_s"] / 60.0


def _legend(*axes: Axes) -> None:
    entries = [entry for ax in axes for entry in zip(*ax.get_legend_handles_labels(), strict=True)]
    handles, labels = zip(*entries, strict=True)
    axes[-1].legend(handles, labels, fontsize=8, frameon=False, loc="lower center", ncols=len(labels))
