"""Places: where in a file, or in which command-line option, each dotted path of a scenario was written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """A place that an error points at.

    Attributes:
        source: the file's name, or the option as typed (`--set fleet.main.replicas=2`).
        line: from 1; 0 where the source has no lines.
        column: from 1; 0 likewise.
    """

    source: str
    line: int = 0
    column: int = 0


@dataclass
class Places:
    """Dotted path → the places of its value and of its key; the root's path is the empty string."""

    values: dict[str, Place] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)

    def add(self, path: str, value: Place, key: Place) -> None:
        """Remember where a path's value and its key stand."""
        self.values[path], self.keys[path] = value, key

    def find(self, path: str, key: bool = False) -> Place | None:
        """The place of a path's value (or key), or of its nearest parent that was written somewhere."""
        table = self.keys if key else self.values
        while path not in table and path:
            path = parent(path)
            table = self.values
        return table.get(path)

    def replace(self, path: str, place: Place) -> None:
        """A path and all under it now come from `place`; parents that were not written before do, too."""
        for table in (self.values, self.keys):
            for stale in [p for p in table if p == path or p.startswith(path + ".")]:
                del table[stale]
        while path and path not in self.values:
            self.add(path, place, place)
            path = parent(path)


def parent(path: str) -> str:
    """`fleet.main` of `fleet.main.device`; of a path without a dot the root, the empty string."""
    return path.rpartition(".")[0]


def dotted(parts: Iterable[object]) -> str:
    """A path as people write it."""
    return ".".join(str(part) for part in parts)
