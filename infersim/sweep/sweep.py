"""The sweep: what is missing of a study is simulated, and the table says what all of it found.

The table is made from the store alone, point by point, so that it is the same whoever did the runs and in what order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

from infersim.errors import InputError
from infersim.load.study import LoadedStudy
from infersim.runs.answer import Given, answer
from infersim.runs.crew import Doer
from infersim.runs.dask import Cluster
from infersim.runs.figures import check_figure
from infersim.runs.store import Store
from infersim.spec.study import Sequential
from infersim.sweep.checks import check_points
from infersim.sweep.folder import open_folder, passing_table, save_table, sharing
from infersim.sweep.opened import TableFile
from infersim.sweep.outcome import SweepResult
from infersim.sweep.pictures import log_axes, title_of
from infersim.sweep.points import Points, points_of
from infersim.sweep.prices import laid_notes, marked, stale_prices, told
from infersim.sweep.runs import Progress, Runs, doer_of
from infersim.sweep.table import Row
from infersim.text.sweep import point_line

LAID = "laid"
"""The store's name of warnings on what was laid over the scenario."""


def sweep_study(
    loaded: LoadedStudy,
    folder: Path | None = None,
    jobs: int = 1,
    progress: Progress = lambda done, of: None,
    doer: AbstractContextManager[Doer] | None = None,
    say: Callable[[str], None] | None = None,
) -> SweepResult:
    """Simulate what is missing of a study, and say what all of it found.

    Args:
        loaded: the study.
        folder: its store, made if need be; None keeps nothing.
        jobs: processes; the result is the same for any number. In a script that asks for more than one, the call
            stands under `if __name__ == "__main__":`.
        progress: told how far the sweep is.
        doer: does the runs, in place of processes of this machine.
        say: given a line on each point, as it is finished.

    Raises:
        InputError: the study has mistakes, or the folder is another's or cannot be written; before the first run.
        KeyboardInterrupt: what was finished by then is in the store.
    """
    points = points_of(loaded)
    check_points(loaded, points)
    _check_rule(loaded)
    store = Store(None) if folder is None else open_folder(folder, loaded, points)
    laid = laid_notes(loaded, points)
    store.say(LAID, json.dumps(laid))
    try:
        with ExitStack() as stack:
            other = stack.enter_context(sharing(folder))
            doer = doer or doer_of(loaded, jobs)
            finished = None if say is None else partial(_say, say, points)
            runs = Runs(loaded, points, store, progress, other, finished)
            runs.sweep(stack.enter_context(doer))
        rows = runs.rows()
        table = passing_table(points, rows) if folder is None else save_table(folder, loaded, points, rows, store)
        return result_of(loaded, table, points.paths, laid, runs.simulated, folder)
    finally:
        store.close()


def result_of(
    loaded: LoadedStudy,
    table: TableFile,
    paths: Sequence[str],
    laid: Sequence[str] = (),
    simulated: int = 0,
    folder: Path | None = None,
) -> SweepResult:
    """A study's table as people see it.

    Args:
        loaded: the study.
        table: its results.
        paths: its columns that are scenario paths.
        laid: warnings on what was laid over the scenario under it.
        simulated: runs that this sweep did.
        folder: where it is kept.
    """
    stale = [*stale_prices(table, loaded.base.data)]
    warnings, title = [*laid, *map(told, stale)], title_of(loaded)
    name, log = loaded.study.name, log_axes(loaded)
    return SweepResult(table, paths, name, simulated, folder, log, title, warnings, marked(stale))


def _say(say: Callable[[str], None], points: Points, number: int, row: Row) -> None:
    """A point in a line: what is set there, and what came of it."""
    figures = {} if row.figures is None else dict(zip(row.names, row.figures[[0, 2]].T.tolist(), strict=True))
    found = points.settings(number)
    settings = {path: found[path] for path in points.paths if path in found}
    say(point_line(number, points.name(number), settings, row.status, row.reason, figures))


def on_cluster(loaded: LoadedStudy, address: str, profiles: str | None = None) -> Cluster:
    """The workers of a Dask scheduler, for a study's runs; `profiles` is a folder that they see, too."""
    return Cluster(address, answer, Given(loaded.base, loaded.file, profiles))


def stored_table(loaded: LoadedStudy, store: Store) -> TableFile:
    """What is in the store of a study by now."""
    points = points_of(loaded)
    return passing_table(points, Runs(loaded, points, store).rows())


def _check_rule(loaded: LoadedStudy) -> None:
    rule = loaded.study.replications
    if isinstance(rule, Sequential):
        try:
            check_figure(rule.figure, "")
        except InputError as error:
            raise loaded.mistake(error.problem, error.hint, "replications.figure", repr(rule.figure)) from None
