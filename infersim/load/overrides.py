"""`--set PATH=VALUE`: one setting laid over a scenario's data; values are YAML 1.2."""

from __future__ import annotations

import re
from typing import Any

from infersim.errors import InputError, nearest
from infersim.load.messages import show
from infersim.load.places import Place, Places, dotted
from infersim.load.yaml12 import parse

PATH = re.compile(r"[^.\s=]+(?:\.[^.\s=]+)*")
_BY_NAME = ("workload", "fleet")


def apply(data: dict[str, Any], places: Places, override: str | tuple[str, Any]) -> dict[str, Any]:
    """The data with one setting changed.

    Args:
        data: a scenario's data; it is not changed.
        places: where its parts stand; the changed part is added.
        override: `PATH=VALUE`, or a path and its value; null takes the setting away, a mapping replaces the whole.

    Raises:
        InputError: it is no PATH=VALUE, the value is not YAML, or the path goes through something that is no mapping.
    """
    return put(data, places, *(_pair(*override) if isinstance(override, tuple) else typed(str(override))))


def _pair(path: Any, value: Any) -> tuple[str, Any, str]:
    """Path, value and label of a setting given in Python."""
    label = f"--set {path}={show(value)}"
    if not isinstance(path, str) or not PATH.fullmatch(path):
        raise InputError("is no path", "e.g. 'fleet.main.replicas'", file=label)
    return path, value, label


def typed(override: str) -> tuple[str, Any, str]:
    """Path, value and label of a setting typed as PATH=VALUE.

    Raises:
        InputError: it is none, or the value is not YAML.
    """
    path, equals, text = override.partition("=")
    path, label = path.strip(), f"--set {override}"
    if not equals or not PATH.fullmatch(path):
        raise InputError("is not PATH=VALUE", "e.g. --set fleet.main.replicas=2", file=label)
    try:
        value, _ = parse(text, label)
    except InputError as error:
        raise InputError(error.problem, error.hint, path, file=label) from None
    return path, value, label


def put(data: dict[str, Any], places: Places, path: str, value: Any, label: str, line: int = 0) -> dict[str, Any]:
    """The data with `value` at `path`, mappings made on the way; None takes what is there away.

    Raises:
        InputError: the path goes through something that is no mapping; `label` and `line` are its place.
    """
    changed = _with(data, path.split("."), 0, value, Place(label, line))
    places.replace(path, Place(label, line))
    return changed


def name_hint(data: dict[str, Any], field: str, places: Places) -> str:
    """'Did you mean …?' for an error under a class or pool that an option brought in, beside one of a like name."""
    parts = field.split(".")
    if len(parts) < 2 or parts[0] not in _BY_NAME:
        return ""
    place = places.values.get(dotted(parts[:2]))
    group = data.get(parts[0])
    if place is None or not place.source.startswith("--set") or not isinstance(group, dict):
        return ""
    return nearest(parts[1], [name for name in group if name != parts[1]])


def _with(data: Any, parts: list[str], depth: int, value: Any, place: Place) -> dict[str, Any]:
    if data is None:
        data = {}
    if not isinstance(data, dict):
        above = dotted(parts[:depth])
        problem = f"{above} is not a mapping, so nothing can be set under it"
        raise InputError(problem, "", dotted(parts), file=place.source, line=place.line)
    changed, key = dict(data), parts[depth]
    if depth + 1 < len(parts):
        changed[key] = _with(data.get(key), parts, depth + 1, value, place)
    elif value is None:
        changed.pop(key, None)
    else:
        changed[key] = value
    return changed
