"""Whole prompts that repeat: of so many different ones in turn."""

from __future__ import annotations

import numpy as np


class Repeating:
    """Lengths of prompts that repeat, over one draw after another.

    Args:
        distinct: different prompts; the k-th request has prompt k modulo this.
    """

    def __init__(self, distinct: int):
        self._distinct = distinct
        self._lengths = np.zeros(0, dtype=np.int64)
        self._next = 0

    def lengths(self, drawn: np.ndarray) -> np.ndarray:
        """The lengths of the next requests, from as many drawn ones: the first `distinct` of all are the prompts'."""
        lacking = self._distinct - len(self._lengths)
        self._lengths = np.concatenate([self._lengths, drawn[:lacking]]) if lacking > 0 else self._lengths
        which = np.arange(self._next, self._next + len(drawn)) % self._distinct
        self._next += len(drawn)
        return self._lengths[which]
