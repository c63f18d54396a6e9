"""Pieces of segments: what of a segment lies before a time, and what a piece of it adds up to.

A segment is a step, or a stretch of decode steps that each last a little longer and read a little more than the one
before, so that what it adds up to grows linearly along it.
"""

from __future__ import annotations

import numpy as np

Columns = dict[str, np.ndarray]


def time_share(columns: Columns, at_s: float) -> np.ndarray:
    """Which share of each segment's time lies before a time (0 … 1)."""
    start, end = columns["start_s"], columns["end_s"]
    return np.clip(at_s - start, 0.0, end - start) / (end - start)


def steps_begun(columns: Columns, at_s: float) -> np.ndarray:
    """How many steps of each segment have begun before a time, the one under way by its part (0 … steps)."""
    # step j (from 0) begins first·j + slope·j·(j-1)/2 after the segment does
    first, slope = columns["first_s"], columns["slope_s"]
    since = np.clip(at_s - columns["start_s"], 0.0, columns["end_s"] - columns["start_s"])
    half = first - 0.5 * slope
    return 2.0 * since / (half + np.sqrt(half * half + 2.0 * slope * since))


def steps_ended(columns: Columns, at_s: float) -> np.ndarray:
    """How many steps of each segment end at or before a time."""
    steps = columns["steps"]
    whole = np.floor(steps_begun(columns, at_s) + 1e-9)
    return np.where(columns["end_s"] <= at_s, steps, np.minimum(whole, steps - 1))


def lines_within(columns: Columns, begin_s: float, end_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Durations, as (first, slope, steps), of the steps that begin at or after one time and end by another."""
    first, slope, steps = (columns[name] for name in ("first_s", "slope_s", "steps"))
    if columns["start_s"].min() >= begin_s and columns["end_s"].max() <= end_s:
        return first, slope, steps
    skipped = np.minimum(np.ceil(steps_begun(columns, begin_s) - 1e-9), steps)
    return first + slope * skipped, slope, np.maximum(steps_ended(columns, end_s) - skipped, 0)


def tilt_of(first: np.ndarray, last: np.ndarray, total: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The slope of a line along each segment: its density goes from 1 - tilt to 1 + tilt times the mean.

    Args:
        first, last: what the first and the last step add.
        total: what all steps add.
        steps: their number; a single step is level.
    """
    # the middles of the first and last step lie steps - 1 steps apart, the ends of the line `steps`
    safe = np.where(total > 0, total, 1.0) * np.maximum(steps - 1, 1)
    return np.where(total > 0, 0.5 * (last - first) * steps * steps / safe, 0.0)


def kv_tilt(columns: Columns) -> np.ndarray:
    """The tilt of the blocks held."""
    return tilt_of(*(columns[name] for name in ("kv_first_blocks", "kv_last_blocks", "kv_block_steps", "steps")))


def time_tilt(columns: Columns) -> np.ndarray:
    """The tilt of the steps' durations."""
    steps = columns["steps"]
    return 0.5 * columns["slope_s"] * steps * steps / (columns["end_s"] - columns["start_s"])


def held_s(columns: Columns) -> np.ndarray:
    """Blocks held, integrated over each segment's time [block seconds]: later steps hold more, and last longer."""
    steps = columns["steps"]
    mean_s = columns["kv_block_steps"] / steps * (columns["end_s"] - columns["start_s"])
    return mean_s * (1.0 + kv_tilt(columns) * time_tilt(columns) * (1.0 - 1.0 / (steps * steps)) / 3.0)


def share_between(
    begin: np.ndarray, end: np.ndarray, one: np.ndarray | float = 0.0, other: np.ndarray | float = 0.0
) -> np.ndarray:
    """Which share of something lies between two shares of the way.

    Args:
        begin, end: of the way (0 … 1).
        one, other: tilts; the thing is spread as the product of two lines with them.
    """
    low, high = 2.0 * begin - 1.0, 2.0 * end - 1.0
    level, square = (high - low) / 2.0, (high * high - low * low) / 4.0
    cube = (high * high * high - low * low * low) / 6.0
    return (level + (one + other) * square + one * other * cube) / (1.0 + one * other / 3.0)
