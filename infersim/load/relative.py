"""Names of files in a scenario's data, written out in full, so that the data may move to another folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infersim.load.profiles import config_path, named_path


def absolute(path: tuple[str, ...], value: Any, folder: Path) -> Any:
    """A value at a path of the scenario, names of files that are relative to a folder said in full."""
    if isinstance(value, dict):
        return {key: absolute((*path, str(key)), inner, folder) for key, inner in value.items()}
    if not isinstance(value, str) or not _is_file(path, value, folder):
        return value
    return str((folder / value).resolve())


def _is_file(path: tuple[str, ...], value: str, folder: Path) -> bool:
    group, below = path[:1], path[2:]
    if group == ("workload",):
        return below == ("trace", "path") or (below == ("model",) and named_path("workload", value, folder) is not None)
    if group == ("fleet",):
        return below == ("curve",) or (below == ("model",) and config_path(value, folder) is not None)
    return False
