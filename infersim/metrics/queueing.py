"""Queue length over time, from the times at which requests entered and left the waiting list."""

from __future__ import annotations

import numpy as np


def waits(
    requests: dict[str, np.ndarray], requeues: tuple[np.ndarray, np.ndarray], end_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Every stay in the waiting list, first stays and returns after a preemption.

    Args:
        requests: columns of the requests that a replica took.
        requeues: evictions and re-admissions [s].
        end_s: when those leave that were not scheduled (again) [s].

    Returns:
        (enter_s, leave_s), stays of no length left out.
    """
    enter = np.concatenate([requests["arrival_s"], requeues[0]])
    leave = np.concatenate([requests["scheduled_s"], requeues[1]])
    leave = np.where(np.isnan(leave), end_s, leave)
    stayed = leave > enter
    return enter[stayed], leave[stayed]


def area_s(enter_s: np.ndarray, leave_s: np.ndarray, begin_s: float, end_s: float) -> float:
    """∫ of the number waiting over a window [request seconds]."""
    inside = np.minimum(leave_s, end_s) - np.maximum(enter_s, begin_s)
    return float(np.clip(inside, 0.0, None).sum())


def peak(enter_s: np.ndarray, leave_s: np.ndarray, begin_s: float, end_s: float) -> int:
    """Most requests waiting at a time within a window."""
    overlaps = (leave_s > begin_s) & (enter_s < end_s)
    enter, leave = np.sort(enter_s[overlaps]), np.sort(leave_s[overlaps])
    if not enter.size:
        return 0
    # Right after the i-th entry, all that left by then are gone.
    return int((np.arange(1, enter.size + 1) - np.searchsorted(leave, enter, side="right")).max())
