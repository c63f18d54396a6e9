"""What is compared: scenarios with names, and their runs under common seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infersim import load
from infersim.errors import InputError, nearest
from infersim.metrics.steady_state import is_overloaded
from infersim.runs.figures import check_figure, figure
from infersim.runs.pool import share_out
from infersim.runs.replications import alone
from infersim.simulate import simulate
from infersim.spec.scenario import Scenario

AnyScenario = Scenario | load.Loaded | Mapping[str, Any] | str | Path
Given = AnyScenario | tuple[AnyScenario, load.Overrides]
"""A scenario, or one with settings laid over it."""
Progress = Callable[[int], Callable[[], None]]


@dataclass(frozen=True)
class Contender:
    """A scenario and what it is called in a comparison."""

    name: str
    loaded: load.Loaded


@dataclass(frozen=True)
class Answer:
    """One run's figures in the order asked for, None where it has none, and what else a comparison needs of it."""

    figures: tuple[float | None, ...]
    queue_growth: float
    warnings: tuple[str, ...]
    inputs: dict[str, str | None]

    @property
    def overloaded(self) -> bool:
        """Whether this run by itself shows that arrivals outran service."""
        return is_overloaded([self.queue_growth])


def contenders(given: Sequence[Given], overrides: load.Overrides, names: Sequence[str] | None) -> list[Contender]:
    """Scenarios loaded and named: by `names`, else by their file and settings.

    Args:
        given: at least two.
        overrides: laid over each, ahead of its own.
        names: one a scenario, all different.

    Raises:
        InputError: fewer than two, names that do not fit, or a scenario that cannot be used.
    """
    if len(given) < 2:
        raise InputError(
            "a comparison needs two scenarios or more",
            "compare A.yaml B.yaml …, or compare A.yaml --variant PATH=VALUE",
        )
    loaded = [_loaded(each, overrides) for each in given]
    chosen = [*names] if names is not None else _names(given)
    twice = next((name for name in chosen if chosen.count(name) > 1), None)
    if names is None and twice is not None:
        hint = "--variant PATH=VALUE compares a file with a setting laid over it"
        raise InputError("stands twice among the scenarios", hint, value=twice)
    if len(chosen) != len(given) or len({*chosen}) != len(chosen):
        raise InputError(f"names: {len(given)} different ones are needed, not {', '.join(map(repr, chosen))}")
    return [Contender(name, each) for name, each in zip(chosen, loaded, strict=True)]


def check_figures(figures: Sequence[str], among: Sequence[Contender]) -> None:
    """Refuse figures that no run has, and classes and pools of no scenario.

    Raises:
        InputError: names the nearest.
    """
    for name in figures:
        check_figure(name, "")
        group, _, below = name.partition(".")
        known = {
            "classes": [each for one in among for each in one.loaded.scenario.workload],
            "pools": [each for one in among for each in one.loaded.scenario.fleet],
        }.get(group)
        which = below.partition(".")[0]
        if known is not None and which not in known:
            hint = nearest(which, known) or f"there are {', '.join(dict.fromkeys(known))}"
            raise InputError(f"none of the scenarios has {which!r} among its {group}", hint, name)


def run_all(
    among: Sequence[Contender],
    pairs: Iterable[tuple[int, int]],
    seed: int,
    figures: Sequence[str],
    jobs: int,
    progress: Progress,
    found: dict[tuple[int, int], Answer],
) -> None:
    """Simulate contenders under common random numbers.

    Args:
        among: the contenders.
        pairs: which contender in which replication, from 0; a replication has one seed for all.
        seed: of the first replication.
        figures: whose values are kept.
        jobs: processes.
        progress: given the number of runs, returns what is called after each.
        found: given the answers by contender and replication, as they come.

    Raises:
        InputError: one of them cannot be simulated.
        KeyboardInterrupt: what was done by then is in `found`.
    """
    wanted = [*pairs]
    done = progress(len(wanted))

    def take(number: int, answer: Answer) -> None:
        found[wanted[number]] = answer
        done()

    given = (among, wanted, seed, tuple(figures))
    share_out(_run, given, range(len(wanted)), jobs, take)


def _run(given: tuple[Sequence[Contender], list[tuple[int, int]], int, tuple[str, ...]], number: int) -> Answer:
    among, wanted, seed, figures = given
    contender, replication = wanted[number]
    try:
        result = simulate(alone(among[contender].loaded, replication, seed))
    except InputError as error:
        raise _of(among[contender].name, error) from None
    summary = result.summary()
    values = tuple(figure(summary, name) for name in figures)
    return Answer(values, summary["queue_growth"], tuple(summary["warnings"]), result.inputs())


def _of(name: str, error: InputError) -> InputError:
    """The error with the scenario that it concerns: of variants of one file the place does not tell."""
    each = getattr(error, "errors", (error,))[0]
    hint = "\n".join(part for part in (each.hint, f"in scenario {name!r}") if part)
    return type(each)(each.problem, hint, each.field, each.value, each.file, each.line, each.column)


def _loaded(given: Given, overrides: load.Overrides) -> load.Loaded:
    if isinstance(given, tuple):
        scenario, own = given
        return load.as_loaded(scenario, _joined(overrides, own))
    return load.as_loaded(given, overrides)


def _joined(first: load.Overrides, second: load.Overrides) -> load.Overrides:
    if not first:
        return second
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return {**first, **second}
    if isinstance(first, Mapping) or isinstance(second, Mapping):
        raise InputError("overrides of one scenario are all mappings, or all lists of PATH=VALUE")
    return [*first, *second]


def _names(given: Sequence[Given]) -> list[str]:
    """File names without their ending, or whole paths where those are alike; settings; letters for what has neither."""
    named = [_name(each, str) for each in given]
    short = [_name(each, lambda path: Path(path).stem) for each in given]
    names = short if len({*short}) == len(short) else named
    return [name or _letters(number) for number, name in enumerate(names)]


def _name(given: Given, of_path: Callable[[str | Path], str]) -> str:
    if isinstance(given, tuple):
        own = given[1]
        said = [f"{path}={value}" for path, value in own.items()] if isinstance(own, Mapping) else [*own]
        return ", ".join(said) or _name(given[0], of_path)
    return of_path(given) if isinstance(given, (str, Path)) else ""


def _letters(number: int) -> str:
    return (chr(ord("A") + number % 26)) * (number // 26 + 1)
