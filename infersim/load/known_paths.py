"""Every path that a scenario can have: those of the specs, of all kinds, and those known but not modelled yet."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from infersim.errors import InputError, nearest
from infersim.load.allowed import is_spec, members
from infersim.load.not_modelled import later_paths
from infersim.load.places import dotted
from infersim.spec.scenario import Scenario

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FREE = ("fleet.*.engine.compilation_config.", "fleet.*.engine.attention_config.")
"""Under these an engine takes keys that are not listed here."""


def check_path(path: str) -> None:
    """Refuse what is no path of a scenario.

    Raises:
        InputError: names the nearest path.
    """
    parts = path.split(".")
    named = parts[0] in ("workload", "fleet") and len(parts) > 1
    pattern = dotted([parts[0], "*", *parts[2:]]) if named else path
    if pattern in patterns() or pattern.startswith(_FREE):
        if not named or _NAME.fullmatch(parts[1]):
            return
        raise InputError("a name takes letters, digits, - and _, at most 64", "", path)
    name = parts[1] if len(parts) > 1 and _NAME.fullmatch(parts[1]) else "main"
    hint = nearest(path, (known.replace("*", name, 1) for known in sorted(patterns())))
    raise InputError("no such path of a scenario", hint or "docs/scenario.md tells every key", path)


def check_keys(data: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[InputError]:
    """An error for each key of plain data that no scenario can have."""
    for key, value in data.items():
        try:
            check_path(dotted((*above, key)))
        except InputError as error:
            yield error
            continue
        if isinstance(value, Mapping):
            yield from check_keys(value, (*above, key))


@functools.cache
def patterns() -> frozenset[str]:
    """All known paths; `*` stands for a name of the user's own."""
    found = {*_below(Scenario, ())}
    for path in later_paths():
        parts = path.split(".")
        found.update(dotted(parts[:depth]) for depth in range(1, len(parts) + 1))
    lengths = "workload.*.prompt_tokens"
    found.update(path.replace(lengths, "workload.*.items") for path in [*found] if path.startswith(lengths))
    return frozenset(found)


def _below(annotation: Any, path: tuple[str, ...]) -> Iterator[str]:
    for member in members(annotation):
        if path:
            yield dotted(path)
        if is_spec(member):
            for name, field in member.model_fields.items():
                yield from _below(field.annotation, (*path, field.alias or name))
        elif get_origin(member) is dict:
            yield from _below(get_args(member)[1], (*path, "*"))
