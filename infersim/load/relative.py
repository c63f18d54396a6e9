"""Names of files in a scenario's data: traces, and what stands in place of a profile's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from infersim.load.profiles import config_path, named_path


def absolute(path: tuple[str, ...], value: Any, folder: Path) -> Any:
    """A value at a path of the scenario, names of files that are relative to a folder said in full."""
    return _renamed(path, value, folder, lambda file: str(file.resolve()))


def placeless(path: tuple[str, ...], value: Any, folder: Path) -> Any:
    """Likewise, names of files without their folders: equal for a scenario that lies elsewhere with its files."""
    return _renamed(path, value, folder, lambda file: file.name)


def _renamed(path: tuple[str, ...], value: Any, folder: Path, name: Callable[[Path], str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed((*path, str(key)), inner, folder, name) for key, inner in value.items()}
    file = _file(path, value, folder) if isinstance(value, str) else None
    return value if file is None else name(file)


def _file(path: tuple[str, ...], value: str, folder: Path) -> Path | None:
    """The file that a text at a path means; None where it means none."""
    group, below = path[:1], path[2:]
    if (group, below) in ((("workload",), ("trace", "path")), (("fleet",), ("curve",))):
        return folder / value
    if (group, below) == (("workload",), ("model",)):
        return named_path("workload", value, folder)
    return config_path(value, folder) if (group, below) == (("fleet",), ("model",)) else None
