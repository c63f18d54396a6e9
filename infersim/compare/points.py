"""Points of a sweep compared: from the runs that its folder has, and those that are missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from infersim.compare.comparison import Comparison
from infersim.compare.contenders import Answer, Contender, check_figures
from infersim.compare.scenarios import FIGURES, check_replications, compared
from infersim.errors import InputError
from infersim.load import canonical_hash
from infersim.runs.figures import GROWTH
from infersim.sweep.chosen import Chosen, choose
from infersim.sweep.runs import Progress


def compare_points(
    folder: str | Path,
    points: Sequence[int | str],
    *,
    replications: int | None = None,
    figures: Sequence[str] | None = None,
    all_pairs: bool = False,
    jobs: int = 1,
    progress: Progress = lambda done, of: None,
) -> Comparison:
    """Compare points of a sweep, whose replications have common random numbers.

    Args:
        folder: of the sweep; runs that are missing are simulated and kept there.
        points: two or more, by their numbers or the names of their cases or rows.
        replications: of each point; by default as many as the one with most has, 10 where that is one.
        figures, all_pairs, jobs: as for `compare`.
        progress: told how many runs are done, and of how many.

    Raises:
        InputError: no folder of a sweep; points, figures or numbers that cannot be used.
        KeyboardInterrupt: what was finished by then is in the folder.
    """
    if len(points) < 2:
        raise InputError(
            "a comparison needs two points or more", "e.g. --points 3,7", "--points", ",".join(map(str, points))
        )
    if replications is not None:
        check_replications(replications)
    chosen = choose(Path(folder), points, replications, jobs, progress)
    among = [Contender(each.name, each.loaded) for each in chosen]
    check_figures(figures or (), among)
    seeds = [each.loaded.scenario.run.seed for each in chosen]
    if len({*seeds}) > 1:
        raise InputError("points with seeds of their own are no pairs", "compare points of one run.seed", "--points")
    names = [*dict.fromkeys(figures or FIGURES)]
    answers = [[_answer(each, number, names) for number in range(len(each.runs))] for each in chosen]
    count = len(answers[0])
    return compared(among, figures, seeds[0], answers, all_pairs, range(count), count)


def _answer(point: Chosen, number: int, names: Sequence[str]) -> Answer:
    """A kept run as a comparison takes it."""
    run = point.runs[number]
    known = dict(zip(run.names, run.values.tolist(), strict=True))
    values = (known.get(name, math.nan) for name in names)
    return Answer(
        tuple(None if math.isnan(value) else value for value in values),
        known[GROWTH],
        (run.reason,) if run.status == "overload" else (),
        {"scenario": canonical_hash(point.loaded.scenario, point.loaded.folder)},
    )
