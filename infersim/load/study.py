"""A study's file read: its parts, where each stands, the scenario under it, and every mistake that the file shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infersim.errors import InputError, nearest
from infersim.load.base import Base, read_base
from infersim.load.known_paths import check_path
from infersim.load.messages import show, together, validated
from infersim.load.overrides import put, typed
from infersim.load.places import Place, Places
from infersim.spec.study import Study

RESERVED = ("simulated", "ci95_low", "ci95_high", "measured")
"""Prefixes of figures in run tables, never of paths."""
NO_STUDY = "is a scenario, not a study"
_RANGE = {"from", "to", "points", "scale", "whole"}
_MAKERS = {
    "fleet": {"model", "device"},
    "workload": {"prompt_tokens", "lengths", "trace", "model", "items"},
}
"""Keys that make a pool or a class of their own."""


@dataclass(frozen=True)
class LoadedStudy:
    """A study and where it comes from.

    Attributes:
        study: the study, valid by itself.
        base: its scenario, with what was laid over it.
        places: where each part of the study was written.
        file: its name, for messages.
        folder: what files that its axes name are relative to.
    """

    study: Study
    base: Base
    places: Places
    file: str
    folder: Path

    def mistake(self, problem: str, hint: str, field: str, value: str = "", key: bool = False) -> InputError:
        """An error about a part of the study, with its place."""
        error = InputError(problem, hint, field, value)
        place = self.places.find(field, key)
        return error.located(place.source, place.line, place.column) if place else error

    def paths(self) -> list[tuple[str, str]]:
        """Every scenario path that is set, but for the table's, and the study's field that sets it."""
        study = self.study
        found = [(path, f"axes.{path}") for path in study.axes]
        found += [(path, f"zip.{path}") for path in study.zip]
        found += [(path, f"cases.{i}.set.{path}") for i, case in enumerate(study.cases) for path in case.set]
        return found + [(path, f"sample.axes.{path}") for path in (study.sample.axes if study.sample else ())]


def read_study(
    path: str | Path, overrides: Sequence[str] = (), seed: int | None = None, replications: int | None = None
) -> LoadedStudy:
    """Read a study's file.

    Args:
        path: a YAML file.
        overrides: settings laid over its scenario, as `--set` takes them.
        seed: in place of the scenario's `run.seed`.
        replications: in place of the study's.

    Raises:
        InputError: one or several, each with its place.
    """
    from infersim.load.text import read_text
    from infersim.load.yaml12 import parse

    data, places = parse(read_text(path), str(path))
    return study_of(data, places, str(path), Path(path).parent, overrides, seed, replications)


def study_of(
    data: Any,
    places: Places,
    file: str,
    folder: Path,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    replications: int | None = None,
) -> LoadedStudy:
    """A study from plain data.

    Args:
        data: as a file holds it.
        places: where each part of it stands.
        file, folder: its name, and what files in it are relative to.
        overrides, seed, replications: as for `read_study`.

    Raises:
        InputError: one or several, each with its place.
    """
    if not isinstance(data, Mapping):
        hint = "scenario: and axes: stand there; docs/studies.md tells every key"
        raise InputError("a study is a mapping" if data is not None else "the file is empty", hint, file=file, line=1)
    if "scenario" not in data and ("fleet" in data or "workload" in data):
        hint = "sweep it with --axis fleet.main.replicas=1,2,4, or name it in a study's scenario:"
        raise InputError(NO_STUDY, hint, file=file, line=1)
    nested = [*_nested(data, places)]
    if nested:
        raise together(nested)
    study = validated(Study, data, places)
    if replications is not None:
        study = study.model_copy(update={"replications": replications})
    base = _changed(_base(study, places, folder), overrides, seed)
    loaded = LoadedStudy(study, base, places, file, folder)
    errors = [*_wrong_paths(loaded), *_wrong_shapes(loaded), *_laid_twice(loaded, overrides, seed)]
    if errors:
        raise together(errors)
    return loaded


def _nested(data: Mapping[str, Any], places: Places) -> Iterator[InputError]:
    """Axes that are nested as a scenario is, where paths have dots."""
    for part in ("axes", "zip"):
        group = data.get(part)
        for key, value in group.items() if isinstance(group, Mapping) else ():
            path, values = [str(key)], value
            while isinstance(values, Mapping) and values and not _RANGE & {*values}:
                inner, values = next(iter(values.items()))
                path.append(str(inner))
            if len(path) > 1 and (isinstance(values, list) or (isinstance(values, Mapping) and values)):
                shown = show(values) if isinstance(values, list) else "{from: …, to: …, points: …}"
                hint = f"write the path with dots, {'.'.join(path)}: {shown}"
                error, place = (
                    InputError("axes are not nested", hint, f"{part}.{key}"),
                    places.find(f"{part}.{key}", True),
                )
                yield error.located(place.source, place.line, place.column) if place else error


def _base(study: Study, places: Places, folder: Path) -> Base:
    """The scenario under a study, named or written out in it."""
    if isinstance(study.scenario, str):
        path = folder / study.scenario
        if not path.is_file():
            raise _no_file("scenario", study.scenario, path, (".yaml", ".yml"), places)
        return read_base(path)
    inside = Places(*(dict(_inside(table, "scenario")) for table in (places.values, places.keys)))
    return Base(dict(study.scenario), inside, folder)


def _inside(table: Mapping[str, Place], part: str) -> Iterator[tuple[str, Place]]:
    """Places within a part, by their paths there."""
    for path, place in table.items():
        if f"{path}.".startswith(f"{part}."):
            yield path[len(part) + 1 :], place


def _no_file(field: str, value: str, path: Path, endings: tuple[str, ...], places: Places) -> InputError:
    from infersim.load.text import missing

    error = missing(path, endings) if not path.is_dir() else InputError("is a folder, not a file")
    place = places.find(field)
    if place is None:  # it was typed, and stands in no file
        return InputError(error.problem, error.hint, file=str(path))
    return InputError(error.problem, error.hint, field, show(value), place.source, place.line, place.column)


def _changed(base: Base, overrides: Sequence[str], seed: int | None) -> Base:
    """The base with options laid over it."""
    data, places = base.data, base.places
    for override in overrides:
        path, value, label = typed(override)
        try:
            check_path(path)
        except InputError as error:
            raise error.located(label) from None
        data = put(data, places, path, value, label)
    if seed is not None:
        data = put(data, places, "run.seed", seed, f"--seed {seed}")
    return Base(data, places, base.folder)


def _wrong_paths(loaded: LoadedStudy) -> Iterator[InputError]:
    """An error for each path that no scenario, or not this one, can have."""
    paths = loaded.paths()
    for path, field in paths:
        root = path.split(".")[0]
        if root in RESERVED:
            problem = f"{root}. stands before figures of the result, never before a path"
            yield loaded.mistake(problem, "an axis is a path of the scenario", field, key=True)
            continue
        if path == "run.replications":
            hint = "write replications: beside axes: in the study, or --replications R"
            yield loaded.mistake("is said of all points together", hint, field, key=True)
            continue
        try:
            check_path(path)
        except InputError as error:
            yield loaded.mistake(error.problem, error.hint, field, key=True)
            continue
        hint = _misnamed(path, [other for other, _ in paths], loaded.base.data)
        if hint:
            yield loaded.mistake(f"the scenario has no {path.split('.')[1]!r} under {root}", hint, field, key=True)


def _misnamed(path: str, paths: Sequence[str], data: Mapping[str, Any]) -> str:
    """What to type where a path's pool or class is not the scenario's, and the study makes none; else empty."""
    parts = path.split(".")
    group = data.get(parts[0])
    if parts[0] not in _MAKERS or len(parts) < 2 or not isinstance(group, Mapping) or parts[1] in group:
        return ""
    below = {tuple(other.split(".")[2:3]) for other in paths if other.split(".")[:2] == parts[:2]}
    if () in below or any(key in _MAKERS[parts[0]] for keys in below for key in keys):
        return ""
    names = [str(name) for name in group]
    return nearest(parts[1], names) or f"it has {', '.join(names)}"


def _wrong_shapes(loaded: LoadedStudy) -> Iterator[InputError]:
    """Lists that do not go together, values and names that stand twice."""
    study = loaded.study
    lengths = {path: len(values) for path, values in study.zip.items()}
    for path, length in lengths.items():
        first, expected = next(iter(lengths.items()))
        if length != expected:
            problem = f"has {length} values, and {first} has {expected}"
            yield loaded.mistake(problem, "lists of zip are of one length", f"zip.{path}", key=True)
    for path, values in study.axes.items():
        if not isinstance(values, list):
            continue
        seen: dict[str, int] = {}
        for number, value in enumerate(values):
            if seen.setdefault(repr(value), number) != number:
                field = f"axes.{path}.{number}"
                yield loaded.mistake("stands twice on this axis", "each value once", field, show(value))
    named: dict[str, int] = {}
    for number, case in enumerate(study.cases):
        if named.setdefault(case.name, number) != number:
            yield loaded.mistake("two cases of one name", "rename one", f"cases.{number}.name", show(case.name))
    if study.table is not None and not (loaded.folder / study.table).is_file():
        endings = (".csv", ".csv.gz", ".parquet")
        yield _no_file("table", study.table, loaded.folder / study.table, endings, loaded.places)


def _laid_twice(loaded: LoadedStudy, overrides: Sequence[str], seed: int | None) -> Iterator[InputError]:
    """Paths that two parts of a study set, or that an option sets, too."""
    first: dict[str, str] = {}
    for path, field in loaded.paths():
        part, before = field.split(".")[0], first.setdefault(path, field)
        if before.split(".")[0] != part:
            hint = f"{before.split('.')[0]} sets it in line {line}" if (line := _line(loaded, before)) else ""
            yield loaded.mistake("two axes on one path", hint or f"{before} sets it", field, key=True)
    laid = {typed(override)[0]: f"--set {override}" for override in overrides}
    if seed is not None:
        laid["run.seed"] = f"--seed {seed}"
    for path, label in laid.items():
        if path in first:
            yield InputError(f"the study varies {path}", "leave one of the two out", file=label)


def _line(loaded: LoadedStudy, field: str) -> int:
    place = loaded.places.find(field, key=True)
    return place.line if place else 0
