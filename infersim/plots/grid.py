"""Which columns of a sweep's table are axes: those that vary, each with its levels; and which rows tell what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from infersim.metrics.naming import Named, number_texts, settings_named

Table = Mapping[str, np.ndarray]
DEFAULT = "default"
"""The level of what a point leaves as it is."""
_EVEN = 1e-6
"""Steps whose ratios agree so far are even on a logarithmic axis."""


@dataclass(frozen=True)
class Axis:
    """A setting that varies.

    Attributes:
        path: its column.
        label: its name in few letters.
        unit: of its levels; empty where there is none.
        texts: its levels for people, numbers ascending, others as they come.
        codes: the level of each row.
        numbers: its levels; None where they are no numbers.
        log: drawn on a logarithmic axis.
    """

    path: str
    label: str
    unit: str
    texts: list[str]
    codes: np.ndarray
    numbers: np.ndarray | None
    log: bool

    @property
    def words(self) -> str:
        """Label and unit in one."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label

    @property
    def places(self) -> np.ndarray:
        """Where its levels stand along a picture's edge."""
        return np.arange(len(self.texts), dtype=float) if self.numbers is None else self.numbers


@dataclass(frozen=True)
class Layout:
    """The axes of a table.

    Attributes:
        axes: the horizontal one first.
        scattered: of a sample, what varies with each point and is no axis, as the first one tells the points apart.
        led: paths of settings that only move with an axis, as a price does with its device.
    """

    axes: list[Axis]
    scattered: list[Axis]
    led: list[str]

    @property
    def joined(self) -> bool:
        """Whether neighbours along the first axis differ in nothing else, so that a line may join them."""
        return not self.scattered


def layout(table: Table, paths: Sequence[str], log: Collection[str] = (), first: Sequence[str] = ()) -> Layout:
    """What varies, without settings that only move with another.

    Args:
        table: a sweep's.
        paths: its columns that are scenario paths.
        log: those that were given on a logarithmic scale; even ratios are one, too.
        first: the order asked for; the others follow, numbers with many levels first.
    """
    names = ["name"] if "name" in table else []
    columns = [*first, *(path for path in (*names, *paths) if path not in first)]
    varied = [path for path in columns if path in first or len({*map(str, table[path].tolist())}) > 1]
    named = zip(varied, settings_named(varied), strict=True)
    axes = [_axis(table[path], path, name, path in log) for path, name in named]
    kept: list[Axis] = []
    scattered: list[Axis] = []
    led: list[str] = []
    for axis in axes:
        leader = next((each for each in kept if _leads(each, axis)), None)
        if leader is None:
            kept.append(axis)
        elif not _moves_with(axis, leader):
            scattered.append(axis)
        else:
            led.append(axis.path)
    rank = {path: number for number, path in enumerate(first)}
    kept.sort(key=lambda axis: (rank.get(axis.path, len(rank)), axis.numbers is None, -len(axis.texts)))
    return Layout(kept, scattered, led)


def kinds(axes: Sequence[Axis]) -> list[list[int]]:
    """The combinations of levels of some axes that there are, a level an axis; of no axis one, which is empty."""
    return np.unique(np.stack([axis.codes for axis in axes]), axis=1).T.tolist() if axes else [[]]


def rows_of(axes: Sequence[Axis], kind: Sequence[int], among: np.ndarray) -> np.ndarray:
    """Which rows are of a combination of levels, of those among which it is asked."""
    for axis, code in zip(axes, kind, strict=True):
        among = among & (axis.codes == code)
    return among


def settings(axes: Sequence[Axis], row: int) -> list[str]:
    """What a row sets, an axis each: `replicas 2`, `price 3 USD/h`."""
    return [said(axis, int(axis.codes[row])) for axis in axes]


def said(axis: Axis, level: int) -> str:
    """A level in words."""
    if axis.path == "name" or axis.label in ("device", "model"):  # such values say what they are
        return axis.texts[level]
    unit = f" {axis.unit}" if axis.unit and axis.texts[level] != DEFAULT else ""
    return f"{axis.label} {axis.texts[level]}{unit}"


def figure_values(table: Table, figure: str, also: Collection[str] = ()) -> np.ndarray:
    """A figure where there is a steady state; NaN elsewhere.

    Args:
        table: a sweep's.
        figure: its path.
        also: statuses besides `ok` whose figures are wanted.
    """
    return _steady(table, f"simulated.{figure}", also)


def ends(table: Table, figure: str, also: Collection[str] = ()) -> tuple[np.ndarray, np.ndarray]:
    """The ends of a figure's 95% intervals where there is a steady state; NaN elsewhere. Arguments as above."""
    return _steady(table, f"ci95_low.{figure}", also), _steady(table, f"ci95_high.{figure}", also)


def _steady(table: Table, column: str, also: Collection[str]) -> np.ndarray:
    values = table.get(column)
    rows = len(table["status"])
    if values is None or values.dtype == object:  # no point has it
        return np.full(rows, np.nan)
    return np.where(np.isin(table["status"].astype(str), ["ok", *also]), values, np.nan)


def _axis(column: np.ndarray, path: str, name: Named, log: bool) -> Axis:
    if column.dtype.kind in "iuf" and not np.isnan(column.astype(float)).any():
        numbers, codes = np.unique(column, return_inverse=True)
        is_log = bool(numbers[0] > 0) and (log or _even_ratios(numbers))
        return Axis(path, *name, number_texts(numbers), codes, numbers.astype(float), is_log)
    texts = [_text(value) for value in column.tolist()]
    levels = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return Axis(path, *name, [*levels], np.array([levels[text] for text in texts]), None, False)


def _text(value: object) -> str:
    if value is None or value != value:
        return DEFAULT
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _even_ratios(numbers: np.ndarray) -> bool:
    ratios = numbers[1:] / numbers[:-1]
    return len(numbers) > 2 and bool(ratios.max() / ratios.min() < 1 + _EVEN)


def _leads(axis: Axis, other: Axis) -> bool:
    """Whether a level of the one fixes that of the other."""
    pairs = np.unique(np.stack([axis.codes, other.codes]), axis=1)
    return pairs.shape[1] == len(axis.texts)


def _moves_with(axis: Axis, leader: Axis) -> bool:
    """Whether an axis that is led is no dimension of its own: text, or rising or falling with its leader."""
    if axis.numbers is None or leader.numbers is None:
        return True
    level = np.empty(len(leader.texts))
    level[leader.codes] = axis.numbers[axis.codes]
    steps = np.diff(level)
    return bool((steps >= 0).all() or (steps <= 0).all())
