"""A result table for people: the settings that vary, a few figures with their intervals, and what went wrong.

Where a terminal is narrow, what matters least gives way first; the status never does.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from infersim.metrics.naming import brief, number_texts, settings_named, unit_of_seconds
from infersim.text.sweep import FIGURES, NOTHING, digits

Table = Mapping[str, np.ndarray]
_DIGITS, _HALF_DIGITS = 4, 2
_WIDEST, _SHORTER, _SHORTEST = 32, 12, 8
"""Characters of a setting's text; longer ones are cut."""
_KEPT = 3
"""Figures that stay, when intervals and long texts have given way."""
STALE = "*"
"""Behind a cost at a price that did not change with the device."""


@dataclass(frozen=True)
class Column:
    """A column as it is shown.

    Attributes:
        path: the table's column.
        title, unit: its heading.
        cells: with intervals.
        bare: without; the same where there are none.
        kind: label, setting, led (by another setting), or figure.
    """

    path: str
    title: str
    unit: str
    cells: list[str]
    bare: list[str]
    kind: str

    def cut(self, letters: int) -> Column:
        """With texts of so many letters, where that tells them apart as before."""
        if self.kind == "figure" or self.path == "status":
            return self
        found = [_cut(cell, letters) for cell in self.cells]
        return replace(self, cells=found, bare=found) if len({*found}) == len({*self.cells}) else self


def lines(
    table: Table, paths: Sequence[str], width: int, most: int, led: Collection[str] = (), stale: Sequence[bool] = ()
) -> list[str]:
    """Rows of a result table that fit a terminal.

    Args:
        table: its columns.
        paths: those that are scenario paths.
        width: columns of the terminal; what does not fit is left out, and named below.
        most: rows that are shown.
        led: paths that only move with another: the first to give way.
        stale: of each row, whether its cost is at another device's price.
    """
    every = table_columns(table, paths, FIGURES, most, led, stale)
    for tried in _attempts(every):
        shown, gap, left_out = tried
        found = _text(shown, gap)
        if max(map(len, found)) <= width:
            break
    rows = len(table["point"])
    more = [f"… and {rows - most:,} more points; --format csv shows all"] if rows > most else []
    wide = max(map(len, found)) > width
    cut = ["columns are cut at the terminal's width; --columns chooses some"] if wide else []
    return [line[:width] for line in found] + more + cut + [*notes(table, width)] + _told_left_out(left_out, width)


def chosen_lines(table: Table, paths: Sequence[str], chosen: Sequence[str], width: int) -> list[str]:
    """Columns that were asked for; long texts are cut where the terminal is narrow.

    Args:
        table: its columns, among them the ends of intervals of the figures chosen.
        paths: those that are scenario paths.
        chosen: names of columns, in order.
        width: columns of the terminal.
    """
    every = {each.path: each for each in table_columns(table, paths, (), len(table["point"]), all_paths=True)}
    found = [every.get(name) or _of(table, name) for name in chosen]
    spare = width - max(map(len, _text(found, 2)))
    if spare < 0:
        longest = max(range(len(found)), key=lambda number: max(map(len, found[number].cells), default=0))
        each = found[longest]
        letters = max(20, max(map(len, each.cells), default=0) + spare)
        cells = [_cut(cell, letters) for cell in each.cells]
        found[longest] = replace(each, cells=cells, bare=cells)
    return [*_text(found, 2), *notes(table, width)]


def table_columns(
    table: Table,
    paths: Sequence[str],
    figures: Collection[str],
    most: int,
    led: Collection[str] = (),
    stale: Sequence[bool] = (),
    all_paths: bool = False,
) -> list[Column]:
    """Columns of the first rows.

    Args:
        table, paths, most, led, stale: as for `lines`.
        figures: paths, in order; those that the table has are shown.
        all_paths: settings that do not vary, too.
    """
    rows = slice(0, most)
    labels = ["point", *(["name"] if "name" in table else [])]
    found = [_plain(label, label, "", table[label][rows], "label") for label in labels]
    varied = [path for path in paths if all_paths or _varies(table[path].tolist(), named="name" in table)]
    for path, name in zip(varied, settings_named(varied), strict=True):
        found.append(_plain(path, *name, table[path][rows], "led" if path in led else "setting"))
    found += [_of(table, f"simulated.{name}", most, stale) for name in figures if f"simulated.{name}" in table]
    if (table["status"] != "ok").any():
        found.append(_plain("status", "status", "", table["status"][rows], "label"))
    return found


def notes(table: Table, width: int) -> Iterator[str]:
    """What brackets mean, where there are some."""
    if (table["status"] == "overload").any():
        told = "(…): overload, no steady state: such a figure depends on the run's length"
        yield from textwrap.wrap(told, width)


def heading(columns: Sequence[Column]) -> list[str]:
    """A line for each: title and unit."""
    return [f"{each.title} {each.unit}".strip() for each in columns]


def _attempts(every: Sequence[Column]) -> Iterator[tuple[list[Column], int, list[str]]]:
    """What to show, the gap between columns, and what is left out: ever less."""
    shown, left_out, names = [*every], list[str](), [each.path for each in every if each.kind == "figure"][::-1]
    first = {f"simulated.{name}" for name in FIGURES[:_KEPT]}

    def without(paths: Collection[str]) -> list[Column]:
        left_out.extend(each.path for each in shown if each.path in paths)
        return [each for each in shown if each.path not in paths]

    yield shown, 2, left_out
    shown = without([each.path for each in every if each.kind == "led"])
    yield shown, 2, left_out
    for name in (name for name in names if name not in first):
        shown = without([name])
        yield shown, 2, left_out
    shown = [each.cut(_SHORTER) for each in shown]
    yield shown, 2, left_out
    if any(each.cells != each.bare for each in shown):
        shown = [replace(each, cells=each.bare) for each in shown]
        left_out.append("± intervals")
        yield shown, 2, left_out
    shown = [each.cut(_SHORTEST) for each in shown]
    yield shown, 1, left_out
    for name in (name for name in names if name in first):
        shown = without([name])
        yield shown, 1, left_out


def _told_left_out(names: Sequence[str], width: int) -> list[str]:
    """What the terminal had no room for, and how to see it."""
    if not names:
        return []
    said = ", ".join(name.removeprefix("simulated.") for name in names)
    how = "a wider terminal, infersim results DIR --columns A,B,… or --format csv shows it"
    return textwrap.wrap(f"no room for {said}: {how}", width, break_long_words=False, break_on_hyphens=False)


def _plain(path: str, title: str, unit: str, column: np.ndarray, kind: str) -> Column:
    """A label or a setting."""
    if kind != "label" and column.dtype.kind == "f" and not np.isnan(column).any():
        numbers, codes = np.unique(column, return_inverse=True)
        texts = number_texts(numbers)
        cells = [texts[code] for code in codes.tolist()]
    else:
        cells = [_text_of(value) for value in column.tolist()]
    return Column(path, title, unit, cells, cells, kind)


def _of(table: Table, name: str, most: int | None = None, stale: Sequence[bool] = ()) -> Column:
    """Any column: a figure in its unit with its interval, or an end of one; what is none as it is."""
    rows = slice(0, most)
    end, _, figure = name.partition(".")
    column = table[name][rows]
    if end not in ("simulated", "ci95_low", "ci95_high") or column.dtype.kind not in "fi":
        return _plain(name, name, "", column, "label")
    title, unit = brief(figure)
    title = {"simulated": title, "ci95_low": f"{title}, low end", "ci95_high": f"{title}, high end"}[end]
    steady = (table["status"][rows] != "overload") | (end != "simulated")
    unit, size = _unit(unit, column[steady] if np.isfinite(column[steady]).any() else column)
    high = table.get(f"ci95_high.{figure}") if end == "simulated" else None
    halves = np.full(len(column), math.nan) if high is None else high[rows] - column
    marks = [*stale[rows]] if stale and figure.startswith("cost.usd_") else [False] * len(column)
    places = _decimals(column[steady] / size)
    cells, bare = [], []
    for value, half, is_steady, is_stale in zip(column / size, halves / size, steady, marks, strict=True):
        mark = STALE if is_stale else ""
        told = NOTHING if math.isnan(value) else _number(value, places)
        told = told if is_steady or told == NOTHING else f"({told})"
        bare.append(told + mark)
        plus_minus = "" if math.isnan(half) or not is_steady else f" ± {digits(half, _HALF_DIGITS)}"
        cells.append(told + plus_minus + mark)
    return Column(name, title, unit, cells, bare, "figure")


def _unit(unit: str, values: np.ndarray) -> tuple[str, float]:
    """The unit shown, and its size in the figure's own."""
    known = values[np.isfinite(values)]
    if unit == "share":
        return "%", 0.01
    if unit == "s" and known.size:
        return unit_of_seconds(float(np.median(np.abs(known))))
    return unit, 1.0


def _decimals(values: np.ndarray) -> int:
    """Decimals of a column, so that its middle value has four digits."""
    known = np.abs(values[np.isfinite(values) & (values != 0)])
    if not known.size:
        return 0
    return min(max(0, _DIGITS - 1 - math.floor(math.log10(float(np.median(known))))), 6)


def _number(value: float, places: int) -> str:
    if value and abs(value) * 10**places < 10:  # it would have one digit left, or none
        return digits(value, _HALF_DIGITS)
    return f"{value:,.{places}f}"


def _text(columns: Sequence[Column], gap: int) -> list[str]:
    """Aligned lines: titles, a word or two a line, units below them, then the rows."""
    blocks, left = [], []
    has_units = any(each.unit for each in columns)
    for each in columns:
        widest = max([*map(len, each.cells), *map(len, each.title.split()), len(each.unit)])
        titles = textwrap.wrap(each.title, widest, break_long_words=False, break_on_hyphens=False)
        blocks.append([*titles, *([each.unit] if has_units else [])])
        left.append(each.path in ("name",))
    height = max(map(len, blocks))
    found = []
    rows = [[*([""] * (height - len(block))), *block, *each.cells] for block, each in zip(blocks, columns, strict=True)]
    widths = [max(map(len, column)) for column in rows]
    for cells in zip(*rows, strict=True):
        padded = [
            cell.ljust(width) if number == 0 or is_left else cell.rjust(width)
            for number, (cell, width, is_left) in enumerate(zip(cells, widths, left, strict=True))
        ]
        found.append((" " * gap).join(padded).rstrip())
    return found


def _varies(values: list[object], named: bool) -> bool:
    """Whether a path is told: it has several values, and all points set it where names tell points apart, too."""
    return len({*map(str, values)}) > 1 and not (named and any(map(_is_empty, values)))


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _text_of(value: object) -> str:
    if _is_empty(value):
        return ""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return _cut(text[1:-1] if quoted else text, _WIDEST)


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
