"""Figures of replications: their means, with half of the width of the 95% interval beside or under each."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from infersim.text import facts, notebook
from infersim.text.blocks import rows_block, sentences, warning_lines
from infersim.units import SECONDS

_Show = Callable[[float | None], str]
_SHOWN: tuple[tuple[str, str, _Show], ...] = (
    ("requests/s", "throughput.requests_per_s", facts.number),
    ("input tokens/s", "throughput.input_tokens_per_s", facts.number),
    ("output tokens/s", "throughput.output_tokens_per_s", facts.number),
    ("goodput, requests/s", "goodput.requests_per_s", facts.number),
    ("within the SLO, of arrivals", "goodput.fraction", facts.share),
    ("busy", "utilisation.busy", facts.share),
    ("MFU", "utilisation.mfu", facts.share),
    ("MBU", "utilisation.mbu", facts.share),
    ("KV cache, mean", "kv_cache.mean_fraction", facts.share),
    ("KV cache, peak", "kv_cache.peak_fraction", facts.share),
    ("batch, mean", "batch.mean", facts.number),
    ("queue, mean", "queue.mean", facts.number),
    ("USD per million output tokens", "cost.usd_per_million_output_tokens", facts.number),
    ("J an output token", "energy.joules_per_output_token", facts.number),
    ("W of a device, mean", "energy.device_power_w.mean", facts.number),
)


def page(summary: dict[str, Any], width: int = 80) -> str:
    """Replications as text.

    Args:
        summary: what `Replications.summary()` returns.
        width: columns of the terminal; long lines are wrapped to it.
    """
    blocks = [
        textwrap.wrap(heading(summary), width),
        warning_lines(summary["warnings"], width),
        sentences(facts.fleet(summary) | facts.traffic(summary) | goal(summary), width),
        rows_block(latency_rows(summary), width),
        rows_block(figure_rows(summary), width),
        rows_block(facts.class_rows(summary), width),
        sentences(facts.origin(summary), width),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def html(summary: dict[str, Any]) -> str:
    """Replications as HTML for a notebook cell; `summary` as in `page`."""
    above, below = facts.fleet(summary) | facts.traffic(summary) | goal(summary), facts.origin(summary)
    rows = (latency_rows(summary), figure_rows(summary), facts.class_rows(summary))
    head = notebook.heading(heading(summary), summary["warnings"])
    return head + notebook.sentences(above) + "".join(map(notebook.table, rows)) + notebook.sentences(below)


def heading(summary: dict[str, Any]) -> str:
    """The scenario's name, how many runs, from which seed on."""
    runs = summary["replications"]
    return (
        f"{facts.title(summary)}, {runs:,} replications from seed {facts.number(summary['seed'])} on: "
        "means, ± half of the 95% interval"
    )


def goal(summary: dict[str, Any]) -> dict[str, str]:
    """What latencies were asked for, and whether they came out."""
    goodput = summary.get("goodput")
    if goodput is None:
        return {}
    verdict = facts.VERDICTS[goodput["attained"]] if goodput["attained"] is not None else "not alike in all"
    return {"SLO": f"{facts.bounds(goodput.get('slo') or {})}: {verdict}"}


def latency_rows(summary: dict[str, Any]) -> list[list[str]]:
    """A head, and two rows a latency: its statistics, and ± under each."""
    rows = facts.latency_rows(summary)
    found = [rows[0]]
    for name, row in zip(facts.LATENCIES, rows[1:], strict=True):
        halves = (_half(summary, f"{name}.{of}") for of in facts.STATISTICS)
        found += [row, ["  ±", *(_in_the_unit_of(cell, half) for cell, half in zip(row[1:], halves, strict=True))]]
    return found


def figure_rows(summary: dict[str, Any]) -> list[list[str]]:
    """A head and a row a figure: mean and ±; what the runs do not have is left out."""
    shown = [
        [label, show(value), show(_half(summary, path))]
        for label, path, show in _SHOWN
        if (value := _at(summary, path)) is not None
    ]
    return [["", "mean", "±"], *shown] if shown else []


def _in_the_unit_of(shown: str, half_s: float | None) -> str:
    """Half a width [s], in the unit of the time that stands above it."""
    if half_s is None:
        return facts.NOTHING
    unit = shown.rpartition(" ")[2]
    return f"{half_s / SECONDS[unit]:.2g} {unit}"


def _half(summary: dict[str, Any], path: str) -> float | None:
    interval = _at(summary["ci95"], path)
    return None if interval is None else (interval[1] - interval[0]) / 2


def _at(tree: dict[str, Any], path: str) -> Any:
    value: Any = tree
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
