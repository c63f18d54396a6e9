"""A comparison of scenarios as a page or a notebook's cell, from the object that `--json` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from statistics import median
from typing import Any

from infersim.metrics.naming import brief, named
from infersim.text import facts, notebook
from infersim.text.blocks import rows_block, sentences, warning_lines
from infersim.units import show_seconds

_LABELS = {
    figure: brief(figure).title
    for figure in (
        "throughput.requests_per_s",
        "throughput.output_tokens_per_s",
        "goodput.requests_per_s",
        "goodput.fraction",
        "cost.usd_per_million_output_tokens",
        "energy.joules_per_output_token",
    )
}


def page(summary: dict[str, Any], width: int = 80) -> str:
    """A comparison as text.

    Args:
        summary: what `Comparison.summary()` returns.
        width: columns of the terminal.
    """
    blocks = [textwrap.wrap(_heading(summary), width), warning_lines(summary["warnings"], width)]
    for title, rows in _tables(summary):
        blocks.append([*textwrap.wrap(title, width), *rows_block(rows, width)])
    blocks.append(sentences(_notes(summary), width))
    return "\n\n".join("\n".join(block) for block in blocks if block)


def html(summary: dict[str, Any]) -> str:
    """A comparison as HTML for a notebook cell; `summary` as in `page`."""
    tables = "".join(notebook.heading(title, []) + notebook.table(rows) for title, rows in _tables(summary))
    return notebook.heading(_heading(summary), summary["warnings"]) + tables + notebook.sentences(_notes(summary))


def label(figure: str) -> str:
    """A figure in few letters: `TTFT p99`; its path where there is no shorter name."""
    name, _, of = figure.partition(".")
    return f"{facts.LATENCIES[name]} {of}" if name in facts.LATENCIES else _LABELS.get(figure, figure)


def value(figure: str, number: float | None) -> str:
    """A figure's value with its unit, where that is seconds."""
    if figure.rpartition(".")[0].rpartition(".")[2].endswith("_s"):
        return show_seconds(number, zeros=True)
    return facts.share(number) if _is_share(figure) else facts.number(number)


def _is_share(figure: str) -> bool:
    return named(figure).unit == "share"


def _heading(summary: dict[str, Any]) -> str:
    return (
        f"{summary['replications']:,} replications of each, paired: every one with the same seed for all. Mean "
        "differences, ± half of the 95% interval"
    )


def _tables(summary: dict[str, Any]) -> Iterator[tuple[str, list[list[str]]]]:
    """A title and rows for each two scenarios."""
    means = {each["name"]: each["figures"] for each in summary["scenarios"]}
    pairs = dict.fromkeys((row["of"], row["against"]) for row in summary["differences"])
    for of, against in pairs:
        rows = [["", "this", "that", "difference", "verdict", "pairing"]]
        for row in summary["differences"]:
            if (row["of"], row["against"]) == (of, against):
                figure = row["figure"]
                both = (value(figure, means[name][figure]["mean"]) for name in (of, against))
                rows.append([label(figure), *both, _difference(row), row["verdict"], _ratio(row["variance_ratio"])])
        yield f"{of} (this) against {against} (that)", rows


def _difference(row: dict[str, Any]) -> str:
    """`−12.3% ± 0.4%` of the first's mean; of shares percentage points; in the figure's own unit where that mean is 0.

    Where a queue grows, differences of latencies and queues have no size: it depends on the run's length.
    """
    if row["mean"] is None:
        return facts.NOTHING
    waits = {*row["figure"].split(".")} & {*facts.LATENCIES, "queue"}
    if waits and row["verdict"] == "queue grows":
        return facts.NOTHING
    half = None if row["ci95"] is None else (row["ci95"][1] - row["ci95"][0]) / 2
    if _is_share(row["figure"]):
        told = f"{100 * row['mean']:+.2f} pp"
        return told if half is None or not row["mean"] else f"{told} ± {100 * half:.2f}"
    if row["relative"] is None:
        told = f"{row['mean']:+.3g}"
        return told if half is None else f"{told} ± {half:.2g}"
    told = _percent(row["relative"], "+")
    if half is None or not row["mean"]:
        return told
    return f"{told} ± {_percent(abs(row['relative'] / row['mean']) * half)}"


def _percent(share: float, sign: str = "") -> str:
    """A share as percent with two decimals, from ten on with one, from a thousand on with none."""
    digits = 2 if abs(share) < 0.1 else 1 if abs(share) < 10 else 0
    return f"{100 * share:{sign},.{digits}f}%"


def _ratio(ratio: float | None) -> str:
    if ratio is None:
        return facts.NOTHING
    return "> ×1000" if ratio > 1000 else f"×{ratio:.0f}" if ratio >= 100 else f"×{ratio:.2g}"


def _notes(summary: dict[str, Any]) -> dict[str, str]:
    """What verdicts and pairing mean here."""
    grows = sorted(each["name"] for each in summary["scenarios"] if each["overloaded"])
    count = sum(row["verdict"] != "queue grows" for row in summary["differences"])
    notes = {}
    if count:
        notes["verdicts"] = (
            f"the chance that any of these {count} calls a difference where there is none is 5% at most (Holm); "
            "'not told apart': if there is a difference, it takes more replications to see it"
        )
    if grows:
        told = f"arrivals outran service in {', '.join(grows)}, which has no steady state"
        notes["queue grows"] = f"{told}: what is shown there depends on the run's length, without interval or verdict"
    ratios = [row["variance_ratio"] for row in summary["differences"] if row["variance_ratio"] is not None]
    if ratios:
        least, middle = min(ratios), median(ratios)
        unpaired = facts.number(int(summary["replications"] * middle))
        notes["pairing"] = (
            f"the same seeds cut a difference's variance {_ratio(least)} at least and {_ratio(middle)} in the median, "
            f"where {unpaired} unpaired replications would be as sure as these {summary['replications']:,}"
        )
    return notes
