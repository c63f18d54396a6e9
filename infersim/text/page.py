"""A run's figures as one page for a terminal of any width."""

from __future__ import annotations

import textwrap
from typing import Any

from infersim.text import facts
from infersim.text.blocks import rows_block, sentences, warning_lines


def page(summary: dict[str, Any], width: int = 80) -> str:
    """A run's figures as text.

    Args:
        summary: what `Result.summary()` returns.
        width: columns of the terminal; long lines are wrapped to it.
    """
    heading = f"{facts.title(summary)}, seed {facts.number(summary.get('seed'))}"
    blocks = [
        textwrap.wrap(heading, width),
        warning_lines(summary.get("warnings") or [], width),
        sentences(facts.fleet(summary) | facts.traffic(summary), width),
        rows_block(facts.latency_rows(summary), width),
        sentences(facts.serving(summary), width),
        rows_block(facts.class_rows(summary), width),
        sentences(facts.origin(summary), width),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)
