"""Mistakes that show only when values are laid over the scenario: told before the first run, at their places.

Every level is tried once beside the first levels of all others. What fails there may still go with others, so that a
value is a mistake only if it fails beside every level of each other factor, taken one at a time; a neighbour that fails
earlier, at another value, says nothing of it. A combination that fails, while each of its values goes elsewhere, is a
row of the result and no mistake; so is what is not modelled yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from infersim.errors import InputError, NotModelled
from infersim.load import load_profile
from infersim.load.loaded import Loaded
from infersim.load.messages import show, together
from infersim.load.study import LoadedStudy
from infersim.load.text import missing
from infersim.spec.study import Bounds
from infersim.sweep.points import Level, Points

_MOST_LEVELS, _MOST_BESIDE = 2_000, 200
"""So many levels of a factor are tried, and so many of each other factor beside one that fails."""


def check_points(loaded: LoadedStudy, points: Points) -> None:
    """Refuse values that fail wherever they stand, and a scenario that fails at all points.

    Raises:
        InputError: one or several, each at its place.
    """
    tried = Tried(loaded, points)
    first = [0] * len(points.factors)
    found: dict[tuple[str, str], InputError] = {}
    for error in tried.errors(first):
        if tried.always(error, first):
            found[_key(points, first, error)] = _placed(loaded, points, first, error)
    for number, factor in enumerate(points.factors):
        for level in (level for level in range(min(len(factor), _MOST_LEVELS)) if factor[level].fields):
            at = [*first[:number], level, *first[number + 1 :]]
            for error in tried.errors(at):
                if isinstance(error, NotModelled):
                    continue  # a row of the result, which says so
                mine = _about(error.field, points.settings(points.number(at)))
                whose = mine & factor[level].settings.keys() if mine else factor[level].settings.keys()
                alike = not mine and _has(tried.errors(first), error)  # not of this level
                if whose and not alike and tried.always(error, at, number):
                    told = _placed(loaded, points, at, error) if mine else _owned(loaded, factor[level], error)
                    found.setdefault(_key(points, at, error), told)
    if found:
        raise together([*found.values()])


class Tried:
    """Errors of points, each found once."""

    def __init__(self, loaded: LoadedStudy, points: Points):
        self._loaded, self._points = loaded, points
        self._errors: dict[int, tuple[int, list[InputError]]] = {}

    def errors(self, levels: list[int]) -> list[InputError]:
        """What is wrong at a point before it is simulated."""
        return self._at(levels)[1]

    def always(self, error: InputError, levels: list[int], kept: int = -1) -> bool:
        """Whether no neighbour of a point is without its error; the factor that is kept stays at its level."""
        stage = self._at(levels)[0]
        neighbours = map(self._at, self._beside(levels, kept))
        return all(_has(errors, error) or reached < stage for reached, errors in neighbours)

    def _at(self, levels: list[int]) -> tuple[int, list[InputError]]:
        number = self._points.number(levels)
        if number not in self._errors:
            self._errors[number] = _errors(self._loaded, self._points, number)
        return self._errors[number]

    def _beside(self, levels: list[int], kept: int) -> Iterator[list[int]]:
        """A point's neighbours: one factor at another level, but not the one that is kept."""
        for number, factor in enumerate(self._points.factors):
            for level in range(min(len(factor), _MOST_BESIDE)):
                if number != kept and level != levels[number]:
                    yield [*levels[:number], level, *levels[number + 1 :]]


def _errors(loaded: LoadedStudy, points: Points, number: int) -> tuple[int, list[InputError]]:
    """How far a point comes (settings that are modelled, a valid scenario, its files), and what is wrong there."""
    try:
        laid = loaded.base.laid_under(points.settings(number), loaded.file)
    except InputError as error:
        errors = [*getattr(error, "errors", (error,))]
        return int(not any(isinstance(each, NotModelled) for each in errors)), errors
    unknown = [*_unknown_files(laid)]
    return 2 if unknown else 3, unknown


def _unknown_files(laid: Loaded) -> Iterator[InputError]:
    """Profiles and traces that the scenario names and that are not there."""
    for name, pool in laid.scenario.fleet.items():
        wanted = [("model", pool.model, "model", pool.model), ("device", pool.device, "device", pool.device)]
        if pool.engine.version is not None:
            wanted.append(
                ("engine", f"{pool.engine.kind}-{pool.engine.version}", "engine.version", pool.engine.version)
            )
        for kind, profile, field, written in wanted:
            yield from _unknown(laid, kind, profile, f"fleet.{name}.{field}", written)
    for name, traffic in laid.scenario.workload.items():
        if traffic.model is not None:
            yield from _unknown(laid, "workload", traffic.model, f"workload.{name}.model", traffic.model)
        if traffic.trace is not None and not (laid.folder / traffic.trace.path).is_file():
            path = laid.folder / traffic.trace.path
            error = missing(path, ())
            yield laid.locate(InputError(error.problem, error.hint, f"workload.{name}.trace.path", show(path.name)))


def _unknown(laid: Loaded, kind: str, profile: str, field: str, written: str) -> Iterator[InputError]:
    try:
        load_profile(kind, profile, field, laid.folder)
    except InputError as error:
        value = repr(written) if error.value else error.value
        yield laid.locate(
            InputError(error.problem, error.hint, error.field, value, error.file, error.line, error.column)
        )


def _has(errors: list[InputError], error: InputError) -> bool:
    """Whether the same is wrong elsewhere; what is not modelled yet counts by its field alone."""
    return any(each.field == error.field and each.problem == error.problem for each in errors)


def _about(field: str, paths: Iterable[str]) -> set[str]:
    """The paths that an error is about: the innermost that its field lies in, else those that lie in its field."""
    around = [path for path in paths if f"{field}.".startswith(f"{path}.")]
    return {max(around, key=len)} if around else {path for path in paths if path.startswith(f"{field}.")}


def _owned(loaded: LoadedStudy, level: Level, error: InputError) -> InputError:
    """An error elsewhere that a level brings about, at the level's own place."""
    path, field = next(iter(level.fields.items()))
    place = loaded.places.find(field)
    problem = f"{error.field}: {error.problem}" if error.field else error.problem
    told = InputError(problem, error.hint, path, show(level.settings[path]))
    return told.located(place.source, place.line, place.column) if place else error


def _key(points: Points, levels: list[int], error: InputError) -> tuple[str, str]:
    """What makes two errors one: field and value; of values drawn between two ends those ends."""
    fields = _fields(points, levels)
    drawn = [fields[path] for path in _about(error.field, fields) if fields[path].startswith("sample.")]
    return (drawn[0], "") if drawn else (error.field, error.value)


def _fields(points: Points, levels: list[int]) -> dict[str, str]:
    """The study's fields that a point's values stand in, by path."""
    found: dict[str, str] = {}
    for factor, level in zip(points.factors, levels, strict=True):
        found |= factor[level].fields
    return found


def _placed(loaded: LoadedStudy, points: Points, levels: list[int], error: InputError) -> InputError:
    """The error at the value in the study that it is about; as it is where that is in the scenario."""
    fields = _fields(points, levels)
    for path in _about(error.field, fields) if error.field else ():
        place = loaded.places.find(fields[path])
        if place and f"{error.field}.".startswith(f"{path}."):
            value = error.value or show(points.settings(points.number(levels))[path])
            kind = NotModelled if isinstance(error, NotModelled) else InputError
            problem, hint = _of_range(loaded, fields[path], error)
            return kind(problem, hint, error.field, value, place.source, place.line, place.column)
    return error


def _of_range(loaded: LoadedStudy, field: str, error: InputError) -> tuple[str, str]:
    """Problem and hint of an error; of a value between two ends, which nobody wrote, with what was written."""
    study = loaded.study
    given: dict[str, Any] = {f"axes.{path}": axis for path, axis in study.axes.items()}
    given |= {f"sample.axes.{path}": axis for path, axis in (study.sample.axes if study.sample else {}).items()}
    ends = given.get(field)
    if not isinstance(ends, Bounds):
        return error.problem, error.hint
    hints = [error.hint] if error.hint else []
    if "whole number" in error.problem and not ends.whole:
        hints.append("whole: true rounds them")
    return f"{error.problem}; it is between from: {ends.from_:g} and to: {ends.to:g}", "; ".join(hints)
