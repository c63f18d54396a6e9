"""A row of the table of a study's results: what a point's runs say together."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from infersim.metrics.replicated import CONFIDENCE
from infersim.metrics.steady_state import is_overloaded
from infersim.runs.figures import GROWTH
from infersim.runs.store import Outcome

Table = Mapping[str, np.ndarray]
"""Columns by name: numbers as float64 (NaN: none), whole numbers as int64, the rest as objects (None: none)."""
_WORST = ("error", "refused", "does_not_fit")


@dataclass(frozen=True)
class Row:
    """A point's results.

    Attributes:
        status: ok, overload, does_not_fit, refused, error, budget or unfinished.
        reason: why, where it is not ok.
        replications: runs that the figures are means of.
        names: of the figures.
        figures: mean, low and high end of its 95% interval of each; NaN where there is none, as of an overload.
    """

    status: str
    reason: str = ""
    replications: int = 0
    names: tuple[str, ...] = ()
    figures: np.ndarray | None = None


def row_of(runs: Sequence[Outcome], missing: str = "") -> Row:
    """What a point's runs say together.

    Args:
        runs: its finished ones, by replication.
        missing: the status where not all that were asked for are there; empty where they are.
    """
    for status in _WORST:
        for run in runs:
            if run.status == status:
                return Row(status, run.reason)
    if not runs:
        return Row(missing)
    names = runs[0].names
    values = np.array([_values(run, names) for run in runs])
    mean, low, high = _intervals(values)
    status, reason = "ok", ""
    if is_overloaded([run.value(GROWTH) for run in runs]):
        status, reason = "overload", _why_overloaded(runs)
        low = high = np.full(mean.size, math.nan)
    elif gaps := _gaps(values, names):
        reason = gaps
    if missing and status == "overload":  # what is known by now outweighs what is missing
        reason = f"{reason}; replications are missing ({missing})"
    elif missing:
        status, reason = missing, reason or "replications are missing"
    return Row(status, reason, len(runs), names, np.array([mean, low, high]))


def _gaps(values: np.ndarray, names: tuple[str, ...]) -> str:
    """Which figures are means of fewer runs (rows) than the others, since some runs have none."""
    counts = (~np.isnan(values)).sum(axis=0)
    few = [f"{name} ({count})" for name, count in zip(names, counts.tolist(), strict=True) if 0 < count < len(values)]
    if not few:
        return ""
    return f"{len(few)} figures are means of fewer than {len(values)} replications: {', '.join(few[:3])}" + (
        ", …" if len(few) > 3 else ""
    )


def _why_overloaded(runs: Sequence[Outcome]) -> str:
    """The first run's own words, and how many have such; together runs show what none need show by itself."""
    told = [run.reason for run in runs if run.status == "overload"]
    if not told:
        return f"overload: arrivals outran service, as {len(runs)} replications show together"
    return told[0] if len(runs) == 1 else f"in {len(told)} of {len(runs)} replications, first: {told[0]}"


def _values(run: Outcome, names: tuple[str, ...]) -> np.ndarray:
    if run.names == names:
        return run.values
    found = dict(zip(run.names, run.values, strict=True))
    return np.array([found.get(name, math.nan) for name in names])


def _intervals(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means over replications (rows), and the ends of their intervals; NaN where fewer than two have a figure."""
    if len(values) == 1:
        nothing = np.full(values.shape[1], math.nan)
        return values[0], nothing, nothing
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = filled.sum(axis=0) / count
        spread = np.where(known, values - mean, 0.0)
        deviation = np.sqrt((spread * spread).sum(axis=0) / (count - 1))
        half = _t(tuple(count.tolist())) * deviation / np.sqrt(count)
    lowest, highest = np.where(known, values, math.inf).min(axis=0), np.where(known, values, -math.inf).max(axis=0)
    same = (lowest == highest) & (count > 0)
    mean, half = np.where(same, lowest, mean), np.where(same & (count > 1), 0.0, half)
    return mean, mean - half, mean + half


@functools.lru_cache(maxsize=1024)
def _t(counts: tuple[int, ...]) -> np.ndarray:
    """Student's t for so many values each; NaN for fewer than two."""
    from scipy.special import stdtrit

    found = np.array(counts, dtype=float)
    return np.where(found > 1, stdtrit(np.maximum(found - 1, 1), 0.5 + CONFIDENCE / 2), math.nan)
