"""The key of a run: a hash of all that its figures rest on, so that a run is found again, and never a stale one.

That is: the scenario as resolved with this run's seed, infersim's own sources, the packages that it computes with, and
every profile and data file that the scenario uses, by what is in them and not by their names.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from infersim import provenance
from infersim.deployment import POWER_REFERENCE
from infersim.errors import InputError
from infersim.load import Loaded, canonical_hash, load_profile, profile_hash
from infersim.spec.fleet import Pool

_ABSENT = "absent"


class Keys:
    """Keys of runs; each file is hashed once, as it was when it was first used."""

    def __init__(self) -> None:
        self._code = code_hash()
        self._seen: dict[tuple[str, str, Path], str] = {}
        self._relative = functools.cache(_relative)

    def of(self, loaded: Loaded) -> bytes:
        """The key of a scenario of one replication."""
        scenario = loaded.scenario
        parts = [self._code, canonical_hash(scenario, loaded.folder)]
        for pool in scenario.fleet.values():
            parts += (self._profile(kind, name, loaded.folder) for kind, name in self._profiles(pool))
        for traffic in scenario.workload.values():
            if traffic.model is not None:
                parts.append(self._profile("workload", traffic.model, loaded.folder))
            if traffic.trace is not None:
                parts.append(self._trace(traffic.trace.path, loaded.folder))
        return hashlib.sha256("\n".join(parts).encode()).digest()

    def _profile(self, kind: str, name: str, folder: Path) -> str:
        if (kind, name, folder) not in self._seen:
            try:
                self._seen[kind, name, folder] = profile_hash(kind, name, folder)
            except (InputError, OSError):
                self._seen[kind, name, folder] = _ABSENT
        return self._seen[kind, name, folder]

    def _trace(self, path: str, folder: Path) -> str:
        if ("trace", path, folder) not in self._seen:
            self._seen["trace", path, folder] = provenance.sha256(folder / path) or _ABSENT
        return self._seen["trace", path, folder]

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


@functools.cache
def code_hash() -> str:
    """Hash of infersim's sources and of the versions of the packages that it computes with."""
    package = Path(__file__).resolve().parents[1]
    found = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        found.update(f"{path.relative_to(package)}\n".encode() + path.read_bytes())
    for name in (*provenance.PACKAGES, "scipy"):
        found.update(f"{name} {version(name)}\n".encode())
    return found.hexdigest()
