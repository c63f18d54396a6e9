"""A scenario file read once, for many runs to be laid over; it may be incomplete by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infersim.errors import InputError
from infersim.load.known_paths import check_keys
from infersim.load.loaded import Loaded, checked, refuse_study
from infersim.load.messages import show, together
from infersim.load.overrides import put
from infersim.load.places import Places


@dataclass(frozen=True)
class Base:
    """What many runs share.

    Attributes:
        data: plain data of a scenario file; not changed.
        places: where its parts stand.
        folder: what relative trace paths are relative to.
    """

    data: dict[str, Any]
    places: Places
    folder: Path

    def merged(self, settings: Mapping[str, Any], label: str, line: int = 0) -> tuple[dict[str, Any], Places]:
        """The data with settings laid over it, not yet checked, and where its parts stand.

        Args:
            settings: values by dotted path, laid over in this order; None takes a setting away.
            label, line: the place that errors name for them.

        Raises:
            InputError: a path goes through something that is no mapping.
        """
        data, places = self.data, Places(dict(self.places.values), dict(self.places.keys))
        for path, value in settings.items():
            data = put(data, places, path, value, label, line)
        return data, places

    def laid_under(self, settings: Mapping[str, Any], label: str, line: int = 0) -> Loaded:
        """The scenario that the base and the settings make together.

        Raises:
            InputError: they make none; names the place of what is at fault.
        """
        return checked(*self.merged(settings, label, line), self.folder)


def read_base(path: str | Path) -> Base:
    """Read a base scenario.

    Raises:
        InputError: the file cannot be read, or holds a key that no scenario has.
    """
    from infersim.load.text import read_text
    from infersim.load.yaml12 import parse

    data, places = parse(read_text(path), str(path))
    data = {} if data is None else data
    if not isinstance(data, dict):
        top = places.values[""]
        raise InputError("the top level must be a mapping", "", "", show(data), top.source, top.line, top.column)
    refuse_study(data, places, axes=True)
    unknown = [*check_keys(data)]
    if unknown:
        found = [(error, places.keys[error.field]) for error in unknown]
        raise together([error.located(place.source, place.line, place.column) for error, place in found])
    return Base(data, places, Path(path).parent)
