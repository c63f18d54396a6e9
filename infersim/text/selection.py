"""The best of many as a page or a notebook's cell, from the object that `--json` prints."""

from __future__ import annotations

import textwrap
from typing import Any

from infersim.text import facts, notebook
from infersim.text.blocks import rows_block, sentences, warning_lines
from infersim.text.comparison import label, value


def page(summary: dict[str, Any], width: int = 80) -> str:
    """A selection as text.

    Args:
        summary: what `Best.summary()` returns.
        width: columns of the terminal.
    """
    blocks = [
        textwrap.wrap(_heading(summary), width),
        warning_lines(summary["warnings"], width),
        rows_block(_rows(summary), width),
        sentences(_notes(summary), width),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def html(summary: dict[str, Any]) -> str:
    """A selection as HTML for a notebook cell; `summary` as in `page`."""
    head = notebook.heading(_heading(summary), summary["warnings"])
    return head + notebook.table(_rows(summary)) + notebook.sentences(_notes(summary))


def _heading(summary: dict[str, Any]) -> str:
    if summary["best"] is None:
        return f"no best by {label(summary['figure'])}: arrivals outrun service in all {len(summary['scenarios'])}"
    word = "best" if summary["decided"] else "best so far, not decided"
    of = f"of {len(summary['scenarios'])} by {label(summary['figure'])} ({summary['better']} is better)"
    return f"{summary['best']}: {word} {of}"


def _rows(summary: dict[str, Any]) -> list[list[str]]:
    mean, word = ("geometric_mean", " (geometric mean)") if summary["relative"] else ("mean", "")
    rows = [["", f"{label(summary['figure'])}{word}", "replications", ""]]
    for each in summary["scenarios"]:
        found = value(summary["figure"], each[mean])
        rows.append([each["name"], found, facts.number(each["replications"]), _what(each, summary["best"])])
    return rows


def _what(scenario: dict[str, Any], best: str | None) -> str:
    """What became of a scenario."""
    if scenario["overloaded"]:
        return "queue grows"
    return "dropped" if scenario["dropped"] else "best" if scenario["name"] == best else "still in"


def _notes(summary: dict[str, Any]) -> dict[str, str]:
    sure, least = facts.share(summary["confidence"]), summary["indifference"]
    least = facts.share(least) if summary["relative"] else value(summary["figure"], least)
    chance = f"with {sure} probability the best one is found, if it is better than all others by {least} or more"
    notes = {"sure": f"{chance}; of scenarios closer than that any may be chosen (KN)"} if summary["decided"] else {}
    return notes | {"runs": f"{summary['runs']:,}, in place of the {summary['runs_of_all']:,} of as many of all"}
