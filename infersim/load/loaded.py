"""From a file, a mapping or an object to a scenario that knows where it was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infersim.errors import InputError, InputErrors
from infersim.load.messages import show, together, validated
from infersim.load.not_modelled import refusals
from infersim.load.overrides import apply, name_hint, put
from infersim.load.places import Places
from infersim.spec.scenario import Scenario


@dataclass(frozen=True)
class Loaded:
    """A scenario and where it comes from.

    Attributes:
        scenario: the scenario, valid and of settings that are modelled.
        folder: what relative trace paths are relative to.
        places: where each setting was written.
    """

    scenario: Scenario
    folder: Path
    places: Places

    def locate(self, error: InputError) -> InputError:
        """The error with the place of its field, or of the nearest parent that was written; unchanged if it has one."""
        if isinstance(error, InputErrors):
            return InputErrors(*(self.locate(each) for each in error.errors))
        place = None if error.file else self.places.find(error.field)
        return error.located(place.source, place.line, place.column) if place else error

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures must know of how settings were laid over each other, sentences."""
        return [
            f"fleet.{name}: the device was set to {pool.device}, and the price of "
            f"{pool.purchase.price_usd_per_h:g} USD an hour stayed; set fleet.{name}.purchase.price_usd_per_h, too."
            for name, pool in self.scenario.fleet.items()
            if pool.purchase.price_usd_per_h and self._is_laid_over(f"fleet.{name}.device")
            if not self._is_laid_over(f"fleet.{name}.purchase.price_usd_per_h")
        ]

    def _is_laid_over(self, path: str) -> bool:
        place = self.places.find(path)
        return place is not None and place.source.startswith("--set")


Overrides = Mapping[str, Any] | Sequence[str]
"""Settings laid over a scenario: values by dotted path, or `PATH=VALUE` texts."""


def load_scenario(path: str | Path, overrides: Overrides = (), seed: int | None = None) -> Loaded:
    """Read a scenario file.

    Args:
        path: a YAML 1.2 file.
        overrides: settings laid over it, in order: `PATH=VALUE` texts, or values by path.
        seed: in place of the file's `run.seed`.

    Raises:
        InputError: the file or an override cannot be used; names file, line, column, field and what to type instead.
    """
    from infersim.load.text import read_text
    from infersim.load.yaml12 import parse

    try:
        text = read_text(path)
    except InputError as error:
        if Path(path).exists():
            raise
        hint = "; ".join(filter(None, (error.hint, "infersim init writes a scenario to start from")))
        raise InputError(error.problem, hint, file=error.file) from None
    data, places = parse(text, str(path))
    if data is None:
        hint = "a scenario has at least workload and fleet; infersim schema scenario describes it"
        raise InputError("the file is empty", hint, file=str(path), line=1, column=1)
    return _finished(data, places, Path(path).parent, overrides, seed)


def from_mapping(data: Mapping[str, Any], overrides: Overrides = (), seed: int | None = None) -> Loaded:
    """A scenario from a mapping of the file's shape; relative trace paths are relative to the working folder."""
    return _finished(data, Places(), Path(), overrides, seed)


def from_scenario(scenario: Scenario, overrides: Overrides = (), seed: int | None = None) -> Loaded:
    """A scenario made in Python; relative trace paths are relative to the working folder."""
    return from_mapping(scenario.model_dump(mode="json", by_alias=True, exclude_none=True), overrides, seed)


def as_loaded(
    scenario: Scenario | Loaded | Mapping[str, Any] | str | Path, overrides: Overrides = (), seed: int | None = None
) -> Loaded:
    """Whatever names a scenario: a file, a mapping, a `Scenario`, or one that is loaded already."""
    if isinstance(scenario, Loaded):
        if overrides or seed is not None:
            raise InputError("is loaded already", "give its overrides and seed to load_scenario")
        return scenario
    if isinstance(scenario, Scenario):
        return from_scenario(scenario, overrides, seed)
    if isinstance(scenario, str) and "\n" in scenario:
        raise InputError("a text of several lines is no path", "give a file's path, or a mapping of the same shape")
    if isinstance(scenario, (str, Path)):
        return load_scenario(scenario, overrides, seed)
    if isinstance(scenario, Mapping):
        return from_mapping(scenario, overrides, seed)
    raise InputError(f"a scenario is a file's path, a mapping or a Scenario, not {type(scenario).__name__}")


def _finished(data: Any, places: Places, folder: Path, overrides: Overrides, seed: int | None) -> Loaded:
    if not isinstance(data, Mapping):
        top = places.find("")
        error = InputError("the top level must be a mapping", "workload: and fleet: stand there", value=show(data))
        raise error.located(top.source, top.line, top.column) if top else error
    refuse_study(data, places)
    changed = dict(data)
    for override in overrides.items() if isinstance(overrides, Mapping) else _listed(overrides):
        changed = apply(changed, places, override)
    if seed is not None:
        changed = put(changed, places, "run.seed", seed, f"--seed {seed}")
    return checked(changed, places, folder)


def refuse_study(data: Mapping[str, Any], places: Places, axes: bool = False) -> None:
    """Refuse a study where a scenario is needed.

    Args:
        data: plain data of a file.
        places: where its parts stand.
        axes: whether it was given with axes, to be swept.

    Raises:
        InputError: it is a study; says what to do with one.
    """
    stated = data.get("schema")
    of_studies = isinstance(stated, str) and stated.startswith("infersim/study/")
    if not of_studies and ("scenario" not in data or "fleet" in data or "workload" in data):
        return
    place = places.find("schema" if of_studies else "scenario")
    file = place.source if place else "STUDY.yaml"
    under = data.get("scenario")
    hint = "" if not isinstance(under, str) else f"; the scenario under it is {under}"
    hint = f"axes stand in it, under axes:{hint}" if axes else f"infersim sweep {file} --out DIR sweeps it{hint}"
    error = InputError("is a study, not a scenario", hint)
    raise error.located(place.source, place.line) if place else error


def laid_over(loaded: Loaded, settings: Mapping[str, Any]) -> Loaded:
    """A scenario that is loaded already with settings laid over it, by path; None takes one away.

    Raises:
        InputError: they make no valid scenario.
    """
    data, places = loaded.scenario.model_dump(mode="json", by_alias=True, exclude_none=True), Places()
    for setting in settings.items():
        data = apply(data, places, setting)
    return checked(data, places, loaded.folder)


def checked(changed: dict[str, Any], places: Places, folder: Path) -> Loaded:
    """Plain data as a scenario.

    Raises:
        InputError: settings that are not valid; `NotModelled`: settings that are known but not modelled yet.
    """
    try:
        later = refusals(changed, places)
        if later:
            raise together(later)
        return Loaded(validated(Scenario, changed, places), folder, places)
    except InputError as error:
        raise together([_hinted(each, changed, places) for each in getattr(error, "errors", (error,))]) from None


def _listed(overrides: Sequence[str]) -> Sequence[str]:
    if isinstance(overrides, str) or not isinstance(overrides, Sequence):
        raise InputError("overrides are a mapping of values by path, or a list of PATH=VALUE", "", "", show(overrides))
    return overrides


def _hinted(error: InputError, data: dict[str, Any], places: Places) -> InputError:
    hint = name_hint(data, error.field, places)
    if not hint or hint in error.hint:
        return error
    hint = " ".join(part for part in (hint, error.hint) if part)
    return type(error)(error.problem, hint, error.field, error.value, error.file, error.line, error.column)
