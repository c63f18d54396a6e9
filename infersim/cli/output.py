"""What commands share in printing: JSON to stdout, warnings to stderr, columns that fit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from typing import Any

import click


def print_json(data: Any) -> None:
    """One JSON document on stdout; numbers that JSON does not have are a bug and raise."""
    click.echo(json.dumps(data, indent=2, allow_nan=False))


def warn(message: str) -> None:
    """A warning on stderr."""
    click.echo(click.style("warning: ", fg="yellow") + message, err=True)


def terminal_width() -> int:
    """Columns of the terminal, 100 at most; 80 where there is none."""
    return max(20, min(100, shutil.get_terminal_size((80, 24)).columns))


def columns(rows: Sequence[Sequence[str]], left: int = 1, gap: int = 2) -> list[str]:
    """Rows as aligned text.

    Args:
        rows: cells; all rows of equal length.
        left: so many first columns are aligned left, the others right.
        gap: blanks between columns.
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if number < left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((" " * gap).join(cells).rstrip())
    return lines
