"""A run's figures as HTML for a notebook cell."""

from __future__ import annotations

from html import escape
from typing import Any

from infersim.text import facts

LEFT, RIGHT = 'style="text-align: left"', 'style="text-align: right"'


def html(summary: dict[str, Any]) -> str:
    """Warnings, what was simulated, latencies and what it took, as tables.

    Args:
        summary: what `Result.summary()` returns.
    """
    warnings = "".join(f"<p><b>warning: {escape(warning)}</b></p>" for warning in summary.get("warnings") or [])
    above = _sentences(facts.fleet(summary) | facts.traffic(summary))
    below = _sentences(facts.serving(summary) | facts.origin(summary))
    tables = _rows(facts.latency_rows(summary)) + _rows(facts.class_rows(summary))
    return f"<h4>{escape(facts.title(summary))}</h4>{warnings}{above}{tables}{below}"


def _sentences(labelled: dict[str, str]) -> str:
    rows = (f"<tr>{_head(label)}<td {LEFT}>{escape(text)}</td></tr>" for label, text in labelled.items())
    return f"<table>{''.join(rows)}</table>"


def _rows(rows: list[list[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th {RIGHT}>{escape(cell)}</th>" for cell in rows[0][1:])
    body = "".join(
        f"<tr>{_head(row[0])}{''.join(f'<td {RIGHT}>{escape(cell)}</td>' for cell in row[1:])}</tr>" for row in rows[1:]
    )
    return f"<table><tr>{_head(rows[0][0])}{head}</tr>{body}</table>"


def _head(label: str) -> str:
    return f"<th {LEFT}>{escape(label)}</th>"
