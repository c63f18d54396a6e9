"""Recorded sessions: traces of format `sessions`, a row a turn: CSV, JSON lines or Parquet.

Columns `session, turn, prompt_tokens, shared_prefix_tokens, output_tokens`, and `arrival_s` or `gap_s` or both. A row
with `arrival_s` is sent then, one with `gap_s` that long after the answer to the turn before it. `prompt_tokens` is the
whole prompt, which begins with `shared_prefix_tokens` that its session has sent or received before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from infersim.errors import InputError, nearest
from infersim.records import GOES_ON, LAST_TURN
from infersim.spec.trace import Trace
from infersim.workload.traces.opening import Opened, opened
from infersim.workload.traces.query import fetch, label, optional
from infersim.workload.traces.query import number as number_of
from infersim.workload.traces.sheets import Sheet, document
from infersim.workload.traces.tables import sheet_of
from infersim.workload.turns import SessionTraffic, Turns

NEEDED = ("session", "turn", "prompt_tokens", "shared_prefix_tokens", "output_tokens")
TIMES = ("arrival_s", "gap_s")
MOST_TOKENS, MOST_S, MOST_TURNS = 10**8, 1e9, 10**9


def read(spec: Trace, folder: Path, number: int, clients: int = 0, think_s: float = 0.0) -> SessionTraffic:
    """Read recorded sessions.

    Args:
        spec: path and speed, by which times and gaps are divided.
        folder: what a relative path is relative to.
        number: the traffic class's.
        clients: who take the file's sessions one after another; 0 where they begin at the times recorded.
        think_s: between a client's sessions [s].

    Returns:
        Sessions in the order of the file; without clients cut into parts that begin with an `arrival_s`, by that time.

    Raises:
        InputError: the file cannot be read, a column is missing, or a row holds what is no turn; names the line.
    """
    path = Path(spec.path) if Path(spec.path).is_absolute() else folder / spec.path
    sheet = _sheet(opened(path))
    what = {name: number_of(sheet, name) for name in NEEDED[1:]} | {"session": label(sheet, "session")}
    what |= {name: optional(sheet, name, MOST_S) for name in TIMES if name in sheet.names}
    found = fetch(sheet, what)
    session = found["session"]
    if (session < 0).any():
        raise sheet.fault(int(np.argmin(session)), "session", "a name or a number is needed")
    order = np.argsort(session, kind="stable")
    turn = _whole(sheet, "turn", found, 0, MOST_TURNS)
    prompt, output = (_whole(sheet, name, found, 1, MOST_TOKENS) for name in ("prompt_tokens", "output_tokens"))
    shared = np.minimum(_whole(sheet, "shared_prefix_tokens", found, 0, MOST_TOKENS), prompt)
    arrival, gap = (_seconds(sheet, name, found, len(order)) / spec.speed for name in TIMES)
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(session[order]) > 0
    _check_order(sheet, order, first, turn)
    _check_times(sheet, order[first], arrival, gap, clients)
    begins = first if clients else ~np.isnan(arrival[order])
    starts = np.append(np.flatnonzero(begins), len(order))
    ends = np.full(len(order), GOES_ON, dtype=np.int8)
    ends[np.append(np.flatnonzero(first), len(order))[1:] - 1] = LAST_TURN
    nothing = np.zeros(len(order), dtype=np.int64)
    lengths = (prompt[order], output[order], nothing, shared[order])
    turns = Turns(starts, session[order], turn[order], np.nan_to_num(gap)[order], *lengths, nothing, ends)
    if not clients:
        turns = _by_time(turns, arrival[order][starts[:-1]])
        start_s = np.sort(arrival[order][starts[:-1]])
        return SessionTraffic(number, iter([turns]), start_s, recorded=True, total=len(turns))
    return SessionTraffic(number, iter([turns]), None, clients, think_s, recorded=True, total=len(turns))


def _by_time(turns: Turns, start_s: np.ndarray) -> Turns:
    """The parts of sessions by the times at which they begin."""
    parts = np.argsort(start_s, kind="stable")
    counts = np.diff(turns.starts)[parts]
    starts = np.concatenate([[0], np.cumsum(counts)])
    rows = np.arange(starts[-1]) - np.repeat(starts[:-1] - turns.starts[:-1][parts], counts)
    return Turns(starts=starts, **{name: column[rows] for name, column in vars(turns).items() if name != "starts"})


def _check_order(sheet: Sheet, order: np.ndarray, first: np.ndarray, turn: np.ndarray) -> None:
    late = np.flatnonzero(~first[1:] & (np.diff(turn[order]) <= 0)) + 1
    if late.size:
        raise sheet.fault(int(order[late[0]]), "turn", "is not after the turn of its session above it", "sort by turn")


def _check_times(sheet: Sheet, first: np.ndarray, arrival: np.ndarray, gap: np.ndarray, clients: int) -> None:
    """Every row has one time; where clients take sessions, a gap."""
    both = np.flatnonzero(~np.isnan(arrival) & ~np.isnan(gap))
    neither = np.flatnonzero(np.isnan(arrival) & np.isnan(gap))
    if both.size:
        raise sheet.fault(int(both[0]), "gap_s", "stands beside an arrival_s", "leave one of the two empty")
    if neither.size:
        raise sheet.fault(
            int(neither[0]), "gap_s", "neither arrival_s nor gap_s says when it is sent", "give one of them"
        )
    at_times = np.flatnonzero(~np.isnan(arrival))
    if clients and at_times.size:
        hint = "leave arrivals out: the trace says when sessions begin"
        raise sheet.fault(int(at_times[0]), "arrival_s", "stands in a trace whose sessions clients are to take", hint)
    waiting = first[np.isnan(arrival[first])]
    if not clients and waiting.size:
        hint = "give it an arrival_s, or give the class arrivals: {kind: closed_loop, clients: …}"
        raise sheet.fault(int(waiting.min()), "gap_s", "no answer comes before the first turn of a session", hint)


def _sheet(file: Opened) -> Sheet:
    """The file's sheet, in which all columns that are needed stand once."""
    first, _ = document(file)
    sheet, _ = sheet_of(file, first if isinstance(first, dict) else None)
    line = 0 if sheet.kind == "parquet" else 1
    missing = [name for name in NEEDED if name not in sheet.names]
    missing += ["arrival_s"] if not set(TIMES) & set(sheet.names) else []
    if missing:
        hint = f"{nearest(missing[0], sheet.names)} a trace of format 'sessions' needs {', '.join(NEEDED)}".strip()
        hint += ", and arrival_s or gap_s or both"
        problem = f"no column {missing[0]!r}; the file has: {', '.join(sheet.names)[:200]}"
        raise InputError(problem, hint, file=str(file.path), line=line)
    twice = [name for name in NEEDED + TIMES if sheet.names.count(name) > 1]
    if twice:
        raise InputError("two columns have this name", "give each its own", twice[0], "", str(file.path), line)
    if not sheet.first:
        raise InputError("the trace has a header and no rows", file=str(file.path), line=line)
    if sheet.kind == "jsonl":  # rows may leave out what they have not
        return replace(sheet, names=tuple(dict.fromkeys(sheet.names + TIMES)))
    return sheet


def _whole(sheet: Sheet, name: str, found: Mapping[str, np.ndarray], least: int, most: int) -> np.ndarray:
    """A column of whole numbers."""
    values = found[name]
    bad = np.flatnonzero(~((values >= least) & (values <= most) & (values == np.floor(values))))
    if bad.size:
        raise sheet.fault(int(bad[0]), name, f"a whole number from {least:,} to {most:,} is needed")
    return values.astype(np.int64)


def _seconds(sheet: Sheet, name: str, found: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
    """A column of times [s]; NaN where a cell is empty, or the file has no such column."""
    values = found.get(name, np.full(rows, np.nan))
    bad = np.flatnonzero(values < 0)
    if bad.size:
        raise sheet.fault(int(bad[0]), name, f"a number of seconds from 0 to {MOST_S:,.0f} is needed")
    return values
