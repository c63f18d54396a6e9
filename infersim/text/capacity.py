"""A curve as text and as HTML, from the object that `infersim curve --json` prints."""

from __future__ import annotations

import textwrap
from typing import Any

from infersim.text import facts, notebook
from infersim.text.blocks import rows_block, sentences, warning_lines
from infersim.text.columns import columns
from infersim.units import show_seconds

Figures = dict[str, Any]
OVERLOADED = "overloaded"
_NOT_YET = "not found before the interruption"
_LESS = ("output tokens/s", "TPOT p50", "±", "TTFT p50")
"""Columns that are left out one after another where the terminal is too narrow."""


def page(figures: Figures, width: int = 80) -> str:
    """A curve as text.

    Args:
        figures: what `Curve.summary()` returns.
        width: columns of the terminal; long lines are wrapped to it.
    """
    blocks = [
        textwrap.wrap(heading(figures), width),
        warning_lines(figures["warnings"], width),
        sentences(answers(figures), width),
        rows_block(_fitting(point_rows(figures), width), width),
        sentences(miss(figures) | effort(figures), width),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _fitting(rows: list[list[str]], width: int) -> list[list[str]]:
    """The rows without the columns that a narrow terminal has no room for."""
    for name in _LESS:
        if rows and max(map(len, columns(rows))) > width:
            where = rows[0].index(name)
            rows = [[*row[:where], *row[where + 1 :]] for row in rows]
    return rows


def html(figures: Figures) -> str:
    """A curve as HTML for a notebook cell; `figures` as in `page`."""
    head = notebook.heading(heading(figures), figures["warnings"])
    below = notebook.sentences(miss(figures) | effort(figures))
    return head + notebook.sentences(answers(figures)) + notebook.table(point_rows(figures)) + below


def heading(figures: Figures) -> str:
    """The scenario's name, and what varies."""
    load = figures["load"]
    unit = unit_of(figures)
    of = ", ".join(load["classes"])
    written = f"{facts.number(load['as_written'])} {unit} as written"
    return f"{facts.title(figures)}: latency against load of {of} ({written})"


def unit_of(figures: Figures) -> str:
    """What a load counts: `requests/s`, `sessions/s`, `arrivals/s` of both, or `clients`."""
    return figures["load"]["unit"].replace("_per_s", "/s")


def titles(figures: Figures) -> list[str]:
    """Lines above a picture."""
    asked = "; ".join(goal(each, len(figures["slo"]) > 1) for each in figures["slo"])
    return [heading(figures), f"capacity {capacity_sentence(figures)}" + (f", at {asked}" if asked else "")]


def capacity_sentence(figures: Figures) -> str:
    """The capacity, its interval, and what ends it."""
    rate, clients = figures["capacity_requests_per_s"], figures["capacity_clients"]
    if not figures["slo"]:
        return "no SLO given (workload.NAME.slo, or --slo ttft_s.p99=1)"
    if rate is None:
        return _NOT_YET if figures["miss"] is None and "interrupted" in figures else "none: no load meets the SLO"
    unit = "requests/s" if clients is not None else unit_of(figures)
    text = f"{facts.number(rate)} {unit}"
    if clients is not None:
        text = f"{clients:,} clients, {text}"
    if figures["ci95"]:
        low, high = figures["ci95"]
        text += f" (95% interval {facts.number(low)} to {facts.number(high)})"
    return f"{text}: saturation" if figures["limited_by"] == "saturation" else text


def answers(figures: Figures) -> dict[str, str]:
    """SLO, capacity, saturation."""
    told = {"SLO": "; ".join(goal(each, len(figures["slo"]) > 1) for each in figures["slo"])} if figures["slo"] else {}
    saturation = figures["saturation_requests_per_s"]
    unit = "requests/s" if figures["load"]["unit"] == "clients" else unit_of(figures)
    none = _NOT_YET if "interrupted" in figures else "not reached"
    shown = none if saturation is None else f"{facts.number(saturation)} {unit}"
    return {**told, "capacity": capacity_sentence(figures), "saturation": shown}


def goal(each: dict[str, Any], several: bool) -> str:
    """`TTFT 1 s for 99%`, after the class's name where there are several."""
    text = f"{facts.bounds(each)} for {facts.share(each['attainment'])} of requests"
    return f"{each['class']}: {text}" if several else text


def shown(figures: Figures) -> list[dict[str, Any]]:
    """The points without those whose short runs began too empty for a load that high."""
    points = figures["points"]
    whole = min((point["rate_per_s"] for point in points if point["whole_runs"]), default=float("inf"))
    return [point for point in points if point["whole_runs"] or point["rate_per_s"] < whole]


def point_rows(figures: Figures) -> list[list[str]]:
    """A head, and a row a load."""
    clients = figures["load"]["unit"] == "clients"
    head = ["clients", "requests/s"] if clients else [unit_of(figures)]
    head += ["runs", "met", "±", "TTFT p50", "TTFT p99", "TPOT p50", "TPOT p99", "output tokens/s"]
    return [head, *(_row(point, clients) for point in shown(figures))] if figures["points"] else []


def _row(point: dict[str, Any], clients: bool) -> list[str]:
    interval, over = point["ci95"], point["overloaded"]
    half = None if interval is None else (interval[1] - interval[0]) / 2
    times = [show_seconds(point[name][of], zeros=True) for name in ("ttft_s", "tpot_s") for of in ("p50", "p99")]
    return [
        *([f"{point['clients']:,}"] if clients else []),
        facts.number(point["rate_per_s"]),
        f"{point['replications']}{'' if point['whole_runs'] else ' short'}",
        facts.share(point["attainment"]),
        facts.share(half),
        *([OVERLOADED, *[facts.NOTHING] * 3] if over else times),
        facts.number(point["throughput"]["output_tokens_per_s"]),
    ]


def miss(figures: Figures) -> dict[str, str]:
    """What no load meets, and what would meet it."""
    found = figures["miss"]
    if found is None:
        return {}
    unit = unit_of(figures)
    several = len(figures["slo"]) > 1
    parts = "; ".join(_missed(each, several) for each in found["missed"])
    told = {"nearest miss": f"at {facts.number(found['load'])} {unit}, the lowest load tried: {parts}"}
    remedies = found["remedies"]
    met = [each["change"] for each in remedies if each["met"]]
    tried = [f"{each['change']} ({_seen(each['missed'])})" for each in remedies if not each["met"]]
    if met:
        told["would meet it"] = "; ".join(met)
    if tried:
        told["would not"] = "; ".join(tried)
    if not remedies:
        told["would meet it"] = "nothing that was tried; a faster device, a smaller model, or other bounds"
    return told


def _seen(missed: list[dict[str, Any]]) -> str:
    """The latencies that a change brings, where they are still too long."""
    parts = [
        f"{facts.LATENCIES[name]} {show_seconds(bound['seen'])}"
        for each in missed
        for name, bound in each["bounds"].items()
        if not bound["kept"]
    ]
    return ", ".join(parts) or "bounds missed together"


def _missed(each: dict[str, Any], several: bool) -> str:
    """`98.1% within TTFT 1 s, 99% asked, who have 1.4 s`."""
    parts = [
        f"{facts.LATENCIES[name]} of {show_seconds(bound['seen'])} against {show_seconds(bound['bound'])}"
        for name, bound in each["bounds"].items()
        if not bound["kept"]
    ]
    text = f"{facts.share(each['asked'])} of requests have " + " and ".join(parts) if parts else "all bounds together"
    text += f", {facts.share(each['attainment'])} meet the bounds"
    return f"{each['class']}: {text}" if several else text


def effort(figures: Figures) -> dict[str, str]:
    """What it took."""
    return {"simulated": f"{figures['simulated_requests']:,} requests in {figures['simulated_runs']:,} runs"}
