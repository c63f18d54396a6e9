"""Usage of a pool: what its steps add up to within the window that the figures cover."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from infersim.metrics.statistics import Histogram
from infersim.metrics.timeline import CHANNELS, Timeline, channel_values
from infersim.records import class_column

Columns = dict[str, np.ndarray]
WORK = ("flops", "bytes")


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
        begin_s, end_s: the window; time counts by the share of a segment that lies inside, tokens by the steps that
            end inside [s].
        classes: traffic classes.

    Attributes:
        timeline: all segments over time up to the window's end.
        itl: gaps between consecutive tokens, of steps that lie in the window [s].
        class_itl: the same by traffic class.
        sums: by channel of the timeline, plus `flops` and `bytes`.
        peak_batch, peak_kv_blocks: greatest values of any step in the window.
    """

    def __init__(self, timing: Accounting, begin_s: float, end_s: float, classes: int = 1):
        self._timing, self._begin_s, self._end_s = timing, begin_s, end_s
        self.timeline = Timeline()
        self.itl = Histogram()
        self.class_itl = [self.itl] if classes == 1 else [Histogram() for _ in range(classes)]
        self.sums = dict.fromkeys((*CHANNELS, *WORK), 0.0)
        self.peak_batch = self.peak_kv_blocks = 0
        self._outside: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, columns: Columns) -> None:
        """Take a chunk of segments (`records.SEGMENT_COLUMNS`)."""
        start, end = columns["start_s"], columns["end_s"]
        duration = end - start
        work = dict(zip(WORK, self._timing.work(columns), strict=True))
        values = channel_values(columns, duration) | work
        if end.max() > self._end_s:
            values = _cut(columns, values, np.minimum(end, self._end_s) - start, steps_ended(columns, self._end_s))
        self.timeline.add(start, np.minimum(end, self._end_s), {name: values[name] for name in CHANNELS})
        if start.min() < self._begin_s or end.max() > self._end_s:
            inside = np.minimum(end, self._end_s) - np.maximum(start, self._begin_s)
            steps = values["steps"] - steps_ended(columns, self._begin_s)
            values = _cut(columns, channel_values(columns, duration) | work, inside, steps)
            counted = inside > 0
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
        lines = _lines_within(self._begin_s, self._end_s, columns)
        self._add_gaps(self.itl, lines, columns["decode_seqs"])
        if len(self.class_itl) > 1:
            for number, histogram in enumerate(self.class_itl):
                self._add_gaps(histogram, lines, columns[class_column(number)])

    @staticmethod
    def _add_gaps(histogram: Histogram, lines: tuple[np.ndarray, ...], seqs: np.ndarray) -> None:
        decoding = (seqs > 0) & (lines[2] > 0)
        first, slope, steps = (line[decoding] for line in lines)
        histogram.add_lines(first, slope, steps, seqs[decoding])


def _cut(columns: Columns, values: Columns, inside_s: np.ndarray, steps: np.ndarray) -> Columns:
    """Values of segments of which `inside_s` seconds and the ends of `steps` steps count.

    Time, work and memory go by the share of time; a token is sampled at the end of its step.
    """
    share = np.clip(inside_s, 0.0, None) / (columns["end_s"] - columns["start_s"])
    counted = {"steps": steps, "output_tokens": steps * columns["sampled_seqs"]}
    return {name: counted.get(name, value * share) for name, value in values.items()}


def steps_ended(columns: Columns, at_s: float) -> np.ndarray:
    """How many steps of each segment end at or before a time."""
    steps = columns["steps"]
    return np.where(columns["end_s"] <= at_s, steps, np.minimum(np.floor(_crossing(columns, at_s) + 1e-9), steps - 1))


def _crossing(columns: Columns, at_s: float) -> np.ndarray:
    """Which step of each segment, counted with its part, is under way at a time; 0 before it begins."""
    # step j (from 0) begins first·j + slope·j·(j-1)/2 after the segment does
    first, slope = columns["first_s"], columns["slope_s"]
    since = np.clip(at_s - columns["start_s"], 0.0, columns["end_s"] - columns["start_s"])
    half = first - 0.5 * slope
    return 2.0 * since / (half + np.sqrt(half * half + 2.0 * slope * since))


def _lines_within(begin_s: float, end_s: float, columns: Columns) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Durations, as (first, slope, steps), of the steps that begin at or after one time and end by another."""
    first, slope, steps = (columns[name] for name in ("first_s", "slope_s", "steps"))
    if columns["start_s"].min() >= begin_s and columns["end_s"].max() <= end_s:
        return first, slope, steps
    skipped = np.minimum(np.ceil(_crossing(columns, begin_s) - 1e-9), steps)
    return first + slope * skipped, slope, np.maximum(steps_ended(columns, end_s) - skipped, 0)


def _add_all(histogram: Histogram, gaps_s: np.ndarray) -> None:
    one = np.ones_like(gaps_s)
    histogram.add_lines(gaps_s, np.zeros_like(gaps_s), one, one)
