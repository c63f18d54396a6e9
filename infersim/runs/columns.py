"""What the columns of a run table are: scenario paths, figures and labels, told by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infersim.errors import InputError, nearest
from infersim.load.known_paths import check_path
from infersim.load.messages import together
from infersim.runs.figures import check_figure

FIGURE_KINDS = ("measured", "simulated", "ci95_low", "ci95_high")
_ROOTS = ("fleet", "router", "run", "workload")


@dataclass(frozen=True)
class Columns:
    """Columns by what they are, each name with its position; paths with the outer ones before those inside them.

    Attributes:
        paths: of the scenario.
        figures: by kind (`measured`, `simulated`, `ci95_low`, `ci95_high`), without that prefix.
        labels: everything else.
    """

    paths: dict[str, int]
    figures: dict[str, dict[str, int]]
    labels: dict[str, int]


def sort_columns(names: Sequence[str], file: str) -> Columns:
    """Tell the columns of a table apart.

    Raises:
        InputError: one or several: a column without a name, two of one name, no such path or figure.
    """
    errors = [*_doubled(names)]
    columns = Columns({}, {kind: {} for kind in FIGURE_KINDS}, {})
    for position, name in enumerate(names):
        kind, dot, below = name.partition(".")
        try:
            if not dot:
                columns.labels[name] = position
            elif kind in FIGURE_KINDS:
                check_figure(below, f"{kind}.")
                columns.figures[kind][below] = position
            else:
                _check_root(kind, below)
                check_path(name)
                columns.paths[name] = position
        except InputError as error:
            errors.append(InputError(f"column {position + 1}: {error.problem}", error.hint, error.field))
    if errors:
        raise together([error.located(file, 1) for error in errors])
    paths = dict(sorted(columns.paths.items(), key=lambda item: item[0].count(".")))
    return Columns(paths, columns.figures, columns.labels)


def check_names(paths: Sequence[str], base: Mapping[str, Any], file: str) -> None:
    """Refuse columns of a pool or class that is nearly one of the base's and has not what makes one by itself.

    Raises:
        InputError: names the column and the name that was meant.
    """
    for group, makes in (
        ("fleet", {"model", "device"}),
        ("workload", {"prompt_tokens", "lengths", "trace", "model", "items"}),
    ):
        known = [str(name) for name in base.get(group) or ()] if isinstance(base.get(group), Mapping) else []
        below: dict[str, set[str]] = {}
        for path in paths:
            parts = path.split(".")
            if parts[0] == group:
                below.setdefault(parts[1], set()).update(parts[2:3] or makes)
        for name, keys in below.items():
            if name not in known and not makes & keys and (hint := nearest(name, known)):
                column = next(path for path in paths if path.startswith(f"{group}.{name}."))
                what = "pool" if group == "fleet" else "traffic class"
                raise InputError(f"the base has no {what} {name!r}", hint, column, file=file, line=1)


def _check_root(kind: str, below: str) -> None:
    """Refuse a column of figures or paths whose first word is misspelt."""
    if kind in _ROOTS:
        return
    hint = nearest(kind, (*FIGURE_KINDS, *_ROOTS))
    meant = next((name for name in (*FIGURE_KINDS, *_ROOTS) if repr(name) in hint), "")
    hint = f"Did you mean '{meant}.{below}'?" if meant else ""
    allowed = f"a name with a dot begins with one of {', '.join((*_ROOTS, *FIGURE_KINDS))}; a label has no dot"
    raise InputError("no such path of a scenario, and no figure", f"{hint} {allowed}".strip(), f"{kind}.{below}")


def _doubled(names: Sequence[str]) -> list[InputError]:
    """Errors for columns without a name, and for those that have one in common but for its case."""
    first: dict[str, int] = {}
    errors = []
    for position, name in enumerate(names):
        if not name.strip():
            errors.append(InputError(f"column {position + 1} has no name", "name it, or take it out"))
        elif (before := first.setdefault(name.lower(), position)) != position:
            alike = "have one name" if names[before] == name else f"differ in case only ({names[before]!r})"
            problem = f"columns {before + 1} and {position + 1} {alike}"
            errors.append(InputError(problem, "keep one of the two, or rename it", name))
    return errors
