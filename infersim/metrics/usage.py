"""Usage of a pool: what its steps add up to within the window that the figures cover."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from infersim.metrics.statistics import Histogram
from infersim.metrics.timeline import CHANNELS, Timeline, channel_values

Work = Callable[[dict[str, np.ndarray]], tuple[np.ndarray, np.ndarray]]


class Usage:
    """Adds up segments as they come.

    Args:
        work: FLOPs and bytes of segments (`TimingModel.work`).
        begin_s, end_s: the window; a segment counts by the share of it that lies inside [s].

    Attributes:
        timeline: all segments over time, whatever the window.
        itl: gaps between consecutive tokens, of steps that begin in the window [s].
        sums: by channel of the timeline, plus `flops` and `bytes`.
        peak_batch, peak_kv_blocks: greatest values of any step in the window.
        largest_step_tokens, largest_step_seqs: greatest step seen, to hold against fit ranges.
    """

    def __init__(self, work: Work, begin_s: float, end_s: float):
        self._work, self._begin_s, self._end_s = work, begin_s, end_s
        self.timeline = Timeline()
        self.itl = Histogram()
        self.sums = dict.fromkeys((*CHANNELS, "flops", "bytes"), 0.0)
        self.peak_batch = self.peak_kv_blocks = 0
        self.largest_step_tokens = self.largest_step_seqs = 0

    def add(self, columns: dict[str, np.ndarray]) -> None:
        """Take a chunk of segments (`records.SEGMENT_COLUMNS`)."""
        self.timeline.add(columns)
        start, end = columns["start_s"], columns["end_s"]
        duration = end - start
        values = channel_values(columns, duration)
        values["flops"], values["bytes"] = self._work(columns)
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

    def add_pauses(self, pauses_s: np.ndarray) -> None:
        """Take the gaps between tokens that preemptions made [s]."""
        if pauses_s.size:
            one = np.ones_like(pauses_s)
            self.itl.add_lines(pauses_s, np.zeros_like(pauses_s), one, one)

    def _note_peaks(self, columns: dict[str, np.ndarray]) -> None:
        batch = columns["decode_seqs"] + columns["prefill_chunks"]
        self.peak_batch = max(self.peak_batch, int(batch.max()))
        self.peak_kv_blocks = max(self.peak_kv_blocks, int(columns["kv_last_blocks"].max()))
        tokens = columns["decode_seqs"] + columns["prefill_tokens"]
        self.largest_step_tokens = max(self.largest_step_tokens, int(tokens.max()))
        self.largest_step_seqs = max(self.largest_step_seqs, int(columns["decode_seqs"].max()))

    def _note_gaps(self, columns: dict[str, np.ndarray]) -> None:
        decoding = (columns["decode_seqs"] > 0) & (columns["start_s"] >= self._begin_s)
        names = ("first_s", "slope_s", "steps", "decode_seqs")
        self.itl.add_lines(*(columns[name][decoding] for name in names))
