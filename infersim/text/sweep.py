"""A result table for people: the axes that vary, a few figures with their intervals, and what went wrong."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from infersim.metrics.naming import short
from infersim.text.columns import columns

FIGURES = {
    "ttft_s.p99": "TTFT p99",
    "tpot_s.p99": "TPOT p99",
    "throughput.output_tokens_per_s": "output tok/s",
    "goodput.fraction": "goodput",
    "cost.usd_per_million_output_tokens": "USD/M tok",
}
"""Figures that are shown where they fit, in order of precedence, and their headings."""
_SECONDS, _NOTHING = "_s.", "–"
_WIDEST = 32
"""Characters of a cell; longer ones are cut."""
Table = Mapping[str, np.ndarray]


def lines(table: Table, paths: Sequence[str], width: int, most: int) -> list[str]:
    """Rows of a result table that fit a terminal.

    Args:
        table: its columns.
        paths: those that are scenario paths.
        width: columns of the terminal; figures that do not fit are left out, and named below.
        most: rows that are shown.
    """
    figures, left_out = dict(FIGURES), []
    while True:
        shown = columns(table_cells(table, paths, figures, most), left=1 + _labels(table))
        if max(map(len, shown)) <= width or not figures:
            break
        name = figures.popitem()[0]
        left_out += [name] if f"simulated.{name}" in table else []
    rows = len(table["point"])
    more = [f"… and {rows - most:,} more points; --format csv shows all"] if rows > most else []
    cut = ["columns are cut at the terminal's width; --columns chooses some"] if max(map(len, shown)) > width else []
    return [line[:width] for line in shown] + more + cut + _told_left_out(left_out[::-1], width)


def _told_left_out(names: Sequence[str], width: int) -> list[str]:
    """Which figures the terminal had no room for, and how to see them."""
    if not names:
        return []
    how = "infersim results DIR --columns A,B,… or --format csv shows them"
    told = f"no room for {', '.join(names)}: {how}"
    return textwrap.wrap(told, width, break_long_words=False, break_on_hyphens=False)


def table_cells(table: Table, paths: Sequence[str], figures: Mapping[str, str], most: int) -> list[list[str]]:
    """Cells of a heading and of the first rows, as text."""
    shown = slice(0, most)
    names = ["name"] if "name" in table else []
    varied = [path for path in paths if _varies(table[path].tolist(), named=bool(names))]
    found = [[label, *map(_cell, table[label][shown])] for label in ("point", *names)]
    found += [[name, *map(_cell, table[path][shown])] for path, name in zip(varied, short(varied), strict=True)]
    present = [name for name in figures if f"simulated.{name}" in table]
    found += [[figures[name], *_figure(table, name, shown)] for name in present]
    if (table["status"] != "ok").any():
        found.append(["status", *map(str, table["status"][shown])])
    return [list(row) for row in zip(*found, strict=True)]


def point_line(
    number: int,
    name: str,
    settings: Mapping[str, object],
    status: str,
    reason: str,
    figures: Mapping[str, Sequence[float]],
) -> str:
    """A point in a line.

    Args:
        number, name, settings: which point it is.
        status, reason: what became of it.
        figures: mean and high end of the interval by path; NaN where there is none.
    """
    where = name or ", ".join(f"{key}={_cell(settings[path])}" for path, key in _shortened(settings))
    told = [f"{title} {_value(path, *figures[path])}" for path, title in FIGURES.items() if _known(figures.get(path))]
    words = [] if status == "ok" else [f"{status}: {reason}"]
    return f"point {number}: {where}{': ' if where else ''}{'; '.join([*words, ', '.join(told)]).rstrip('; ')}"


def tally(statuses: Mapping[str, int]) -> str:
    """How many points came to what, in a sentence."""
    said = {
        "ok": "ok",
        "overload": "overloaded (their figures are no steady state)",
        "does_not_fit": "do not fit",
        "refused": "refused",
        "error": "failed",
        "budget": "beyond the budget",
        "unfinished": "unfinished",
    }
    return ", ".join(f"{statuses[status]:,} {words}" for status, words in said.items() if status in statuses)


def _labels(table: Table) -> int:
    return 1 if "name" in table else 0


def _figure(table: Table, name: str, shown: slice) -> list[str]:
    middle = table[f"simulated.{name}"][shown]
    high = table.get(f"ci95_high.{name}")
    halves = np.full(len(middle), math.nan) if high is None else high[shown] - middle
    return [
        _NOTHING if math.isnan(value) else _value(name, value, value + half)
        for value, half in zip(middle.tolist(), halves.tolist(), strict=True)
    ]


def _value(name: str, value: float, high: float) -> str:
    return (_time if _SECONDS in name else _number)(value, high - value)


def _known(figure: Sequence[float] | None) -> bool:
    return figure is not None and not math.isnan(figure[0])


def _shortened(settings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    return zip(settings, short([*settings]), strict=True)


def _time(value_s: float, half_s: float) -> str:
    factor, unit = (1e3, "ms") if value_s < 1 else (1.0, "s")
    return f"{_number(value_s * factor, half_s * factor)} {unit}"


def _number(value: float, half: float) -> str:
    return f"{_digits(value)}{_plus_minus(half)}"


def _plus_minus(half: float) -> str:
    return "" if math.isnan(half) else f" ± {_digits(half, 2)}"


def _digits(value: float, digits: int = 4) -> str:
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def _varies(values: list[object], named: bool) -> bool:
    """Whether a path is told: it has several values, and all points set it where names tell points apart, too."""
    return len({*map(str, values)}) > 1 and not (named and any(map(_is_empty, values)))


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _cell(value: object) -> str:
    if _is_empty(value):
        return ""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
