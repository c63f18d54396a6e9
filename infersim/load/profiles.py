"""Profiles by name: device, model, engine and workload files, a user's own laid over those that infersim ships.

One YAML file a profile, its stem the name. The search path is the folders of `INFERSIM_PROFILES` (which `--profiles`
puts its folder in front of), then the shipped ones; the first file of a name wins.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infersim.errors import InputError, nearest
from infersim.load.messages import show, validated

VARIABLE = "INFERSIM_PROFILES"
SETTLED_NS = 2_000_000_000
"""A folder's time of change tells of every change that is so much older than now: file systems' clocks are coarse."""
FEW = 12
"""So many names are told in an error; more are a command's answer."""
_NAME_LINE = re.compile(r"^(?:full_name|aliases):.*$", re.MULTILINE)
_WORD = r"(?:\"[^\"\\]*\"|[A-Za-z0-9][A-Za-z0-9 ._/+-]*)"
_PLAIN_NAMES = re.compile(rf"full_name: *{_WORD} *(?:#.*)?|aliases: *\[{_WORD}(?:, *{_WORD})*\] *(?:#.*)?")
_FOLDERS = {
    "device": ("gpu", "tpu", "edge", "cpu"),
    "model": ("models",),
    "engine": ("engines",),
    "workload": ("workloads",),
}
_SPECS = {
    "device": ("infersim.spec.hardware", "Device"),
    "model": ("infersim.spec.model", "Model"),
    "engine": ("infersim.spec.engine", "EngineConstants"),
    "workload": ("infersim.spec.workload_model", "KINDS"),
}


KINDS = tuple(_FOLDERS)
"""Of profiles."""


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


def spec_of(kind: str) -> Any:
    """What the profiles of a kind hold: a spec, or several by the `kind` that stands in the file."""
    module, name = _SPECS[kind]
    return getattr(importlib.import_module(module), name)


def list_profiles(kind: str) -> list[str]:
    """Names of all profiles of a kind (`device`, `model`, `engine`, `workload`), sorted."""
    return sorted(path.stem for path in _files(kind).values())


def load_profile(kind: str, name: str, field: str = "", folder: Path = Path()) -> Any:
    """The profile of that name, alias or full name, whatever its case; or the model of a config.json.

    Args:
        kind: `device`, `model`, `engine` or `workload`.
        name: as the user wrote it; for a model also the path of a config.json, or of a folder that holds one; for a
            workload also the path of a profile.
        field: the scenario's path that names it, for errors.
        folder: what such a path is relative to.

    Returns:
        `spec.hardware.Device`, `spec.model.Model`, `spec.engine.EngineConstants` or one of `spec.workload_model.KINDS`.

    Raises:
        InputError: no such profile, with the nearest name; or its file is not valid, with the place there.
    """
    path = named_path(kind, name, folder)
    if path is None:
        return _read(kind, *_stamped(_find(kind, name, field)))
    return _read_config(path) if kind == "model" else read_profile(kind, path)


def profile_file(kind: str, name: str) -> Path | None:
    """The file of a profile by name, alias or full name; None where there is none."""
    return _titled(kind, name)


def read_profile(kind: str, path: Path) -> Any:
    """The profile of a file that need not lie among the others.

    Raises:
        InputError: it cannot be read, or is no profile of that kind.
    """
    from infersim.load.text import read_text

    read_text(path)  # says in plain words what is wrong with the file itself
    return _read(kind, *_stamped(path))


def profile_path(kind: str, name: str, folder: Path = Path()) -> Path:
    """The file that a name means, as for `load_profile`.

    Raises:
        InputError: no such profile.
    """
    return named_path(kind, name, folder) or _find(kind, name, "")


def profile_hash(kind: str, name: str, folder: Path = Path()) -> str:
    """SHA-256 of a profile's file."""
    return hashlib.sha256(profile_path(kind, name, folder).read_bytes()).hexdigest()


def config_path(name: str, folder: Path) -> Path | None:
    """The config.json that a model's name means; None where it ends otherwise and a profile is called so."""
    path = folder / name
    if name.lower().endswith(".json"):
        return path
    inside = path / "config.json"
    return inside if inside.is_file() and _titled("model", name) is None else None


def named_path(kind: str, name: str, folder: Path) -> Path | None:
    """The file that a name means which is a path; None where it is a profile's name."""
    if kind == "model":
        return config_path(name, folder)
    return folder / name if kind == "workload" and name.lower().endswith((".yaml", ".yml")) else None


def _read_config(path: Path) -> Any:
    from infersim.load.hf import read_config

    return read_config(path)


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
            for path in _listed(root / folder):
                found.setdefault(path.stem.lower(), path)
    return found


def _listed(folder: Path) -> tuple[Path, ...]:
    """Profile files of a folder, listed once until it changes; one that changed just now may do so unseen."""
    if not folder.is_dir():
        return ()
    modified_ns = folder.stat().st_mtime_ns
    is_settled = time.time_ns() - modified_ns > SETTLED_NS
    return _glob(folder, modified_ns if is_settled else time.monotonic_ns())


@functools.lru_cache(maxsize=64)
def _glob(folder: Path, stamp: int) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob("*.yaml")))


def _search_path() -> list[Path]:
    own = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    return [*(_checked(folder, VARIABLE) for folder in own), profiles_root()]


def _checked(folder: Path, origin: str) -> Path:
    if not folder.is_dir():
        raise InputError("no such folder of profiles", "it holds gpu/, models/ or engines/", origin, repr(str(folder)))
    return folder


def _by_alias(kind: str, name: str) -> Path | None:
    wanted = _normal(name)
    return next((path for title, path in _titles(kind, wanted) if _normal(title) == wanted), None)


def _titles(kind: str, wanted: str = "") -> Iterator[tuple[str, Path]]:
    """Each name of each profile of a kind, and its file: stem, full name and aliases.

    Args:
        kind: of the profiles.
        wanted: a normal name; files that do not hold it are passed over.
    """
    for path in _files(kind).values():
        for title in (path.stem, *_named(kind, *_stamped(path), wanted)):
            yield title, path


def _named(kind: str, path: Path, modified_ns: int, wanted: str) -> tuple[str, ...]:
    """Full name and aliases; of an ordinary file only their two lines are read, since all names are often looked at."""
    lines = _name_lines(path, modified_ns)
    if lines is None:
        profile = _read(kind, path, modified_ns)
        return (getattr(profile, "full_name", ""), *getattr(profile, "aliases", ()))
    return _names(lines) if wanted in _normal(lines) else ()


@functools.lru_cache(maxsize=1024)
def _name_lines(path: Path, modified_ns: int) -> str | None:
    """The lines `full_name:` and `aliases: […]` of a file; None where they are written in another way."""
    lines = _NAME_LINE.findall(path.read_text(encoding="utf-8", errors="replace"))
    plain = bool(lines) and all(_PLAIN_NAMES.fullmatch(line) for line in lines)
    return "\n".join(lines) if plain and any(line.startswith("full_name") for line in lines) else None


@functools.lru_cache(maxsize=1024)
def _names(lines: str) -> tuple[str, ...]:
    from infersim.load.yaml12 import parse

    data, _ = parse(lines, "")
    return (data["full_name"], *data.get("aliases", ()))


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
    spec = spec_of(kind)
    return validated(
        _of_kind(spec, data, places, path) if isinstance(spec, dict) else spec, {} if data is None else data, places
    )


def _of_kind(specs: dict[str, Any], data: Any, places: Any, path: Path) -> Any:
    """The spec that a profile's `kind` chooses."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind not in specs:
        hint = nearest(kind, specs) or f"Allowed: {', '.join(specs)}"
        problem = "is required but missing" if kind is None else "unknown kind"
        place = places.find("kind")
        where = (place.line, place.column) if place else (1, 1)
        raise InputError(problem, hint, "kind", "" if kind is None else show(kind), str(path), *where)
    return specs[kind]
