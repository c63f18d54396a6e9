"""Recorded lengths and gaps as a model's tables: few points, each where the table so far is furthest off."""

from __future__ import annotations

import numpy as np

from infersim.spec.workload_model import Quantiles, Sizes

TOLERANCE, MOST_POINTS = 0.004, 110
"""A table is refined until its Kolmogorov-Smirnov distance is so small, or it has so many points."""
TAIL = 0.25
"""A table has points at this share from above, and at its powers."""
MOVED = 3
"""The tail beyond this power of it is moved to give the table its mean."""
MOST_STAMPS = 40
"""Of so few different values each is kept."""
MOST_SIZES = 100
CELLS = 10
"""Rows and columns of the copula."""


def quantiles(values: np.ndarray, whole: bool) -> Quantiles:
    """The quantile table of recorded values.

    Args:
        values: at least one, not negative.
        whole: they are whole numbers, and what is drawn is rounded: points then stand half-way between two of them.
    """
    seen, counts = np.unique(values, return_counts=True)
    upper = np.cumsum(counts) / len(values)
    lower = np.concatenate([[0.0], upper[:-1]])
    edges = seen + 0.5 if whole else seen.astype(float)
    if not whole and len(seen) <= MOST_STAMPS:
        return _steps(seen, lower, upper)
    points = {(0.0, float(seen[0] - 0.5 if whole else seen[0])), (1.0, float(edges[-1]))}
    for tail in TAIL ** np.arange(0.5, np.log2(len(values)) / 2 + 1, 0.5):  # the mean and the longest rest on the tail
        points |= _around(int(np.searchsorted(upper, 1 - tail)), upper, lower, edges, whole)
    while len(points) < MOST_POINTS:
        at, knots = _columns(points)
        off = np.abs(_share_below(edges, at, knots) - upper)
        worst = int(off.argmax())
        if off[worst] <= TOLERANCE:
            break
        before = len(points)
        points |= _around(worst, upper, lower, edges, whole)
        if len(points) == before:
            break
    at, knots = _columns(points)
    return Quantiles(at=tuple(np.round(at, 7).tolist()), values=tuple(map(_short, knots)))


def _steps(seen: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> Quantiles:
    """A table that holds nothing but the values seen: stamps of a coarse clock stay its multiples."""
    at = np.column_stack([lower, upper]).ravel()
    return Quantiles(at=tuple(np.round(at, 7).tolist()), values=tuple(map(_short, np.repeat(seen, 2))))


def with_mean(table: Quantiles, wanted: float) -> Quantiles:
    """The table with a given mean: its tail, where straight lines between few points are longest, is moved."""
    at, values = np.array(table.at), np.array(table.values)
    weights = (np.diff(at, prepend=0.0) + np.diff(at, append=1.0)) / 2
    tail = at >= 1 - TAIL**MOVED
    rest = float((weights * values)[~tail].sum())
    factor = (wanted - rest) / float((weights * values)[tail].sum())
    if abs(factor - 1) < 1e-5:
        return table
    moved = np.maximum.accumulate(np.where(tail, values * factor, values))
    return Quantiles(at=table.at, values=tuple(map(_short, moved)))


def sizes(counts: np.ndarray) -> Sizes:
    """How many requests come at one instant, as a table; of very many different numbers the nearest of some."""
    if len(np.unique(counts)) > MOST_SIZES:
        levels = np.unique(np.quantile(counts, (np.arange(MOST_SIZES) + 0.5) / MOST_SIZES, method="nearest"))
        counts = levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, counts)]
    values, times = np.unique(counts, return_counts=True)
    return Sizes(values=tuple(values.tolist()), counts=tuple(times.tolist()))


def joint(prompts: np.ndarray, outputs: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """The copula of two columns in cells of equal ranks; ties are broken at random, but always alike."""
    cells = np.zeros((CELLS, CELLS), dtype=np.int64)
    np.add.at(cells, (_ranks(prompts, 1), _ranks(outputs, 2)), 1)
    return tuple(tuple(row) for row in cells.tolist())


def _ranks(values: np.ndarray, seed: int) -> np.ndarray:
    order = np.lexsort((np.random.default_rng(seed).random(len(values)), values))
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.arange(len(values)) * CELLS // len(values)
    return ranks


def _around(which: int, upper: np.ndarray, lower: np.ndarray, edges: np.ndarray, whole: bool) -> set:
    """The points by which a table meets the recorded values at one of them; two where a jump is there."""
    points = {(float(upper[which]), float(edges[which]))}
    if upper[which] - lower[which] > TOLERANCE / 2:
        points.add((float(lower[which]), float(edges[which]) - whole))
    return points


def _columns(points: set[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(sorted(points))
    return table[:, 0], table[:, 1]


def _share_below(edges: np.ndarray, at: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """The table's distribution function at the edges, the upper side of its jumps."""
    left = np.clip(np.searchsorted(knots, edges, side="right") - 1, 0, len(knots) - 2)
    width = knots[left + 1] - knots[left]
    inside = np.where(width > 0, (edges - knots[left]) / np.where(width > 0, width, 1.0), 1.0)
    return at[left] + np.clip(inside, 0.0, 1.0) * (at[left + 1] - at[left])


def _short(value: float) -> float:
    return float(f"{value:.6g}")
