"""Usage of a pool: what its steps add up to within the window that the figures cover."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from infersim.metrics.statistics import Histogram
from infersim.metrics.timeline import CHANNELS, Timeline, channel_values
from infersim.records import class_column

Columns = dict[str, np.ndarray]


class Accounting(Protocol):
    """What a timing model knows of segments beside their duration."""

    def work(self, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
        """FLOPs and bytes of each segment."""

    def outside_fit(self, columns: Columns) -> list[dict[str, Any]]:
        """Curves that the segments take outside the range of their fit: `curve`, `argument`, `range`, `seen`."""


class Usage:
    """Adds up segments as they come.

    Args:
        timing: FLOPs, bytes and fit ranges of segments.
        begin_s, end_s: the window; a segment counts by the share of it that lies inside [s].
        classes: traffic classes.

    Attributes:
        timeline: all segments over time, whatever the window.
        itl: gaps between consecutive tokens, of steps that begin in the window [s].
        class_itl: the same by traffic class.
        sums: by channel of the timeline, plus `flops` and `bytes`.
        peak_batch, peak_kv_blocks: greatest values of any step in the window.
    """

    def __init__(self, timing: Accounting, begin_s: float, end_s: float, classes: int = 1):
        self._timing, self._begin_s, self._end_s = timing, begin_s, end_s
        self.timeline = Timeline()
        self.itl = Histogram()
        self.class_itl = [self.itl] if classes == 1 else [Histogram() for _ in range(classes)]
        self.sums = dict.fromkeys((*CHANNELS, "flops", "bytes"), 0.0)
        self.peak_batch = self.peak_kv_blocks = 0
        self._outside: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, columns: Columns) -> None:
        """Take a chunk of segments (`records.SEGMENT_COLUMNS`)."""
        self.timeline.add(columns)
        start, end = columns["start_s"], columns["end_s"]
        duration = end - start
        values = channel_values(columns, duration)
        values["flops"], values["bytes"] = self._timing.work(columns)
        if start.min() < self._begin_s or end.max() > self._end_s:
            inside = np.minimum(end, self._end_s) - np.maximum(start, self._begin_s)
            share = np.clip(inside, 0.0, None) / duration
            values = {name: value * share for name, value in values.items()}
            counted = share > 0
            columns = {name: column[counted] for name, column in columns.items()}
            if not counted.any():
                return
        for name, value in values.items():
            self.sums[name] += float(value.sum())
        self._note_peaks(columns)
        self._note_gaps(columns)

    @property
    def outside_fit(self) -> list[dict[str, Any]]:
        """Every curve that was taken outside the range of its fit, with the range seen."""
        return list(self._outside.values())

    def add_pauses(self, begin_s: np.ndarray, pauses_s: np.ndarray, traffic_class: np.ndarray) -> None:
        """Take the gaps between tokens that preemptions made: begin [s], length [s], class."""
        counted = begin_s >= self._begin_s
        pauses_s, traffic_class = pauses_s[counted], traffic_class[counted]
        _add_all(self.itl, pauses_s)
        if len(self.class_itl) > 1:
            for number, histogram in enumerate(self.class_itl):
                _add_all(histogram, pauses_s[traffic_class == number])

    def _note_peaks(self, columns: Columns) -> None:
        batch = columns["decode_seqs"] + columns["prefill_chunks"]
        self.peak_batch = max(self.peak_batch, int(batch.max()))
        self.peak_kv_blocks = max(self.peak_kv_blocks, int(columns["kv_last_blocks"].max()))
        for entry in self._timing.outside_fit(columns):
            key = (entry["curve"], entry["argument"])
            low, high = self._outside.get(key, entry)["seen"]
            self._outside[key] = entry | {"seen": (min(low, entry["seen"][0]), max(high, entry["seen"][1]))}

    def _note_gaps(self, columns: Columns) -> None:
        lines = _lines_from(self._begin_s, columns)
        self._add_gaps(self.itl, lines, columns["decode_seqs"])
        if len(self.class_itl) > 1:
            for number, histogram in enumerate(self.class_itl):
                self._add_gaps(histogram, lines, columns[class_column(number)])

    @staticmethod
    def _add_gaps(histogram: Histogram, lines: tuple[np.ndarray, ...], seqs: np.ndarray) -> None:
        decoding = (seqs > 0) & (lines[2] > 0)
        first, slope, steps = (line[decoding] for line in lines)
        histogram.add_lines(first, slope, steps, seqs[decoding])


def _lines_from(begin_s: float, columns: Columns) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Step durations as (first, slope, steps), without the steps that begin before a time."""
    first, slope, steps = (columns[name] for name in ("first_s", "slope_s", "steps"))
    late = np.maximum(begin_s - columns["start_s"], 0.0)
    if not late.any():
        return first, slope, steps
    # Step j begins after first·j + slope·j·(j-1)/2: the smallest j for which that is no less than `late`.
    half = first - 0.5 * slope
    crossing = 2.0 * late / (half + np.sqrt(half * half + 2.0 * slope * late))
    skipped = np.minimum(np.ceil(crossing - 1e-9), steps)
    return first + slope * skipped, slope, steps - skipped


def _add_all(histogram: Histogram, gaps_s: np.ndarray) -> None:
    one = np.ones_like(gaps_s)
    histogram.add_lines(gaps_s, np.zeros_like(gaps_s), one, one)
