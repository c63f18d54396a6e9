"""Shell completion: names of profiles, files, and the paths and values of `--set`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

_PROFILES = {"device": "device", "model": "model"}
"""Keys of a pool that name a profile."""


class File(click.ParamType):
    """A file's name, completed by the shell; what it holds is checked where it is read."""

    name = "file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type="file")]


class ScenarioFile(File):
    """A scenario's file: folders on the way, and YAML."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = [f"{path}/" if path.is_dir() else str(path) for path in _beginning(incomplete)]
        chosen = [CompletionItem(path) for path in sorted(found) if path.endswith(("/", ".yaml", ".yml"))]
        return chosen or super().shell_complete(ctx, param, incomplete)


FILE, SCENARIO = File(), ScenarioFile()


def complete_name(kind: str, files: bool = False) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    """A completer of the names of profiles of a kind; of files, too, where no name begins so."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        found = _names(kind, incomplete, ctx.params.get("profiles"))
        return found or ([CompletionItem(incomplete, type="file")] if files else [])

    return complete


def complete_setting(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """PATH=VALUE: the keys that may stand at a path in the scenario's file; after =, names of devices and models."""
    path, equals, value = incomplete.partition("=")
    if equals:
        parts = path.split(".")
        kind = _PROFILES.get(parts[-1]) if parts[0] == "fleet" else "workload" if parts[-1] == "model" else None
        return [f"{path}={name}" for name in _names(kind, value, ctx.params.get("profiles"))] if kind else []
    above, _, begun = path.rpartition(".")
    from infersim.load.allowed import keys_at
    from infersim.spec.scenario import Scenario

    # click keeps the scenario in args until --set has a value
    data = _data(ctx.params.get("scenario") or next(iter(ctx.args), ""))
    parts = above.split(".") if above else []
    keys = keys_at(Scenario, data, parts) or [*_inside(data, parts)]
    return [f"{above}.{key}" if above else key for key in keys if key.startswith(begun)]


def _names(kind: str, incomplete: str, profiles: str | None) -> list[str]:
    from infersim.errors import InputError
    from infersim.load.profiles import list_profiles, overlay

    try:
        with overlay(profiles):
            return [name for name in list_profiles(kind) if name.startswith(incomplete.lower())]
    except InputError:
        return []  # there is no place for a message


def _beginning(incomplete: str) -> list[Path]:
    folder, slash, begun = incomplete.rpartition("/")
    try:
        there = [*Path(f"{folder}{slash}" or ".").iterdir()]
    except OSError:
        return []
    return [path for path in there if path.name.startswith(begun) and (begun or not path.name.startswith("."))]


def _data(scenario: str) -> dict[str, Any]:
    """A scenario's data as far as it can be read: completion has no place for a message."""
    from infersim.errors import InputError
    from infersim.load.text import read_text
    from infersim.load.yaml12 import parse

    try:
        data, _ = parse(read_text(scenario), "")
    except InputError:
        return {}
    return data if isinstance(data, dict) else {}


def _inside(data: Any, parts: list[str]) -> dict[str, Any]:
    for part in parts:
        data = data.get(part) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}
