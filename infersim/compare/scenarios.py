"""Scenarios simulated to be compared."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from infersim import load
from infersim.compare.comparison import Comparison
from infersim.compare.contenders import Answer, Contender, Given, Progress, check_figures, contenders, run_all
from infersim.errors import InputError

FIGURES = (
    "ttft_s.mean",
    "ttft_s.p99",
    "tpot_s.mean",
    "e2e_s.p99",
    "throughput.output_tokens_per_s",
    "goodput.fraction",
    "cost.usd_per_million_output_tokens",
    "energy.joules_per_output_token",
)
"""Compared where nothing else is said: those of them that any scenario has."""


def compare(
    *scenarios: Given,
    overrides: load.Overrides = (),
    seed: int | None = None,
    replications: int = 10,
    figures: Sequence[str] | None = None,
    all_pairs: bool = False,
    names: Sequence[str] | None = None,
    jobs: int = 1,
    progress: Progress = lambda runs: lambda: None,
    keep: bool = False,
) -> Comparison:
    """Compare scenarios under the same random numbers.

    Args:
        scenarios: two or more, as `simulate` takes them; or (scenario, overrides).
        overrides: settings laid over each of them.
        seed: of the first replication; by default the first scenario's `run.seed`.
        replications: runs of each scenario, at least two.
        figures: paths of what `infersim run --json` prints; by default `FIGURES`.
        all_pairs: differences of all pairs; else of each against the first.
        names: one a scenario; by default their files' names.
        jobs: processes to share the runs among; the answer is the same for any number.
        progress: given the number of runs, returns what is called after each.
        keep: Ctrl-C gives what the replications say that all scenarios have finished, if they are two or more, in place
            of `KeyboardInterrupt`.

    Raises:
        InputError: a scenario, figure or number that cannot be used.
    """
    check_replications(replications)
    among = contenders(scenarios, overrides, names)
    check_figures(figures or (), among)
    first = among[0].loaded.scenario.run.seed if seed is None else seed
    found: dict[tuple[int, int], Answer] = {}
    every = ((number, replication) for replication in range(replications) for number in range(len(among)))
    try:
        run_all(among, every, first, [*dict.fromkeys(figures or FIGURES)], jobs, progress, found)
    except KeyboardInterrupt:
        if not keep or len(whole(found, range(len(among)))) < 2:
            raise
    numbers = whole(found, range(len(among)))
    answers = [[found[number, replication] for replication in numbers] for number in range(len(among))]
    return compared(among, figures, first, answers, all_pairs, numbers, replications)


def compared(
    among: Sequence[Contender],
    figures: Sequence[str] | None,
    seed: int,
    answers: list[list[Answer]],
    all_pairs: bool,
    numbers: Sequence[int],
    asked: int,
) -> Comparison:
    """The comparison of what was simulated; as `Comparison`, without those of the usual figures that none has."""
    if figures is not None:
        return Comparison(among, [*dict.fromkeys(figures)], seed, answers, all_pairs, numbers, asked)
    has = [any(run.figures[i] is not None for runs in answers for run in runs) for i in range(len(FIGURES))]
    answers = [[_only(run, has) for run in runs] for runs in answers]
    return Comparison(among, [*itertools.compress(FIGURES, has)], seed, answers, all_pairs, numbers, asked)


def check_replications(count: int) -> None:
    """Refuse so few that a difference has no interval."""
    if count < 2:
        raise InputError(
            "differences of one replication have no interval", "give 2 or more", "replications", f"{count}"
        )


def whole(found: dict[tuple[int, int], Answer], among: Sequence[int]) -> list[int]:
    """Replications that all of some contenders have finished, in order."""
    numbers = sorted({replication for _, replication in found})
    return [each for each in numbers if all((number, each) in found for number in among)]


def _only(run: Answer, has: Sequence[bool]) -> Answer:
    return Answer(tuple(itertools.compress(run.figures, has)), run.queue_growth, run.warnings, run.inputs)
