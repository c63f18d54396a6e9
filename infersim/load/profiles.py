"""Profiles by name: device, model and engine files, a user's own laid over those that infersim ships.

One YAML file a profile, its stem the name. The search path is the folders of `INFERSIM_PROFILES` (which `--profiles`
puts its folder in front of), then the shipped ones; the first file of a name wins.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infersim.errors import InputError, nearest
from infersim.load.messages import validated

VARIABLE = "INFERSIM_PROFILES"
FEW = 12
"""So many names are told in an error; more are a command's answer."""
_FOLDERS = {"device": ("gpu", "tpu", "edge", "cpu"), "model": ("models",), "engine": ("engines",)}
_SPECS = {
    "device": ("infersim.spec.hardware", "Device"),
    "model": ("infersim.spec.model", "Model"),
    "engine": ("infersim.spec.engine", "EngineConstants"),
}


def profiles_root() -> Path:
    """The shipped profiles: beside the package in a checkout or an editable install, inside it in a wheel.

    Raises:
        InputError: the installation has none.
    """
    package = Path(__file__).resolve().parents[1]
    beside = package.parent / "hardware_profiles"
    if beside.is_dir() and (package.parent / "pyproject.toml").is_file():
        return beside
    inside = package / "hardware_profiles"
    if inside.is_dir():
        return inside
    raise InputError("infersim's hardware_profiles are not installed", "install infersim again", file=str(inside))


@contextmanager
def overlay(folder: Path | str | None) -> Iterator[None]:
    """Lay a folder of profiles over all others for a while; worker processes started meanwhile see it, too."""
    if folder is None:
        yield
        return
    before = os.environ.get(VARIABLE)
    _checked(Path(folder), "--profiles")
    os.environ[VARIABLE] = os.pathsep.join(part for part in (str(folder), before) if part)
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def list_profiles(kind: str) -> list[str]:
    """Names of all profiles of a kind (`device`, `model`, `engine`), sorted."""
    return sorted(path.stem for path in _files(kind).values())


def load_profile(kind: str, name: str, field: str = "") -> Any:
    """The profile of that name, alias or full name, whatever its case.

    Args:
        kind: `device`, `model` or `engine`.
        name: as the user wrote it.
        field: the scenario's path that names it, for errors.

    Returns:
        `spec.hardware.Device`, `spec.model.Model` or `spec.engine.EngineConstants`.

    Raises:
        InputError: no such profile, with the nearest name; or its file is not valid, with the place there.
    """
    return _read(kind, *_stamped(_find(kind, name, field)))


def profile_file(kind: str, name: str) -> Path | None:
    """The file of a profile by name, alias or full name; None where there is none."""
    return _titled(kind, name)


def profile_hash(kind: str, name: str) -> str:
    """SHA-256 of a profile's file."""
    return hashlib.sha256(_find(kind, name, "").read_bytes()).hexdigest()


def _find(kind: str, name: str, field: str) -> Path:
    path = _titled(kind, name)
    if path is None:
        raise _unknown(kind, name, field)
    return path


def _titled(kind: str, name: str) -> Path | None:
    """The file of a profile by its stem, else by an alias or its full name: only then are all files read."""
    return _files(kind).get(name.lower()) or _by_alias(kind, name)


def _files(kind: str) -> dict[str, Path]:
    """Profile files by their stem in lower case, the first of the search path winning."""
    found: dict[str, Path] = {}
    for root in _search_path():
        for folder in _FOLDERS[kind]:
            for path in sorted((root / folder).glob("*.yaml")):
                found.setdefault(path.stem.lower(), path)
    return found


def _search_path() -> list[Path]:
    own = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    return [*(_checked(folder, VARIABLE) for folder in own), profiles_root()]


def _checked(folder: Path, origin: str) -> Path:
    if not folder.is_dir():
        raise InputError("no such folder of profiles", "it holds gpu/, models/ or engines/", origin, repr(str(folder)))
    return folder


def _by_alias(kind: str, name: str) -> Path | None:
    wanted = _normal(name)
    return next((path for title, path in _titles(kind) if _normal(title) == wanted), None)


def _titles(kind: str) -> Iterator[tuple[str, Path]]:
    """Each name of each profile of a kind, and its file: stem, full name and aliases; a file is read when it is due."""
    for path in _files(kind).values():
        profile = _read(kind, *_stamped(path))
        for title in (path.stem, getattr(profile, "full_name", ""), *getattr(profile, "aliases", ())):
            yield title, path


def _normal(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " -_/")


def _unknown(kind: str, name: str, field: str) -> InputError:
    for other in ("device", "model"):
        if other != kind and _titled(other, name):
            return InputError(f"this is a {other}; a {kind} is needed here", _shows(kind), field, repr(name))
    hint = nearest(name, (title for title, _ in _titles(kind))) or _few(kind)
    return InputError(" ".join(filter(None, (f"no such {kind}.", hint, _shows(kind)))), "", field, repr(name))


def _few(kind: str) -> str:
    """All names, where they are few enough to be read."""
    names = list_profiles(kind)
    return f"Allowed: {', '.join(names)}" if len(names) <= FEW else ""


def _shows(kind: str) -> str:
    return _few(kind) if kind == "engine" else f"(infersim {kind}s list shows all {len(list_profiles(kind))})"


def _stamped(path: Path) -> tuple[Path, int]:
    return path, path.stat().st_mtime_ns


@functools.lru_cache(maxsize=512)
def _read(kind: str, path: Path, modified_ns: int) -> Any:
    """A profile's spec; read once until its file changes."""
    from infersim.load.text import read_text
    from infersim.load.yaml12 import parse

    data, places = parse(read_text(path), str(path))
    module, name = _SPECS[kind]
    return validated(getattr(importlib.import_module(module), name), {} if data is None else data, places)
