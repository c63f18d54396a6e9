"""From a trace's file to requests: opened, recognised, read, and selected."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from infersim.errors import InputError
from infersim.spec.trace import Trace
from infersim.workload.requests import Requests
from infersim.workload.traces.opening import Opened, opened
from infersim.workload.traces.records import CLIENTS, client_of, read_record
from infersim.workload.traces.selection import played
from infersim.workload.traces.sheets import document
from infersim.workload.traces.tables import read_table


def read(spec: Trace, folder: Path, rng: np.random.Generator | None = None) -> Requests:
    """Read a trace.

    Args:
        spec: where it is, what it looks like, and what of it is played how.
        folder: what a relative path is relative to.
        rng: what resampling to `rate_per_s` draws from; not needed where that is not set.

    Returns:
        The requests. Time counts from the trace's own zero, or from its first request where that is none: timestamps,
        epoch numbers, BurstGPT's seconds, benchmark records; from `start_s` where it is set.

    Raises:
        InputError: the file cannot be read, a column is missing, or a row holds what is no request; names the line.
            Without a file it is about an option, whose name is its field.
    """
    path = Path(spec.path) if Path(spec.path).is_absolute() else Path(folder) / spec.path
    recorded = _recorded(opened(path), spec)
    if not len(recorded):
        raise InputError("no request was answered when this was recorded", file=str(path))
    return played(recorded, spec, rng)


def _recorded(file: Opened, spec: Trace) -> Requests:
    """All of a file."""
    found, whole = document(file)
    client = client_of(found)
    stated = spec.format if spec.format in CLIENTS else client if spec.format == "auto" else None
    if stated is None:
        if client is not None:
            raise InputError(f"is a record of {CLIENTS[client]}", f"use format: {client}", file=str(file.path))
        return read_table(file, found if isinstance(found, dict) else None, spec)
    if client != stated:
        problem = f"is no record of {CLIENTS[stated]}" + (f" but of {CLIENTS[client]}" if client else "")
        raise InputError(problem, "format: auto goes by what the file holds", file=str(file.path))
    if spec.columns is not None:
        raise InputError(f"a record of {CLIENTS[stated]} takes no columns", "leave them out", file=str(file.path))
    if not whole:
        raise InputError("holds several runs, one a line", "a trace is of one run: keep one line", file=str(file.path))
    return read_record(file, found, stated)
