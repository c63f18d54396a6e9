"""Timeline: sums over a fixed number of equal time bins, whose width doubles as the run grows."""

from __future__ import annotations

import numpy as np

from infersim.metrics.pieces import held_s, share_between
from infersim.metrics.statistics import runs

BINS = 600
CHANNELS = ("busy_s", "steps", "output_tokens", "batch_seq_s", "kv_block_s")
"""Seconds in a step, steps, tokens sampled, ∫ requests scheduled dt, ∫ KV blocks held dt: summed over replicas."""


class Timeline:
    """Integrates segments into bins.

    Args:
        width_s: width of a bin at the start [s]; it doubles whenever a segment ends beyond the last bin.
    """

    def __init__(self, width_s: float = 1.0 / 64):
        self.width_s = width_s
        self.sums = {name: np.zeros(BINS) for name in CHANNELS}

    def add(self, start: np.ndarray, end: np.ndarray, values: dict[str, np.ndarray], kv_tilt: np.ndarray) -> None:
        """Take a chunk of segments, each spread over its time: blocks as they grow, the rest evenly.

        Args:
            start, end: of each segment [s].
            values: what each adds to each channel.
            kv_tilt: `pieces.kv_tilt` of each.
        """
        self._reach(float(end.max()))
        first = (start / self.width_s).astype(np.int64)
        last = np.minimum((end / self.width_s).astype(np.int64), BINS - 1)
        duration = end - start
        if (first == last).all():
            bins = first
        else:
            bins, owner = runs(first, last - first + 1)
            enter, leave = (
                np.clip((edge * self.width_s - start[owner]) / duration[owner], 0.0, 1.0) for edge in (bins, bins + 1)
            )
            shares = {"kv_block_s": share_between(enter, leave, kv_tilt[owner])}
            values = {name: value[owner] * shares.get(name, leave - enter) for name, value in values.items()}
        for name, value in values.items():
            self.sums[name] += np.bincount(bins, value, BINS)

    def _reach(self, end_s: float) -> None:
        while end_s >= self.width_s * BINS:
            self.width_s *= 2
            for name, sums in self.sums.items():
                folded = sums.reshape(-1, 2).sum(axis=1)
                self.sums[name] = np.concatenate([folded, np.zeros(BINS - len(folded))])


def channel_values(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What each segment adds to each channel."""
    duration = columns["end_s"] - columns["start_s"]
    return {
        "busy_s": duration,
        "steps": columns["steps"],
        "output_tokens": columns["steps"] * columns["sampled_seqs"],
        "batch_seq_s": (columns["decode_seqs"] + columns["prefill_chunks"]) * duration,
        "kv_block_s": held_s(columns),
    }


def count_in_bins(times_s: np.ndarray, width_s: float, bins: int) -> np.ndarray:
    """Events in each bin, from their times [s]; the last bin's end is its own, and what lies beyond is left out."""
    inside = times_s[times_s <= bins * width_s]
    return np.bincount(np.minimum((inside / width_s).astype(np.int64), bins - 1), minlength=bins)


def occupancy(enter_s: np.ndarray, leave_s: np.ndarray, width_s: float, bins: int) -> np.ndarray:
    """Mean number present in each bin, from times of entering and leaving [s]."""
    edges = np.arange(bins + 1) * width_s
    return np.diff(_area(enter_s, edges) - _area(leave_s, edges)) / width_s


def _area(times_s: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """∫ of the number of times at or before t, up to each edge."""
    ordered = np.sort(times_s)
    before = np.searchsorted(ordered, edges, side="right")
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    return before * edges - sums[before]
