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
    above, below = facts.fleet(summary) | facts.traffic(summary), facts.serving(summary) | facts.origin(summary)
    head = heading(facts.title(summary), summary.get("warnings") or [])
    rows = table(facts.latency_rows(summary)) + table(facts.class_rows(summary))
    return head + sentences(above) + rows + sentences(below)


def heading(title: str, warnings: list[str]) -> str:
    """A heading, and each warning as a paragraph."""
    paragraphs = (f"<p><b>warning: {escape(warning)}</b></p>" for warning in warnings)
    return f"<h4>{escape(title)}</h4>{''.join(paragraphs)}"


def sentences(labelled: dict[str, str]) -> str:
    """Labelled sentences as a table."""
    rows = (f"<tr>{_head(label)}<td {LEFT}>{escape(text)}</td></tr>" for label, text in labelled.items())
    return f"<table>{''.join(rows)}</table>"


def table(rows: list[list[str]]) -> str:
    """A head and rows as a table; nothing where there are none."""
    if not rows:
        return ""
    head = "".join(f"<th {RIGHT}>{escape(cell)}</th>" for cell in rows[0][1:])
    body = "".join(
        f"<tr>{_head(row[0])}{''.join(f'<td {RIGHT}>{escape(cell)}</td>' for cell in row[1:])}</tr>" for row in rows[1:]
    )
    return f"<table><tr>{_head(rows[0][0])}{head}</tr>{body}</table>"


def _head(label: str) -> str:
    return f"<th {LEFT}>{escape(label)}</th>"
