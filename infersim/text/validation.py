"""A validation's report as text: errors by figure, by group, and what was refused."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from infersim.text.blocks import rows_block
from infersim.text.columns import columns

ALSO = "; also "
"""Stands between the faults of one row."""
_FEW = 8
"""So many rows are named behind a refusal."""


def lines(report: dict[str, Any], width: int) -> list[str]:
    """Lines of a run table's report.

    Args:
        report: as `infersim validate --json` prints it of one table.
        width: columns of the terminal.
    """
    rows, refused = report["rows"], report["refused"]
    head = f"{report['path']}: {rows} rows, {rows - len(refused)} simulated, {len(refused)} refused"
    found = [*_wrapped(head, width), "", *_indented(_errors(report, width - 2))]
    if report["groups"]:
        found += ["", *_indented(_groups(report["groups"], width - 2))]
    if refused:
        found += ["", *_refusals(refused, width)]
    return found


def _errors(report: dict[str, Any], width: int) -> list[str]:
    """A line a figure: all rows, then the suspect ones."""
    table = [["figure", "rows", "median error", "mean error", "bias"]]
    table += [[name, *_cells(errors)] for name, errors in report["overall"].items() if errors["n"]]
    table += [[f"{name} (suspect)", *_cells(errors)] for name, errors in report["suspect"].items()]
    made = rows_block(table, width) if len(table) > 1 else []
    nothing = [name for name, errors in report["overall"].items() if not errors["n"]]
    if nothing:
        made += _wrapped(f"nothing to compare: {', '.join(nothing)}", width)
    for name, count in _unanswered(report).items():
        made += _wrapped(f"{name}: no prediction in {count} rows", width)
    return made


def _unanswered(report: dict[str, Any]) -> dict[str, int]:
    """By figure, the rows simulated in which the run has no such figure."""
    counts = {name: sum(row[name] is None for row in report["predictions"]) for name in report["overall"]}
    return {name: count for name, count in counts.items() if count}


def _cells(errors: dict[str, Any]) -> list[str]:
    return [str(errors["n"]), _percent(errors["median_ape"]), _percent(errors["mape"]), f"{100 * errors['bias']:+.1f}%"]


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}%"


def _groups(groups: list[dict[str, Any]], width: int) -> list[str]:
    """Median errors, a line a group; figures that do not fit at the right are left out, and named."""
    figures = list(dict.fromkeys(name for group in groups for name in group if name not in ("group", "rows")))
    shown = list(figures)
    while True:
        table = [["median error by group", "rows", *shown]]
        table += [
            [group["group"], str(group["rows"]), *(_median(group.get(name)) for name in shown)] for group in groups
        ]
        if len(shown) <= 1 or max(map(len, columns(table))) <= width:
            break
        shown.pop()
    made = rows_block(table, width)
    left_out = figures[len(shown) :]
    return made + (_wrapped(f"(a wider terminal shows {', '.join(left_out)}, too)", width) if left_out else [])


def _median(errors: dict[str, Any] | None) -> str:
    return _percent(errors["median_ape"]) if errors else "–"


def _refusals(refused: list[dict[str, Any]], width: int) -> Iterator[str]:
    """A paragraph a fault, those of most rows first; a row of several faults stands behind each."""
    reasons: dict[tuple[str, str], list[int]] = {}
    for each in refused:
        for why in each["why"].split(ALSO):
            reasons.setdefault((each["kind"], why), []).append(each["row"])
    for (kind, why), rows in sorted(reasons.items(), key=lambda item: -len(item[1])):
        named = "rows " if len(rows) > 1 else "row "
        named += ", ".join(map(str, rows[:_FEW])) + (", …" if len(rows) > _FEW else "")
        text = f"refused {len(rows)} ({kind}): {why} [{named}]"
        yield from textwrap.wrap(text, max(width, 40), initial_indent="  ", subsequent_indent="    ")


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _indented(rows: list[str]) -> list[str]:
    return [f"  {row}" for row in rows]
