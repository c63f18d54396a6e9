"""The key of a run: a hash of all that its figures rest on, so that a run is found again, and never a stale one.

That is: the scenario as resolved with this run's seed, infersim's own sources, the packages that it computes with, and
every profile and data file that the scenario uses, by what is in them and not by their names.
"""

from __future__ import annotations

import functools
import hashlib
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from infersim import provenance
from infersim.deployment import POWER_REFERENCE
from infersim.errors import InputError
from infersim.load import Loaded, canonical_hash, load_profile
from infersim.load.profiles import SETTLED_NS, profile_path
from infersim.spec.fleet import Pool

_ABSENT, _TRACE = "absent", "trace"


class Keys:
    """Keys of runs; each file counts as it was when it was first used, so that a study is of one piece."""

    def __init__(self) -> None:
        self._code = code_hash()
        self._seen: dict[tuple[str, str, Path], str] = {}
        self._relative = functools.cache(_relative)

    def of(self, loaded: Loaded) -> bytes:
        """The key of a scenario of one replication."""
        parts = [self._code, canonical_hash(loaded.scenario, loaded.folder), *self.files(loaded)]
        return hashlib.sha256("\n".join(parts).encode()).digest()

    def files(self, loaded: Loaded) -> list[str]:
        """Hashes of the profiles and traces that a scenario uses."""
        found: list[str] = []
        for pool in loaded.scenario.fleet.values():
            found += (self._file(kind, name, loaded.folder) for kind, name in self._profiles(pool))
        for traffic in loaded.scenario.workload.values():
            if traffic.model is not None:
                found.append(self._file("workload", traffic.model, loaded.folder))
            if traffic.trace is not None:
                found.append(self._file(_TRACE, traffic.trace.path, loaded.folder))
        return found

    def _file(self, kind: str, name: str, folder: Path) -> str:
        if (kind, name, folder) not in self._seen:
            try:
                path = folder / name if kind == _TRACE else profile_path(kind, name, folder)
                found = _sha256(path, _stamp(path))
            except (InputError, OSError):
                found = _ABSENT
            self._seen[kind, name, folder] = found
        return self._seen[kind, name, folder]

    def _profiles(self, pool: Pool) -> Iterator[tuple[str, str]]:
        """Kind and name of each profile that a pool may use."""
        engine = pool.engine.kind if pool.engine.version is None else f"{pool.engine.kind}-{pool.engine.version}"
        yield from (("model", pool.model), ("engine", engine), ("device", pool.device))
        relative = self._relative(pool.device)
        yield from (("device", name) for name in (relative, POWER_REFERENCE) if name is not None)


def _relative(device: str) -> str | None:
    try:
        return load_profile("device", device).relative
    except InputError:
        return None


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes with a file's bytes; where it changed just now, which clocks may not tell, never the same."""
    found = path.stat()
    if time.time_ns() - found.st_ctime_ns < SETTLED_NS:
        return (time.monotonic_ns(),)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@functools.lru_cache(maxsize=1024)
def _sha256(path: Path, stamp: tuple[int, ...]) -> str:
    """SHA-256 of a file's bytes, read once until it changes."""
    return provenance.sha256(path) or _ABSENT


@functools.cache
def code_hash() -> str:
    """Hash of infersim's sources, of Python's version and those of the packages that it computes with."""
    package = Path(__file__).resolve().parents[1]
    found = hashlib.sha256(f"python {sys.version_info.major}.{sys.version_info.minor}\n".encode())
    for path in sorted(package.rglob("*.py")):
        found.update(f"{path.relative_to(package)}\n".encode() + path.read_bytes())
    for name in (*provenance.PACKAGES, "scipy"):
        found.update(f"{name} {version(name)}\n".encode())
    return found.hexdigest()
