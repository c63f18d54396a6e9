"""The best of many scenarios, found with few runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from infersim import load
from infersim.compare.best import Best
from infersim.compare.contenders import Answer, Contender, Given, Progress, check_figures, contenders, run_all
from infersim.compare.scenarios import whole
from infersim.compare.selection import Selection
from infersim.errors import InputError
from infersim.metrics.naming import better
from infersim.metrics.steady_state import is_overloaded

MOST = 100
"""Replications of each scenario at most, if nothing else is said."""
BLOCK = 5
"""Replications run at once after the first stage: the same for any number of processes, so that answers are."""


def find_best(
    *scenarios: Given,
    figure: str,
    indifference: float | str = "5%",
    overrides: load.Overrides = (),
    seed: int | None = None,
    confidence: float = 0.95,
    first: int = 10,
    most: int = MOST,
    names: Sequence[str] | None = None,
    jobs: int = 1,
    progress: Progress = lambda runs: lambda: None,
    keep: bool = False,
) -> Best:
    """Find the best of many scenarios by one figure (procedure KN, with common random numbers).

    Args:
        scenarios, overrides, seed, names, jobs, progress: as for `compare`.
        figure: path of a figure that is better low or better high.
        indifference: the smallest difference that matters: in the figure's unit, or a share of the best as `5%`. With a
            share, logarithms are compared, hence geometric means: those that vary more with larger means, as overloaded
            ones, are dropped as fast as others.
        confidence: probability that the best is chosen, if it is better than all others by the indifference.
        first: replications of all scenarios before any is dropped.
        most: replications of a scenario at most; where they are spent first, the answer says `decided: false`.
        keep: Ctrl-C gives what the replications say that are finished, if they are two or more, in place of
            `KeyboardInterrupt`.

    Raises:
        InputError: a scenario, figure or number that cannot be used; a run without the figure.
    """
    among = contenders(scenarios, overrides, names)
    check_figures([figure], among)
    least, relative = _indifference(indifference)
    _check(figure, confidence, first, most)
    seed = among[0].loaded.scenario.run.seed if seed is None else seed
    sign = -1.0 if better(figure) == "higher" else 1.0
    selection = Selection(len(among), math.log1p(least) if relative else least, confidence, first)
    answers: dict[tuple[int, int], Answer] = {}
    begin, interrupted, grows = 0, False, set[int]()
    while selection.best is None and selection.alive and begin < most and not interrupted:
        numbers = range(begin, first if not begin else min(begin + BLOCK, most))
        pairs = [(of, number) for number in numbers for of in selection.alive]
        found: dict[tuple[int, int], Answer] = {}
        try:
            run_all(among, pairs, seed, [figure], jobs, progress, found)
        except KeyboardInterrupt:
            interrupted = True
        done = whole(found, selection.alive)
        answers |= {pair: answer for pair, answer in found.items() if pair[1] in done}
        growing = _growing(answers, selection.alive)
        selection.exclude(growing, selection.observations + len(done))
        grows |= growing
        for number in done:
            values = [
                math.nan if of in grows else _value(among, answers, of, number, figure) for of in range(len(among))
            ]
            if not selection.alive:
                break
            selection.add([sign * each for each in (_logarithms(values, figure) if relative else values)])
        if interrupted and not (keep and selection.observations > 1):
            raise KeyboardInterrupt
        begin = numbers.stop
    return Best(among, figure, seed, (least, relative), confidence, selection, answers, grows, interrupted)


def _growing(answers: Mapping[tuple[int, int], Answer], alive: Sequence[int]) -> set[int]:
    """Which of some scenarios are overloaded, by all their runs."""
    scores = {of: [run.queue_growth for (whose, _), run in answers.items() if whose == of] for of in alive}
    return {of for of, growths in scores.items() if growths and is_overloaded(growths)}


def _value(
    among: Sequence[Contender], answers: dict[tuple[int, int], Answer], of: int, number: int, figure: str
) -> float:
    """One run's figure; NaN of a scenario that was dropped."""
    if (of, number) not in answers:
        return math.nan
    found = answers[of, number].figures[0]
    if found is None:
        raise InputError(f"replication {number} of {among[of].name!r} has none", "choose another figure", figure)
    return found


def _logarithms(values: list[float], figure: str) -> list[float]:
    if min(value for value in values if not math.isnan(value)) <= 0.0:
        hint = "give the indifference in the figure's own unit, as 0.01"
        raise InputError("is 0 in some run: a share of it is no difference", hint, figure)
    return [math.log(value) for value in values]


def _check(figure: str, confidence: float, first: int, most: int) -> None:
    if better(figure) is None:
        hint = "latencies, cost.usd_… and energy.joules_… are better low, throughput and goodput high"
        raise InputError("is neither better low nor better high", hint, figure)
    if not 0.5 <= confidence < 1.0:
        raise InputError("a probability of 0.5 or more, below 1", "", "confidence", str(confidence))
    if not 2 <= first <= most:
        raise InputError("2 or more replications, and at most as many as in all", "", "first", f"{first} of {most}")


def _indifference(given: float | str) -> tuple[float, bool]:
    """A number, and whether it is a share.

    Raises:
        InputError: no positive number.
    """
    text = str(given).strip()
    try:
        number = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        number = math.nan
    if not (np.isfinite(number) and number > 0.0):
        hint = "5% of the best, or a number in the figure's unit, as 0.01"
        raise InputError("a positive number, or a share in percent", hint, "indifference", text)
    return number, text.endswith("%")
