"""One run of a study, from its settings to its figures: what a process does, on this machine or another."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from infersim.errors import InputError
from infersim.load import Base, Loaded, overlay
from infersim.metrics.replicated import leaves
from infersim.runs.figures import check_figure
from infersim.runs.keys import Keys
from infersim.runs.replications import alone, figures_of
from infersim.runs.runner import refusal
from infersim.runs.store import Outcome
from infersim.simulate import simulate

_OVERLOAD = "overload:"


@dataclass(frozen=True)
class Given:
    """What all runs of a study share.

    Attributes:
        base: their scenario.
        label: what messages call the settings.
        profiles: a folder of profiles laid over all others, where the process does not have it from its parent.
    """

    base: Base
    label: str
    profiles: str | None = None


Task = tuple[dict[str, Any], int, bytes]
"""Settings by path, which replication, and the key under which the run is to be kept."""
CHANGED = "infersim, a profile or a trace is not what it was as the sweep began; sweep again"


def answer(given: Given, task: Task) -> Outcome:
    """What becomes of one run; whatever it raises is an outcome, too. What was not read as its key says is an error."""
    settings, replication, key = task
    try:
        with overlay(given.profiles):
            loaded, before = alone(given.base.laid_under(settings, given.label), replication), Keys()
            if before.of(loaded) != key:
                return Outcome("error", CHANGED)
            found = _simulated(loaded)
            return found if Keys().files(loaded) == before.files(loaded) else Outcome("error", CHANGED)
    except InputError as error:
        return refused(error)


def _simulated(loaded: Loaded) -> Outcome:
    try:
        summary = simulate(loaded).summary()
    except InputError as error:
        return refused(error)
    except Exception as error:
        said = " ".join(str(error).split())[:500]
        return Outcome("error", f"{type(error).__name__}: {said}" if said else type(error).__name__)
    found = {name: value for name, value in leaves(figures_of(summary)) if _is_figure(name)}
    told = next((text for text in summary["warnings"] if text.startswith(_OVERLOAD)), "")
    values = np.array([np.nan if value is None else float(value) for value in found.values()])
    return Outcome("overload" if told else "ok", told, tuple(found), values.tobytes())


def refused(error: InputError) -> Outcome:
    """The outcome of a run that cannot be simulated."""
    why = refusal(error)
    if why.kind == "does_not_fit":
        return Outcome("does_not_fit", why.why)
    return Outcome("refused", f"{'not modelled' if why.kind == 'not_modelled' else 'invalid'}: {why.why}")


@functools.cache
def _is_figure(name: str) -> bool:
    try:
        check_figure(name, "")
    except InputError:
        return False
    return True
