"""Turns of sessions written as lists, for tests."""

from __future__ import annotations

import numpy as np

from infersim.workload.turns import SessionTraffic, Turns


def turns_of(*sessions, first: int = 0) -> Turns:
    """Sessions as lists of (gap, prompt, output) or (gap, prompt, output, reasoning)."""
    counts = [len(session) for session in sessions]
    rows = [(*turn, 0)[:4] for session in sessions for turn in session]
    gap, prompt, output, reasoning = (np.array(column) for column in zip(*rows, strict=True))
    nothing = np.zeros(len(rows), dtype=np.int64)
    number = np.repeat(np.arange(first, first + len(sessions)), counts)
    turn = np.concatenate([np.arange(count) for count in counts])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return Turns(starts, number, turn, gap.astype(float), prompt, output, reasoning, nothing, nothing, nothing)


def begun_at(start_s, *sessions, number: int = 0, **options) -> SessionTraffic:
    """Sessions that begin at times."""
    turns = turns_of(*sessions)
    return SessionTraffic(number, iter([turns]), np.array(start_s, dtype=float), total=len(turns), **options)


def taken_by(clients: int, *sessions, number: int = 0, think_s: float = 0.0, **options) -> SessionTraffic:
    """Sessions that clients take one after another."""
    turns = turns_of(*sessions)
    return SessionTraffic(number, iter([turns]), None, clients, think_s, total=len(turns), **options)
