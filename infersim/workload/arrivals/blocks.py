"""Arrivals in blocks of time: generators make one after another, and none depends on where the run will end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

Block = tuple[np.ndarray, float]
"""Ascending times [s], and the end before which none is left out [s]."""
FIRST, LARGEST = 1024, 65536
"""About so many arrivals a block: little work for a short run; few enough to stay in memory, enough for numpy."""


def sizes() -> Iterator[int]:
    """About how many arrivals each block in turn should hold."""
    size = FIRST
    while True:
        yield size
        size = min(2 * size, LARGEST)


def gathered(blocks: Iterable[Block], limit: int | None, until_s: float | None) -> np.ndarray:
    """The first arrivals of a sequence of blocks.

    Args:
        blocks: one after another in time.
        limit, until_s: as for `times`.
    """
    parts: list[np.ndarray] = []
    count = 0
    for times, end_s in blocks:
        parts.append(times if until_s is None else times[: np.searchsorted(times, until_s)])
        count += parts[-1].size
        if (limit is not None and count >= limit) or (until_s is not None and end_s >= until_s):
            break
    return (np.concatenate(parts) if parts else np.zeros(0))[:limit]
