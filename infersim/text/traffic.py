"""Recorded or drawn requests in sentences: what `infersim workloads describe` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from infersim.text.blocks import rows_block, sentences
from infersim.text.columns import columns
from infersim.units import show_seconds

QUANTILES = ("mean", "p1", "p10", "p25", "p50", "p75", "p90", "p99", "max")


def describe(name: str, figures: Mapping[str, Any], lacking: Sequence[str] = (), width: int = 1000) -> list[str]:
    """Lines of text.

    Args:
        name: of the trace or model.
        figures: as `workload.description.describe` gives them.
        lacking: what a model does not reproduce.
        width: columns of the terminal.
    """
    rate = figures["rate_per_s"]
    lines = [
        f"{name}: {figures['requests']:,} requests in {show_seconds(figures['span_s'])}"
        + (f", {rate:,.3g} a second" if rate is not None else ""),
        "",
    ]
    table = [["", *QUANTILES]]
    if figures["gaps_s"] is not None:
        table.append(["gap", *(show_seconds(figures["gaps_s"][key]) for key in QUANTILES)])
    for key, title in (("prompt_tokens", "prompt tokens"), ("output_tokens", "output tokens")):
        table.append([title, *(f"{figures[key][each]:,.0f}" for each in QUANTILES)])
    lines += [*rows_block(table, width), ""]
    facts = [
        ("gaps: CV", _number(figures["gap_cv"]), "1 for Poisson arrivals"),
        ("gaps of zero", _share(figures["gaps_of_zero"]), "requests at the same instant"),
        ("gaps: autocorrelation", _series(figures["gap_autocorrelation"], "lag "), "0 for independent gaps"),
        ("index of dispersion", _series(figures["dispersion"], ""), "variance over mean of counts; 1 for Poisson"),
        ("prompt and output", _series(figures["prompt_output_correlation"], ""), "correlation"),
        ("shared prefixes", _sharing(figures["prefix_sharing"]), "what an endless prefix cache could save"),
    ]
    aligned = columns([[what, told, f"({meaning})"] for what, told, meaning in facts], left=3)
    fits = max(map(len, aligned)) <= width
    lines += aligned if fits else sentences({what: f"{told} ({meaning})" for what, told, meaning in facts}, width)
    return lines + [
        line for each in lacking for line in textwrap.wrap(f"not reproduced: {each}", width, subsequent_indent="  ")
    ]


def _series(values: Mapping[str, float | None], prefix: str) -> str:
    told = [f"{prefix}{key} {_number(value)}" for key, value in values.items()]
    return ", ".join(told)


def _sharing(sharing: Mapping[str, float] | None) -> str:
    if sharing is None:
        return "no block hashes"
    return f"{sharing['seen_before']:.0%} of blocks of {sharing['block_tokens']} tokens"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
