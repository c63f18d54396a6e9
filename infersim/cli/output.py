"""What commands share in printing: JSON to stdout, warnings to stderr."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import click

from infersim.errors import InputError

_SWEEP = "runs.sqlite"
"""What tells the folder of a sweep."""


class Shown(Protocol):
    """What can be shown."""

    @property
    def warnings(self) -> Sequence[str]: ...

    def summary(self) -> dict[str, Any]: ...


class Saved(Protocol):
    """What can be kept."""

    @property
    def files(self) -> Sequence[str]: ...

    def save(self, folder: Path, /) -> Path: ...


def print_json(data: Any) -> None:
    """One JSON document on stdout; numbers that JSON does not have are a bug and raise."""
    click.echo(json.dumps(data, indent=2, allow_nan=False))


def print_figures(figures: dict[str, Any], warnings: Iterable[str]) -> None:
    """Figures as one JSON document on stdout, and what a reader of them must not miss on stderr."""
    print_json(figures)
    for warning in warnings:
        warn(warning)


def show(found: Shown, as_json: bool, page: Callable[[dict[str, Any]], str]) -> None:
    """What a command found: as JSON with its warnings, or as the page that is made of it."""
    summary = found.summary()
    if as_json:
        print_figures(summary, found.warnings)
    else:
        click.echo(page(summary))


def save(found: Saved, out: str | None) -> None:
    """Write what a command found into the folder of --out, if there is one, and say so."""
    if out is not None:
        folder = found.save(Path(out))
        click.echo(f"saved to {folder}: {', '.join(found.files)}", err=True)


def warn(message: str) -> None:
    """A warning on stderr."""
    head = "warning: "
    click.echo(click.style(head, fg="yellow") + wrapped(head + message)[len(head) :], err=True)


def terminal_width(without: int = 80) -> int:
    """Columns of the terminal, at least 20; `without` where there is none, as in a pipe."""
    return max(20, shutil.get_terminal_size((without, 24)).columns)


def wrapped(text: str) -> str:
    """Each line broken at the terminal's width, what follows indented by two more; not in a pipe, not within words."""
    width = terminal_width(without=10**6)
    return "\n".join(row for line in text.split("\n") for row in _rows(line, width))


def _rows(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, tabsize=1
    )


def check_folder(folder: Path) -> None:
    """Refuse an --out that cannot be written before anything is simulated, not after."""
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file; a folder is needed", "", "--out", str(folder))
    if (folder / _SWEEP).exists():
        raise InputError("holds a sweep", "give this a folder of its own", "--out", str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", "", "--out", str(folder)) from None
