"""A sweep asked for in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infersim.errors import InputError
from infersim.load import dump_scenario
from infersim.load.loaded import Loaded
from infersim.load.places import Places
from infersim.load.study import NO_STUDY, LoadedStudy, read_study, study_of
from infersim.load.yaml12 import parse
from infersim.spec.scenario import Scenario
from infersim.sweep.outcome import SweepResult
from infersim.sweep.sweep import sweep_study

Base = Scenario | Loaded | Mapping[str, Any] | str | Path


def sweep(
    base: Base,
    axes: Mapping[str, Sequence[Any] | Mapping[str, Any]] | None = None,
    *,
    replications: int | Mapping[str, Any] | None = None,
    jobs: int = 1,
    out: str | Path | None = None,
    **parts: Any,
) -> SweepResult:
    """Simulate a scenario at many points.

    Args:
        base: a scenario: its file, a mapping of that shape, a `Scenario`; or, without `axes`, a study's file or
            mapping.
        axes: values by scenario path, `{"fleet.main.replicas": [1, 2, 4]}`, or ranges,
            `{"from": 2, "to": 40, "points": 10, "scale": "log"}`; all combinations are simulated.
        replications: runs of each point, or a study's rule of how many are enough.
        jobs: processes; the result is the same for any number. In a script that asks for more than one, the call
            stands under `if __name__ == "__main__":`.
        out: the folder that keeps the runs, so that only what is missing is run the next time; None keeps nothing.
        parts: other parts of a study: `zip`, `cases`, `table`, `sample`, `budget`, `name`.

    Raises:
        InputError: something of it cannot be used; before the first run.
    """
    folder = None if out is None else Path(out)
    said = {**parts, **({} if replications is None else {"replications": replications})}
    if axes is None and not parts and isinstance(base, (str, Path)):
        count = replications if isinstance(replications, int) else None
        if replications is not None and count is None:
            raise InputError("a rule of replications stands in the study's file", "", "replications")
        return sweep_study(_study(base, count), folder, jobs)
    if axes is None and isinstance(base, Mapping) and "scenario" in base:
        return sweep_study(study_of({**base, **said}, Places(), "the study", Path()), folder, jobs)
    scenario, home = _scenario(base)
    named = {"name": Path(base).name.partition(".")[0]} if isinstance(base, (str, Path)) else {}
    data = {**named, "scenario": scenario, "axes": {} if axes is None else _listed(axes), **said}
    return sweep_study(study_of(data, Places(), "the study", home), folder, jobs)


def _study(path: str | Path, replications: int | None) -> LoadedStudy:
    try:
        return read_study(path, (), None, replications)
    except InputError as error:
        if error.problem != NO_STUDY:
            raise
        hint = 'give its axes: sim.sweep(scenario, {"fleet.main.replicas": [1, 2, 4]})'
        raise InputError(error.problem, hint, error.field, error.value, error.file, error.line, error.column) from None


def _scenario(base: Base) -> tuple[Any, Path]:
    """A scenario as a study names it, and the folder that its files are relative to."""
    if isinstance(base, (str, Path)):
        return Path(base).name, Path(base).parent
    if isinstance(base, (Scenario, Loaded)):
        scenario, home = (base.scenario, base.folder) if isinstance(base, Loaded) else (base, Path())
        return parse(dump_scenario(scenario), "the scenario")[0], home
    return base, Path()


def _listed(axes: Mapping[str, Any]) -> dict[str, Any]:
    """Axes with arrays and ranges of Python's as lists of plain values."""
    found = {}
    for path, values in axes.items():
        if not isinstance(values, (str, Mapping, list)) and hasattr(values, "__iter__"):
            values = [value.item() if hasattr(value, "item") else value for value in values]
        found[path] = values
    return found
