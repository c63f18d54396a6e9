"""A run's figures as one page for a terminal of any width."""

from __future__ import annotations

import textwrap
from typing import Any

from infersim.text import facts
from infersim.text.columns import columns

_LABEL = 13


def page(summary: dict[str, Any], width: int = 80) -> str:
    """A run's figures as text.

    Args:
        summary: what `Result.summary()` returns.
        width: columns of the terminal; long lines are wrapped to it.
    """
    heading = f"{facts.title(summary)}, seed {facts.number(summary.get('seed'))}"
    blocks = [
        textwrap.wrap(heading, width),
        _warnings(summary.get("warnings") or [], width),
        _sentences(facts.fleet(summary) | facts.traffic(summary), width),
        _rows(facts.latency_rows(summary), width),
        _sentences(facts.serving(summary), width),
        _rows(facts.class_rows(summary), width),
        _sentences(facts.origin(summary), width),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _warnings(warnings: list[str], width: int) -> list[str]:
    return [line for text in warnings for line in textwrap.wrap(f"warning: {text}", width, subsequent_indent="  ")]


def _rows(rows: list[list[str]], width: int) -> list[str]:
    """Aligned columns, or a sentence a row where the terminal is too narrow for them."""
    lines = columns(rows) if rows else []
    if not lines or max(map(len, lines)) <= width:
        return lines
    head = rows[0][1:]
    return _sentences({row[0]: ", ".join(map(" ".join, zip(head, row[1:], strict=True))) for row in rows[1:]}, width)


def _sentences(labelled: dict[str, str], width: int) -> list[str]:
    """Labelled sentences, wrapped; labels stand above them where the terminal is narrow, or they are long."""
    indent = max([_LABEL, *(len(label) + 2 for label in labelled)])
    if width < 40 or indent > width // 2:
        return [
            line
            for label, text in labelled.items()
            for line in (
                *textwrap.wrap(label, width),
                *textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="  "),
            )
        ]
    return [
        line
        for label, text in labelled.items()
        for line in textwrap.wrap(text, width, initial_indent=label.ljust(indent), subsequent_indent=" " * indent)
    ]
