"""Quantiles of mixtures, found between the whole numbers of a grid: all of them up to 131,072, then 0.1% apart."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from infersim.spec.lengths import Mixture, Simple
from infersim.workload.lengths.shares import share_up_to
from infersim.workload.lengths.simple import MOST, simple_quantile

DENSE, APART = 2**17, 1.001

Parts = tuple[tuple[float, Simple], ...]


def invert(spec: Mixture, shares: np.ndarray) -> np.ndarray:
    """The least whole number up to which there is at least that share of the mixture.

    Args:
        spec: the mixture.
        shares: above 0, and at most `MOST`.
    """
    parts, grid, reached = _table(spec)
    place = np.searchsorted(reached, shares)
    low, high = np.append(0, grid)[place], grid[place]  # the answer is above low, and high at most
    wide = np.flatnonzero(high - low > 1)
    while wide.size:
        middle = (low[wide] + high[wide]) // 2
        enough = _share(parts, middle) >= shares[wide]
        high[wide[enough]], low[wide[~enough]] = middle[enough], middle[~enough]
        wide = wide[high[wide] - low[wide] > 1]
    return high


@lru_cache(maxsize=4)
def _table(spec: Mixture) -> tuple[Parts, np.ndarray, np.ndarray]:
    """Components by their shares, the numbers of the grid, and the share of the mixture up to each of them."""
    weights = spec.weights or (1.0,) * len(spec.components)
    whole = sum(weights)
    parts = tuple((weight / whole, part) for weight, part in zip(weights, spec.components, strict=True) if weight)
    grid = _grid(max(simple_quantile(part, np.array(MOST)).item() for _, part in parts))
    return parts, grid, np.append(_share(parts, grid[:-1]), 1.0)


def _grid(most: int) -> np.ndarray:
    """Whole numbers from 1 to `most`."""
    dense = np.arange(1, min(most, DENSE) + 1)
    if most <= DENSE:
        return dense
    steps = math.ceil(math.log(most / DENSE) / math.log(APART)) + 1
    return np.unique(np.concatenate([dense, np.rint(np.geomspace(DENSE, most, steps)).astype(np.int64), [most]]))


def _share(parts: Parts, lengths: np.ndarray) -> np.ndarray:
    """Share of the mixture up to given lengths."""
    return sum((weight * share_up_to(part, lengths) for weight, part in parts), np.zeros(lengths.shape))
