"""Some points of a sweep's folder and their replications: those that it has, and what is missing, which it then has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from infersim.errors import InputError, nearest
from infersim.load import Loaded
from infersim.load.canonical import scalar
from infersim.load.study import LoadedStudy, read_study
from infersim.metrics.naming import short
from infersim.runs.store import RUNS, Outcome, Store
from infersim.spec.study import Budget
from infersim.sweep.folder import STUDY, is_written, say_written, texts_in
from infersim.sweep.points import Points, points_of
from infersim.sweep.runs import Progress, Runs, doer_of

REPLICATIONS = 10
"""Of each point, where the sweep has fewer than two."""


@dataclass(frozen=True)
class Chosen:
    """A point and its runs.

    Attributes:
        name: its number, and what is set there that is not at the others.
        loaded: its scenario.
        runs: its replications from 0 on.
    """

    name: str
    loaded: Loaded
    runs: tuple[Outcome, ...]


def choose(
    folder: Path,
    wanted: Sequence[int | str],
    replications: int | None = None,
    jobs: int = 1,
    progress: Progress = lambda done, of: None,
) -> list[Chosen]:
    """Points of a sweep with equally many replications.

    Args:
        folder: of the sweep.
        wanted: points by number, or by the name of their case or row.
        replications: of each; by default as many as the point with most of them has, if that is two or more. What is
            missing is simulated and kept in the folder.
        jobs, progress: as for a sweep.

    Raises:
        InputError: no folder of a sweep, no such point, or one without figures.
        KeyboardInterrupt: what was finished by then is in the folder.
    """
    loaded = _study(folder)
    points = points_of(loaded)
    numbers = [_number(points, each) for each in wanted]
    if len({*numbers}) < len(numbers):
        raise InputError("a point stands twice", "each once", "--points", ",".join(map(str, wanted)))
    runs, count = _have(folder, loaded, points, numbers, replications)
    if any(len(each) < count and all(run.figures for run in each) for each in runs):
        runs = _completed(folder, loaded, points, numbers, count, jobs, progress)
    for number, each in zip(numbers, runs, strict=True):
        _check(number, each)
    names = _names(points, numbers)
    scenarios = [loaded.base.laid_under(points.settings(number), loaded.file) for number in numbers]
    return [Chosen(*each) for each in zip(names, scenarios, map(tuple, runs), strict=True)]


def _study(folder: Path) -> LoadedStudy:
    """The folder's study without its budget, which was the sweep's."""
    if not (folder / RUNS).is_file() or not (folder / STUDY).is_file():
        raise InputError("is no folder of a sweep", "it is what --out of infersim sweep names", file=str(folder))
    loaded = read_study(folder / STUDY)
    return replace(loaded, study=loaded.study.model_copy(update={"budget": Budget()}))


def _have(
    folder: Path, loaded: LoadedStudy, points: Points, numbers: Sequence[int], replications: int | None
) -> tuple[list[list[Outcome]], int]:
    """What is there of each point, and how many replications each is to have."""
    store = Store(folder, write=False)
    try:
        runs = Runs(loaded, points, store)
        if replications is None:
            most = max(_stored(runs, number) for number in numbers)
            replications = most if most > 1 else REPLICATIONS
        return [runs.of(number, replications) for number in numbers], replications
    finally:
        store.close()


def _stored(runs: Runs, number: int) -> int:
    """How many replications of a point there are from 0 on, which may be more than its sweep asked for."""
    count = REPLICATIONS
    while len(runs.of(number, count)) == count:
        count *= 2
    return len(runs.of(number, count))


def _completed(
    folder: Path,
    loaded: LoadedStudy,
    points: Points,
    numbers: Sequence[int],
    count: int,
    jobs: int,
    progress: Progress,
) -> list[list[Outcome]]:
    """The replications of each point, once those that were missing are done."""
    store = Store(folder)
    try:
        runs = Runs(loaded, points, store, progress)
        # more replications of points that have enough change nothing in the table
        same = is_written(folder, store) and all(runs.finished(number) for number in numbers)
        try:
            with doer_of(loaded, jobs) as doer:
                runs.complete(doer, numbers, count)
        finally:
            if same:
                say_written(store, texts_in(folder))
        return [runs.of(number, count) for number in numbers]
    finally:
        store.close()


def _number(points: Points, wanted: int | str) -> int:
    """The number of a point that is given by it or by its name."""
    text = str(wanted)
    found = [number for number in range(len(points)) if points.name(number) == text] if points.named else []
    if not found and text.isdecimal() and int(text) < len(points):
        return int(text)
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(map(str, found[:5])) + (", …" if len(found) > 5 else "")
        raise InputError(f"{len(found):,} points have this name", f"give numbers: {some}", "--points", repr(text))
    names = [points.name(number) for number in range(len(points))] if points.named else []
    hint = nearest(text, names) or f"points are numbered from 0 to {len(points) - 1:,}; infersim results lists them"
    raise InputError("the sweep has no such point", hint, "--points", repr(text))


def _check(number: int, runs: Sequence[Outcome]) -> None:
    for run in runs:
        if not run.figures:
            raise InputError("has no figures to compare", f"{run.status}: {run.reason}", "--points", str(number))


def _names(points: Points, numbers: Sequence[int]) -> list[str]:
    """`point 3: replicas=2`: the number, the name, and what differs among the points."""
    settings = [points.settings(number) for number in numbers]
    said = [{path: str(scalar(value)) for path, value in each.items()} for each in settings]
    paths = [path for path in points.paths if len({each.get(path) for each in said}) > 1]
    shown = dict(zip(paths, short(paths), strict=True))
    names = []
    for number, each in zip(numbers, said, strict=True):
        told = points.name(number) or ", ".join(f"{shown[path]}={each[path]}" for path in paths if path in each)
        names.append(f"point {number}: {told}" if told else f"point {number}")
    return names
