"""Segments held until the window of the figures is known, in as few bytes as they need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from infersim.metrics.pieces import Columns

_WHOLE = (np.uint8, np.uint16, np.uint32)


class Held:
    """Keeps chunks of segments and hands them on, unchanged and in their order."""

    def __init__(self) -> None:
        self._chunks: list[Columns] = []

    def add(self, columns: Columns) -> None:
        """Keep a chunk."""
        self._chunks.append({name: _compact(values) for name, values in columns.items()})

    def replay(self, consume: Callable[[Columns], None]) -> None:
        """Hand all chunks on and forget them."""
        chunks, self._chunks = self._chunks[::-1], []
        while chunks:
            consume({name: values.astype(float) for name, values in chunks.pop().items()})


def _compact(values: np.ndarray) -> np.ndarray:
    """The values in the smallest type that holds them exactly."""
    low, high = values.min(), values.max()
    for kind in _WHOLE:
        if low >= 0 and high <= np.iinfo(kind).max:
            whole = values.astype(kind)
            return whole if (whole == values).all() else values
    return values
