"""The points of a study: factors (an axis, lists that move together, cases, rows, a sample) and their product."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload

import numpy as np

from infersim.errors import InputError
from infersim.load.messages import together
from infersim.load.places import Place
from infersim.load.relative import absolute
from infersim.load.study import LoadedStudy
from infersim.runs.columns import check_names, sort_columns
from infersim.runs.files import read_sheet
from infersim.runs.table import RunTable
from infersim.spec.study import MOST_POINTS, Bounds, Range, Sample

_DIGITS = 10
"""Significant digits of a value between two ends: what a person would have typed."""


@dataclass(frozen=True)
class Level:
    """What one factor sets at one of its levels.

    Attributes:
        settings: values by scenario path.
        fields: the study's field that each path's value stands in.
        name: of a case or a row; empty where it has none.
    """

    settings: dict[str, Any]
    fields: dict[str, str] = field(default_factory=dict)
    name: str = ""


class Values(Sequence[Level]):
    """Levels that take their values from lists, each made as it is asked for: a million are a list of a million values.

    Args:
        columns: values by path, as many of each.
        fields: the study's field of each path's values.
        numbered: whether each value has a field of its own there.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]], fields: Mapping[str, str], numbered: bool):
        self.columns, self._fields, self._numbered = columns, fields, numbered

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @overload
    def __getitem__(self, number: int) -> Level: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Level]: ...
    def __getitem__(self, number: int | slice) -> Level | Sequence[Level]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        settings = {path: values[number] for path, values in self.columns.items()}
        end = f".{number}" if self._numbered else ""
        return Level(settings, {path: f"{field}{end}" for path, field in self._fields.items()})


@dataclass(frozen=True)
class Points:
    """The product of factors, numbered from 0, the last factor fastest.

    Attributes:
        factors: the levels of each.
    """

    factors: tuple[Sequence[Level], ...]

    def __len__(self) -> int:
        return math.prod(map(len, self.factors))

    def levels(self, number: int) -> list[int]:
        """Which level of each factor a point has."""
        found = []
        for factor in reversed(self.factors):
            number, level = divmod(number, len(factor))
            found.append(level)
        return found[::-1]

    def number(self, levels: Sequence[int]) -> int:
        """The point that has these levels."""
        found = 0
        for factor, level in zip(self.factors, levels, strict=True):
            found = found * len(factor) + level
        return found

    def settings(self, number: int) -> dict[str, Any]:
        """Values by path at a point, outer paths before those inside them."""
        found: dict[str, Any] = {}
        for factor, level in zip(self.factors, self.levels(number), strict=True):
            found |= factor[level].settings
        return dict(sorted(found.items(), key=lambda item: item[0].count(".")))

    def name(self, number: int) -> str:
        """Names of the case and the row of a point, in one."""
        levels = zip(self.factors, self.levels(number), strict=True)
        return " / ".join(filter(None, (factor[level].name for factor, level in levels)))

    @cached_property
    def paths(self) -> list[str]:
        """Every path that some point sets, in the order of the factors."""
        return [*dict.fromkeys(path for factor in self.factors for path in _paths(factor))]

    @cached_property
    def named(self) -> bool:
        """Whether points have names."""
        return any(level.name for factor in self.factors if not isinstance(factor, Values) for level in factor)

    def values(self, path: str) -> Iterator[Any]:
        """What a path is set to, level by level of its factor; `...` at those that leave it alone."""
        factor = next(factor for factor in self.factors if path in _paths(factor))
        if isinstance(factor, Values):
            yield from factor.columns[path]
        else:
            yield from (level.settings.get(path, ...) for level in factor)


def _paths(factor: Sequence[Level]) -> Mapping[str, Any]:
    """The paths that a factor sets at some level, as keys."""
    if isinstance(factor, Values):
        return factor.columns
    return dict.fromkeys(itertools.chain.from_iterable(level.settings for level in factor))


def points_of(loaded: LoadedStudy) -> Points:
    """The points of a study.

    Raises:
        InputError: the study's table is none, or what two parts say together is too much.
    """
    study = loaded.study
    factors: list[Sequence[Level]] = [_axis(loaded, path, axis) for path, axis in study.axes.items()]
    if study.zip:
        columns = {path: _listed(loaded, path, values) for path, values in study.zip.items()}
        factors.append(Values(columns, {path: f"zip.{path}" for path in columns}, numbered=True))
    if study.cases:
        factors.append(
            tuple(
                Level(_full(loaded, case.set), {path: f"cases.{i}.set.{path}" for path in case.set}, case.name)
                for i, case in enumerate(study.cases)
            )
        )
    if study.table is not None:
        factors.append(_rows(loaded, study.table))
    if study.sample is not None:
        factors.append(_drawn(study.sample))
    points = Points(tuple(factors))
    if len(points) > MOST_POINTS:
        raise InputError(f"{len(points):,} points are more than {MOST_POINTS:,}", "vary less", file=loaded.file)
    return points


def between(bounds: Bounds, shares: np.ndarray) -> list[float | int]:
    """Values at shares (0 to 1) of the way from one end to the other."""
    low, high = bounds.from_, bounds.to
    found = low * (high / low) ** shares if bounds.scale == "log" else low + (high - low) * shares
    values = [float(f"{min(max(value, low), high):.{_DIGITS}g}") for value in found.tolist()]
    return [round(value) for value in values] if bounds.whole else values


def _axis(loaded: LoadedStudy, path: str, axis: Range | list[Any]) -> Values:
    if isinstance(axis, Range):
        values: list[Any] = [*dict.fromkeys(between(axis, np.linspace(0, 1, axis.points)))]
    else:
        values = _listed(loaded, path, axis)
    return Values({path: values}, {path: f"axes.{path}"}, numbered=not isinstance(axis, Range))


def _listed(loaded: LoadedStudy, path: str, values: Sequence[Any]) -> list[Any]:
    """A path's values, those that are files said in full."""
    return [_full(loaded, {path: value})[path] for value in values]


def _full(loaded: LoadedStudy, settings: dict[str, Any]) -> dict[str, Any]:
    """Settings whose files are relative to the study, said in full where the scenario lies elsewhere."""
    return {path: absolute(tuple(path.split(".")), value, loaded.folder) for path, value in settings.items()}


def _rows(loaded: LoadedStudy, name: str) -> tuple[Level, ...]:
    """Rows of a run table; its figures are not looked at."""
    path = loaded.folder / name
    sheet = read_sheet(path)
    columns = sort_columns(sheet.names, str(path))
    if not sheet.rows or not columns.paths:
        what = "rows" if not sheet.rows else "column that is a scenario path"
        raise InputError(f"the table has no {what}", "a row a point, a column a path", file=str(path), line=1)
    check_names([*columns.paths], loaded.base.data, str(path))
    for other, _ in loaded.paths():
        if other in columns.paths:
            raise loaded.mistake("two axes on one path", f"{name} has a column of it", "table", repr(name))
    table = RunTable(path, loaded.base, columns, {}, sheet, path.parent, {})
    levels, errors = [], []
    for row in range(len(table)):
        try:
            settings = table.settings(row)
            fields = dict.fromkeys(settings, f"table.{row}")
            place = Place(str(path), sheet.lines[row])
            loaded.places.add(f"table.{row}", place, place)
            levels.append(Level(settings, fields, table.label(row, "name") or table.label(row, "id") or ""))
        except InputError as error:
            errors.append(error)
    if errors:
        raise together(errors)
    return tuple(levels)


def _drawn(sample: Sample) -> Values:
    """Levels drawn between bounds, the same for a seed."""
    shares = _cube(sample).T
    columns = {
        path: between(bounds, column) for (path, bounds), column in zip(sample.axes.items(), shares, strict=True)
    }
    return Values(columns, {path: f"sample.axes.{path}" for path in columns}, numbered=False)


def _cube(sample: Sample) -> np.ndarray:
    """Points of the unit cube, a row a point."""
    count, width = sample.points, len(sample.axes)
    rng = np.random.Generator(np.random.PCG64(sample.seed))
    if sample.kind == "random":
        return rng.random((count, width))
    from scipy.stats import qmc

    if sample.kind == "latin_hypercube":
        return qmc.LatinHypercube(width, seed=rng).random(count)
    return qmc.Sobol(width, seed=rng).random_base2(math.ceil(math.log2(count)))[:count]
