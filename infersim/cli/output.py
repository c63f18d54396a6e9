"""What commands share in printing: JSON to stdout, warnings to stderr."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import click

from infersim.errors import InputError


def print_json(data: Any) -> None:
    """One JSON document on stdout; numbers that JSON does not have are a bug and raise."""
    click.echo(json.dumps(data, indent=2, allow_nan=False))


def warn(message: str) -> None:
    """A warning on stderr."""
    click.echo(click.style("warning: ", fg="yellow") + message, err=True)


def terminal_width(without: int = 80) -> int:
    """Columns of the terminal, at least 20; `without` where there is none, as in a pipe."""
    return max(20, shutil.get_terminal_size((without, 24)).columns)


def check_folder(folder: Path) -> None:
    """Refuse an --out that cannot be written before anything is simulated, not after."""
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file; a folder is needed", "", "--out", str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", "", "--out", str(folder)) from None
