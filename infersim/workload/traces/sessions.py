"""Recorded sessions: traces of format `sessions`, a row a turn.

Columns `session, turn, prompt_tokens, shared_prefix_tokens, output_tokens`, and `arrival_s` or `gap_s` or both. A row
with `arrival_s` is sent then, one with `gap_s` that long after the answer to the turn before it. `prompt_tokens` is the
whole prompt, which begins with `shared_prefix_tokens` that its session has sent or received before.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from infersim.errors import InputError, nearest
from infersim.records import GOES_ON, LAST_TURN
from infersim.spec.trace import Trace
from infersim.workload.traces.opening import opened
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
    cells = _Cells(path)
    numbers: dict[str, int] = {}
    labels = [label.strip() for label in cells.of("session")]
    session = np.array([numbers.setdefault(label, len(numbers)) for label in labels])
    if "" in numbers:
        raise cells.at(labels.index(""), "session", "a name or a number is needed")
    order = np.argsort(session, kind="stable")
    turn = cells.whole("turn", 0, MOST_TURNS)
    prompt, output = (cells.whole(name, 1, MOST_TOKENS) for name in ("prompt_tokens", "output_tokens"))
    shared = np.minimum(cells.whole("shared_prefix_tokens", 0, MOST_TOKENS), prompt)
    arrival, gap = (cells.seconds(name) / spec.speed for name in TIMES)
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.diff(session[order]) > 0
    _check_order(cells, order, first, turn)
    _check_times(cells, order[first], arrival, gap, clients)
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


def _check_order(cells: _Cells, order: np.ndarray, first: np.ndarray, turn: np.ndarray) -> None:
    late = np.flatnonzero(~first[1:] & (np.diff(turn[order]) <= 0)) + 1
    if late.size:
        raise cells.at(int(order[late[0]]), "turn", "is not after the turn of its session above it", "sort by turn")


def _check_times(cells: _Cells, first: np.ndarray, arrival: np.ndarray, gap: np.ndarray, clients: int) -> None:
    """Every row has one time; where clients take sessions, a gap."""
    both = np.flatnonzero(~np.isnan(arrival) & ~np.isnan(gap))
    neither = np.flatnonzero(np.isnan(arrival) & np.isnan(gap))
    if both.size:
        raise cells.at(int(both[0]), "gap_s", "stands beside an arrival_s", "leave one of the two empty")
    if neither.size:
        raise cells.at(int(neither[0]), "gap_s", "neither arrival_s nor gap_s says when it is sent", "give one of them")
    at_times = np.flatnonzero(~np.isnan(arrival))
    if clients and at_times.size:
        hint = "leave arrivals out: the trace says when sessions begin"
        raise cells.at(int(at_times[0]), "arrival_s", "stands in a trace whose sessions clients are to take", hint)
    waiting = first[np.isnan(arrival[first])]
    if not clients and waiting.size:
        hint = "give it an arrival_s, or give the class arrivals: {kind: closed_loop, clients: …}"
        raise cells.at(int(waiting.min()), "gap_s", "no answer comes before the first turn of a session", hint)


class _Cells:
    """The file's columns as text."""

    def __init__(self, path: Path):
        self._path = path
        text = opened(path).text
        if text is None:
            raise InputError("is Parquet; a trace of sessions is a CSV", file=str(path))
        header, *lines = text.splitlines()
        names = [name.strip() for name in header.split(",")]
        while lines and not lines[-1].strip():
            lines.pop()
        missing = [name for name in NEEDED if name not in names]
        missing += ["arrival_s"] if not set(TIMES) & set(names) else []
        if missing:
            hint = f"{nearest(missing[0], names)} a trace of format 'sessions' needs {', '.join(NEEDED)}".strip()
            hint += ", and arrival_s or gap_s or both"
            problem = f"no column {missing[0]!r}; the file has: {', '.join(names)[:200]}"
            raise InputError(problem, hint, file=str(path), line=1)
        if not lines:
            raise InputError("the trace has a header and no rows", file=str(path), line=1)
        for number, commas in enumerate([line.count(",") for line in lines]):
            if commas + 1 != len(names):
                raise InputError(f"{commas + 1} cells for {len(names)} columns", file=str(path), line=number + 2)
        cells = ",".join(lines).split(",")  # one list: a list a row takes three times as long
        self._columns = {name: cells[place :: len(names)] for place, name in enumerate(names)}
        self._rows = len(lines)

    def of(self, name: str) -> list[str]:
        return self._columns[name]

    def whole(self, name: str, least: int, most: int) -> np.ndarray:
        """A column of whole numbers."""
        try:
            values = np.fromiter(map(int, self.of(name)), np.int64, self._rows)
        except (ValueError, OverflowError):
            values = np.array([_or_nan(int, cell) for cell in self.of(name)])
        return self._checked(
            name, values, (values >= least) & (values <= most), f"a whole number from {least:,} to {most:,}"
        )

    def seconds(self, name: str) -> np.ndarray:
        """A column of times [s]; NaN where a cell is empty, or the file has no such column."""
        cells = self._columns.get(name, [""] * self._rows)
        filled = np.array([bool(cell and not cell.isspace()) for cell in cells])
        try:
            values = np.array([float(cell) if cell else math.nan for cell in cells])
        except ValueError:
            values = np.array([_or_nan(float, cell) for cell in cells])
        within = ~filled | ((values >= 0) & (values <= MOST_S))
        return self._checked(name, values, within, f"a number of seconds from 0 to {MOST_S:,.0f}")

    def at(self, row: int, name: str, problem: str, hint: str = "") -> InputError:
        """An error about a row."""
        cells = self._columns.get(name)
        value = repr(cells[row][:60]) if cells else ""
        return InputError(problem, hint, name, value, str(self._path), row + 2)

    def _checked(self, name: str, values: np.ndarray, within: np.ndarray, needed: str) -> np.ndarray:
        bad = np.flatnonzero(~within)
        if bad.size:
            raise self.at(int(bad[0]), name, f"{needed} is needed")
        return values


def _or_nan(number: Callable[[str], float], cell: str) -> float:
    try:
        return number(cell)
    except (ValueError, OverflowError):
        return math.nan
