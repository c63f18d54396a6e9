"""Usage of a pool: what its steps add up to within the window that the figures cover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from infersim.metrics.pieces import (
    Columns,
    kv_tilt,
    lines_within,
    share_between,
    steps_begun,
    steps_ended,
    tilt_of,
    time_share,
    time_tilt,
)
from infersim.metrics.shapes import Shapes
from infersim.metrics.statistics import Histogram
from infersim.metrics.timeline import CHANNELS, Timeline, channel_values
from infersim.records import class_column

WORK = ("flops", "bytes", "joules")
Joules = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Energy of segments from their FLOPs, bytes and seconds [J]."""


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
        begin_s, end_s: the window; time, memory and work count by the part of a segment that lies inside, tokens by the
            steps that end inside [s].
        classes: traffic classes.
        joules: energy of segments while the devices are busy; None where it is not known.

    The window may be set later, as long as no segment was added that it would have cut.

    Attributes:
        timeline: all segments over time up to the window's end.
        itl: gaps between consecutive tokens, of steps that lie in the window [s].
        class_itl: the same by traffic class.
        sums: by channel of the timeline, plus `flops`, `bytes` and `joules`.
        peak_batch, peak_kv_blocks: greatest values of any step in the window.
        peak_w: highest mean power of a replica over any step in the window [W].
        shapes: the batches of all steps that lie in the window, be it in part.
    """

    def __init__(
        self, timing: Accounting, begin_s: float, end_s: float, classes: int = 1, joules: Joules | None = None
    ):
        self._timing, self.begin_s, self.end_s = timing, begin_s, end_s
        self._joules = joules
        self.timeline = Timeline()
        self.itl = Histogram()
        self.class_itl = [self.itl] if classes == 1 else [Histogram() for _ in range(classes)]
        self.sums = dict.fromkeys((*CHANNELS, *WORK), 0.0)
        self.peak_batch = self.peak_kv_blocks = 0
        self.peak_w = 0.0
        self.shapes = Shapes()
        self._outside: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, columns: Columns) -> None:
        """Take a chunk of segments (`records.SEGMENT_COLUMNS`)."""
        if columns["end_s"].max() > self.end_s:
            begun = columns["start_s"] < self.end_s
            if not begun.any():
                return
            columns = {name: column[begun] for name, column in columns.items()}
        start, end = columns["start_s"], np.minimum(columns["end_s"], self.end_s)
        whole = channel_values(columns) | self._work(columns, columns["end_s"] - columns["start_s"])
        values = self._within(columns, whole, 0.0)
        self.timeline.add(start, end, {name: values[name] for name in CHANNELS}, kv_tilt(columns))
        if start.min() < self.begin_s:
            values = self._within(columns, whole, self.begin_s)
            counted = end > self.begin_s
            if not counted.any():
                return
            columns, whole = ({name: column[counted] for name, column in each.items()} for each in (columns, whole))
        for name, value in values.items():
            self.sums[name] += float(value.sum())
        self.shapes.add(columns)
        self._note_peaks(columns)
        self._note_gaps(columns)
        if self._joules is not None:
            self._note_power(columns, whole, self._joules)

    def end_at(self, end_s: float) -> None:
        """Set the window's end [s]."""
        self.end_s = end_s

    def _work(self, columns: Columns, busy_s: np.ndarray) -> Columns:
        """FLOPs, bytes and joules of segments that last so long."""
        flops, moved = self._timing.work(columns)
        joules = np.zeros_like(busy_s) if self._joules is None else self._joules(flops, moved, busy_s)
        return dict(zip(WORK, (flops, moved, joules), strict=True))

    def _ends(self, columns: Columns) -> tuple[Columns, Columns]:
        """The work of each segment's first step, and of its last."""
        steps, context, first_s = columns["steps"], columns["decode_context_tokens"], columns["first_s"]
        one = columns | {"steps": np.ones_like(steps)}
        last = one | {"decode_context_tokens": context + (steps - 1) * columns["decode_seqs"]}
        return self._work(one, first_s), self._work(last, first_s + (steps - 1) * columns["slope_s"])

    def _within(self, columns: Columns, values: Columns, begin_s: float) -> Columns:
        """What of the segments' values lies between a time and the window's end; a token lies at its step's end."""
        if columns["start_s"].min() >= begin_s and columns["end_s"].max() <= self.end_s:
            return values
        steps = steps_ended(columns, self.end_s) - steps_ended(columns, begin_s)
        enter, leave = (steps_begun(columns, at_s) / columns["steps"] for at_s in (begin_s, self.end_s))
        in_time = time_share(columns, self.end_s) - time_share(columns, begin_s)
        tilts = self._work_tilts(columns, values)
        return {
            "busy_s": values["busy_s"] * in_time,
            "steps": steps,
            "output_tokens": steps * columns["sampled_seqs"],
            "batch_seq_s": values["batch_seq_s"] * in_time,
            "kv_block_s": values["kv_block_s"] * share_between(enter, leave, kv_tilt(columns), time_tilt(columns)),
            **{name: values[name] * share_between(enter, leave, tilts[name]) for name in WORK},
        }

    def _work_tilts(self, columns: Columns, values: Columns) -> Columns:
        """The tilts of the segments' work, from that of their first and last steps."""
        first, last = self._ends(columns)
        return {name: tilt_of(first[name], last[name], values[name], columns["steps"]) for name in WORK}

    @property
    def outside_fit(self) -> list[dict[str, Any]]:
        """Every curve that was taken outside the range of its fit, with the range seen."""
        return list(self._outside.values())

    def add_pauses(
        self, begin_s: np.ndarray, pauses_s: np.ndarray, traffic_class: np.ndarray, seqs: np.ndarray
    ) -> None:
        """Take the gaps between tokens that are longer than a step: begin [s], length [s], class, how many requests."""
        counted = begin_s >= self.begin_s
        pauses_s, traffic_class, seqs = pauses_s[counted], traffic_class[counted], seqs[counted]
        _add_all(self.itl, pauses_s, seqs)
        if len(self.class_itl) > 1:
            for number, histogram in enumerate(self.class_itl):
                of_class = traffic_class == number
                _add_all(histogram, pauses_s[of_class], seqs[of_class])

    def _note_peaks(self, columns: Columns) -> None:
        batch = columns["decode_seqs"] + columns["prefill_chunks"]
        self.peak_batch = max(self.peak_batch, int(batch.max()))
        self.peak_kv_blocks = max(self.peak_kv_blocks, int(columns["kv_last_blocks"].max()))
        for entry in self._timing.outside_fit(columns):
            key = (entry["curve"], entry["argument"])
            low, high = self._outside.get(key, entry)["seen"]
            self._outside[key] = entry | {"seen": (min(low, entry["seen"][0]), max(high, entry["seen"][1]))}

    def _note_power(self, columns: Columns, whole: Columns, joules: Joules) -> None:
        several = columns["steps"] > 1
        alone = ~several
        if alone.any():
            self.peak_w = max(self.peak_w, float((whole["joules"][alone] / columns["first_s"][alone]).max()))
        if not several.any():
            return
        # work and duration of a stretch's steps grow along lines, so power has its extremes at the ends
        columns = {name: column[several] for name, column in columns.items()}
        steps, first_s = columns["steps"], columns["first_s"]
        first = self._timing.work(columns | {"steps": np.ones_like(steps)})
        flops, moved = (2.0 * whole[name][several] / steps for name in ("flops", "bytes"))
        last = (flops - first[0], moved - first[1])
        last_s = first_s + (steps - 1) * columns["slope_s"]
        for work, step_s in ((first, first_s), (last, last_s)):
            self.peak_w = max(self.peak_w, float((joules(work[0], work[1], step_s) / step_s).max()))

    def _note_gaps(self, columns: Columns) -> None:
        lines = lines_within(columns, self.begin_s, self.end_s)
        self._add_gaps(self.itl, lines, columns["paced_seqs"])
        if len(self.class_itl) > 1:
            for number, histogram in enumerate(self.class_itl):
                self._add_gaps(histogram, lines, columns[class_column(number)])

    @staticmethod
    def _add_gaps(histogram: Histogram, lines: tuple[np.ndarray, ...], seqs: np.ndarray) -> None:
        paced = (seqs > 0) & (lines[2] > 0)
        first, slope, steps = (line[paced] for line in lines)
        histogram.add_lines(first, slope, steps, seqs[paced])


def _add_all(histogram: Histogram, gaps_s: np.ndarray, seqs: np.ndarray) -> None:
    histogram.add_lines(gaps_s, np.zeros_like(gaps_s), np.ones_like(gaps_s), seqs)
