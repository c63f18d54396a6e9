"""Recorded requests: arrival times and lengths from a CSV, plain or gzipped.

Formats: `plain` (columns arrival_s, prompt_tokens, output_tokens) and `azure` (TIMESTAMP, ContextTokens,
GeneratedTokens, as in Azure's public LLM inference traces of 2023).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from infersim.errors import InputError, nearest
from infersim.load.text import read_data_text
from infersim.spec.trace import Trace
from infersim.workload.requests import Requests

COLUMNS = {
    "plain": ("arrival_s", "prompt_tokens", "output_tokens"),
    "azure": ("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
}
MAX_TOKENS = 10**8
_TIMESTAMP = re.compile(r"((?:19[7-9]|20\d|21\d)\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?:Z|\+00:00)?")


def read(spec: Trace, folder: Path) -> Requests:
    """Read a trace.

    Args:
        spec: path, format and speed.
        folder: what a relative path is relative to.

    Returns:
        The requests: the first arrives at 0 in `azure` files, and as stated in `plain` ones; times are divided by
        `speed`.

    Raises:
        InputError: the file cannot be read, a column is missing, or a row holds what is no request; names the line.
    """
    path = Path(spec.path) if Path(spec.path).is_absolute() else folder / spec.path
    cells = _cells(path, spec.format)
    names = COLUMNS[spec.format]
    arrival = _timestamps(path, names[0], cells[0]) if spec.format == "azure" else _floats(path, names[0], cells[0])
    prompt, output = (_tokens(path, name, column) for name, column in zip(names[1:], cells[1:], strict=True))
    late = np.flatnonzero(np.diff(arrival) < 0)
    if late.size:
        row = int(late[0]) + 1
        raise _at(path, row, names[0], cells[0][row], "earlier than the row before it", "sort the file by arrival")
    return Requests(arrival / spec.speed, prompt, output)


def _cells(path: Path, form: str) -> list[list[str]]:
    """The three columns as text."""
    header, *lines = _lines(path)
    found = [name.strip() for name in header.split(",")]
    places = []
    for name in COLUMNS[form]:
        if name not in found:
            raise InputError(
                f"no column {name!r}; the file has: {', '.join(found)[:200]}",
                f"{_remedy(name, found)} a trace of format {form!r} needs {', '.join(COLUMNS[form])}".strip(),
                file=str(path),
                line=1,
            )
        places.append(found.index(name))
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise InputError("the trace has a header and no rows", file=str(path), line=1)
    rows = [line.split(",") for line in lines]
    for number, row in enumerate(rows):
        if len(row) != len(found):
            raise InputError(f"{len(row)} cells for {len(found)} columns", file=str(path), line=number + 2)
    return [[row[place].strip() for row in rows] for place in places]


def _remedy(name: str, found: list[str]) -> str:
    """What to change where a column is missing: the format, the delimiter, or a name."""
    for form, columns in COLUMNS.items():
        if set(columns) <= set(found):
            return f"These are the columns of format: {form};"
    if len(found) == 1 and any(mark in found[0] for mark in ";\t|"):
        return "Separate the columns by commas;"
    return nearest(name, found)


def _lines(path: Path) -> list[str]:
    lines = read_data_text(path).splitlines()
    if not lines:
        raise InputError("the trace is empty", file=str(path))
    return lines


def _floats(path: Path, name: str, cells: list[str]) -> np.ndarray:
    values = _convert(path, name, cells, np.float64, "a number of seconds is needed")
    bad = np.flatnonzero(~np.isfinite(values) | (values < 0) | (values > 1e9))
    if bad.size:
        raise _at(path, int(bad[0]), name, cells[bad[0]], "must be a time from 0 to 1e9 s", "")
    return values


def _tokens(path: Path, name: str, cells: list[str]) -> np.ndarray:
    values = _convert(path, name, cells, np.int64, "a whole number of tokens is needed")
    bad = np.flatnonzero((values < 1) | (values > MAX_TOKENS))
    if bad.size:
        raise _at(path, int(bad[0]), name, cells[bad[0]], f"must be from 1 to {MAX_TOKENS} tokens", "")
    return values


def _timestamps(path: Path, name: str, cells: list[str]) -> np.ndarray:
    needed = "a timestamp like 2023-11-16 18:15:46.68 is needed"
    texts = []
    for row, cell in enumerate(cells):
        match = _TIMESTAMP.fullmatch(cell)
        if match is None:  # numpy alone would take "today", and years that wrap around
            raise _at(path, row, name, cell, needed, "")
        texts.append(match[1])
    stamps = _convert(path, name, texts, "datetime64[ns]", needed)
    return (stamps - stamps[0]).astype(np.int64) / 1e9


def _convert(path: Path, name: str, cells: list[str], dtype, needed: str) -> np.ndarray:
    try:
        return np.array(cells, dtype=dtype)
    except (ValueError, OverflowError):
        row = next(i for i, cell in enumerate(cells) if not _converts(cell, dtype))
        raise _at(path, row, name, cells[row], needed, "") from None


def _converts(cell: str, dtype) -> bool:
    try:
        np.array([cell], dtype=dtype)
    except (ValueError, OverflowError):
        return False
    return True


def _at(path: Path, row: int, name: str, cell: str, problem: str, hint: str) -> InputError:
    return InputError(problem, hint, name, repr(cell[:60]), str(path), row + 2)
