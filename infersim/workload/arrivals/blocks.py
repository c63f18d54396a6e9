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
    columns = gathered_columns((((times,), end_s) for times, end_s in blocks), limit, until_s)
    return columns[0] if columns else np.zeros(0)


def gathered_columns(
    blocks: Iterable[tuple[tuple[np.ndarray, ...], float]], limit: int | None, until_s: float | None
) -> tuple[np.ndarray, ...]:
    """As `gathered`, of blocks that have further columns beside the times, which come first."""
    parts: list[tuple[np.ndarray, ...]] = []
    count = 0
    for columns, end_s in blocks:
        inside = columns[0].size if until_s is None else int(np.searchsorted(columns[0], until_s))
        parts.append(tuple(column[:inside] for column in columns))
        count += inside
        if (limit is not None and count >= limit) or (until_s is not None and end_s >= until_s):
            break
    return tuple(np.concatenate(column)[:limit] for column in zip(*parts, strict=True))
