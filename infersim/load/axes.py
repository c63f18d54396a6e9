"""A study typed on the command line: a scenario and `--axis PATH=V1,V2,…`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infersim.errors import InputError
from infersim.load.overrides import PATH
from infersim.load.places import Place, Places
from infersim.load.study import LoadedStudy, study_of
from infersim.load.yaml12 import parse

_DOTS = re.compile(r"([-\d.]*\d)\.\.+(\d[-\d.]*)")


def typed_study(
    scenario: str | Path,
    axes: Sequence[str],
    overrides: Sequence[str] = (),
    seed: int | None = None,
    replications: int | None = None,
) -> LoadedStudy:
    """The study that a command line asks for.

    Args:
        scenario: a scenario file.
        axes: each `PATH=V1,V2,…`, values in YAML, or `PATH={from: …, to: …, points: …}`.
        overrides, seed, replications: as for `read_study`.

    Raises:
        InputError: one of them cannot be used.
    """
    places, found = Places(), {}
    for text in axes:
        path, value = _axis(text)
        if path in found:
            raise InputError("two axes on one path", f"{path} has one already", file=f"--axis {text}")
        found[path] = value
        place = Place(f"--axis {text}")
        places.add(f"axes.{path}", place, place)
    data = {"name": Path(scenario).name.partition(".")[0], "scenario": Path(scenario).name, "axes": found}
    return study_of(data, places, str(scenario), Path(scenario).parent, overrides, seed, replications)


def _axis(text: str) -> tuple[str, Any]:
    path, equals, values = text.partition("=")
    path, label = path.strip(), f"--axis {text}"
    if not equals or not PATH.fullmatch(path):
        raise InputError("is not PATH=V1,V2,…", "e.g. --axis fleet.main.replicas=1,2,4", file=label)
    if not values.strip():
        raise InputError("has no values", f"e.g. --axis {path}=1,2,4", file=label)
    try:
        listed, _ = parse(f"[{values}]", label)
    except InputError as error:
        raise InputError(error.problem, error.hint, path, file=label) from None
    alone = listed[0] if len(listed) == 1 else None
    if isinstance(alone, str) and (ends := _DOTS.fullmatch(alone)):
        low, high = ends.groups()
        hint = f"{path}=1,2,4, or '{path}={{from: {low}, to: {high}, points: 4}}'"
        raise InputError("a range is not written with dots", f"--axis {hint}", file=label)
    if isinstance(alone, list):  # the values as a YAML list
        if not alone:
            raise InputError("has no values", f"e.g. --axis {path}=1,2,4", file=label)
        return path, alone
    return path, alone if isinstance(alone, dict) and "from" in alone else listed
