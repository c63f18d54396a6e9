"""Intervals of one run's figures, by batch means over its requests in the order of their sending."""

from __future__ import annotations

from typing import Any

import numpy as np

from infersim.metrics import latency
from infersim.metrics.batch_means import BATCHES, LEAST, batch_means
from infersim.metrics.quantile_interval import of_one_run
from infersim.metrics.run_length import times_as_long
from infersim.metrics.timeline import count_in_bins

LATENCIES = ("ttft_s", "tpot_s", "e2e_s", "queue_s")
QUANTILES = {"p50": 0.5, "p99": 0.99}
BINS = BATCHES[0] * LEAST
"""Completions are counted in so many equal parts of the span."""
WANTED = 0.05
"""The relative half width for which the run's length is told."""


def of_run(requests: dict[str, np.ndarray], frontend_s: float, span_s: tuple[float, float], why_none: str) -> Any:
    """The block `intervals` of a run's figures: 95%, of the figures as they stand there.

    Args:
        requests: columns of completed requests, in the order of their sending.
        frontend_s: by how much later clients see their tokens [s].
        span_s: begin and end of what the figures cover [s].
        why_none: why no figure has an interval; empty if some may.

    Returns:
        `method`; `batches` by path; `missing`: why a path has none; `times_as_long`: for ±5% of each mean; and the
        intervals by figure, `[low, high]` or None.
    """
    found = _Found(why_none)
    values = latency.latencies(_rows(requests, requests["arrival_s"] >= span_s[0]), frontend_s)
    tree: dict[str, Any] = {}
    for name in LATENCIES:
        series = values[name][~np.isnan(values[name])]
        tree[name] = {"mean": found.of_mean(f"{name}.mean", series)}
        tree[name] |= {of: found.of_quantile(f"{name}.{of}", series, share) for of, share in QUANTILES.items()}
    tree["throughput"] = {"requests_per_s": found.of_mean("throughput.requests_per_s", _rate(requests, span_s))}
    told = {"batches": found.batches, "missing": found.missing, "times_as_long": found.times}
    return {"method": "batch_means", **told, **tree}


class _Found:
    """What was found by path, and what was not."""

    def __init__(self, why_none: str):
        self._why_none = why_none
        self.batches: dict[str, int] = {}
        self.missing: dict[str, str] = {}
        self.times: dict[str, float] = {}

    def of_mean(self, path: str, series: np.ndarray) -> list[float] | None:
        """The interval of a mean, around the mean of all."""
        found = self._why_none or batch_means(series)
        if isinstance(found, str):
            self.missing[path] = found
            return None
        self.batches[path] = found.batches
        if found.mean:
            self.times[path] = times_as_long(found, WANTED)
        middle = float(series.mean())
        return [middle - found.half_width, middle + found.half_width]

    def of_quantile(self, path: str, series: np.ndarray, share: float) -> list[float] | None:
        """The interval of a quantile."""
        found = self._why_none or of_one_run(series, share)
        if isinstance(found, str):
            self.missing[path] = found
            return None
        interval, self.batches[path] = found
        return interval


def _rate(requests: dict[str, np.ndarray], span_s: tuple[float, float]) -> np.ndarray:
    """Completions a second in equal parts of the span; nothing of fewer than make batches."""
    begin_s, end_s = span_s
    since_s = requests["finish_s"] - begin_s
    since_s = since_s[since_s > 0.0]
    if since_s.size < BATCHES[-1] * LEAST:
        return np.zeros(0)
    width_s = (end_s - begin_s) / BINS
    return count_in_bins(since_s, width_s, BINS) / width_s


def _rows(columns: dict[str, np.ndarray], which: np.ndarray) -> dict[str, np.ndarray]:
    return columns if which.all() else {name: column[which] for name, column in columns.items()}
