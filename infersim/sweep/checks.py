"""Mistakes that show only when values are laid over the scenario: told before the first run, at their places.

Every level is tried once beside the first levels of all others. What fails there may still go with others, so that a
value is a mistake only if it fails beside every level of each other factor, taken one at a time. A combination that
fails, while each of its values goes elsewhere, is a row of the result and no mistake; so is what is not modelled yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infersim.errors import InputError, NotModelled
from infersim.load import load_profile
from infersim.load.loaded import Loaded
from infersim.load.messages import show, together
from infersim.load.study import LoadedStudy
from infersim.load.text import missing
from infersim.sweep.points import Points

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
        if all(_has(tried.errors(levels), error) for levels in tried.beside(first)):
            found[error.field, error.value] = _placed(loaded, points, first, error)
    for number, factor in enumerate(points.factors):
        for level in (level for level in range(min(len(factor), _MOST_LEVELS)) if factor[level].fields):
            at = [*first[:number], level, *first[number + 1 :]]
            for error in tried.errors(at):
                if isinstance(error, NotModelled):
                    continue  # a row of the result, which says so
                mine = _about(error.field, points.settings(points.number(at))) & factor[level].settings.keys()
                if mine and all(_has(tried.errors(others), error) for others in tried.beside(at, number)):
                    found.setdefault((error.field, error.value), _placed(loaded, points, at, error))
    if found:
        raise together([*found.values()])


class Tried:
    """Errors of points, each found once."""

    def __init__(self, loaded: LoadedStudy, points: Points):
        self._loaded, self._points = loaded, points
        self._errors: dict[int, list[InputError]] = {}

    def errors(self, levels: list[int]) -> list[InputError]:
        """What is wrong at a point before it is simulated."""
        number = self._points.number(levels)
        if number not in self._errors:
            self._errors[number] = _errors(self._loaded, self._points, number)
        return self._errors[number]

    def beside(self, levels: list[int], kept: int = -1) -> Iterator[list[int]]:
        """A point's neighbours: one factor at another level, but not the one that is kept."""
        for number, factor in enumerate(self._points.factors):
            for level in range(min(len(factor), _MOST_BESIDE)):
                if number != kept and level != levels[number]:
                    yield [*levels[:number], level, *levels[number + 1 :]]


def _errors(loaded: LoadedStudy, points: Points, number: int) -> list[InputError]:
    try:
        return [*_unknown_files(loaded.base.laid_under(points.settings(number), loaded.file))]
    except InputError as error:
        return [*getattr(error, "errors", (error,))]


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


def _placed(loaded: LoadedStudy, points: Points, levels: list[int], error: InputError) -> InputError:
    """The error at the value in the study that it is about; as it is where that is in the scenario."""
    fields: dict[str, str] = {}
    for factor, level in zip(points.factors, levels, strict=True):
        fields |= factor[level].fields
    for path in _about(error.field, fields) if error.field else ():
        place = loaded.places.find(fields[path])
        if place and f"{error.field}.".startswith(f"{path}."):
            value = error.value or show(points.settings(points.number(levels))[path])
            kind = NotModelled if isinstance(error, NotModelled) else InputError
            return kind(error.problem, error.hint, error.field, value, place.source, place.line, place.column)
    return error
