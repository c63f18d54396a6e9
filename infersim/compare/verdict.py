"""From many differences to plain words: Holm's correction, and whether that is better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infersim.compare.paired import Difference
from infersim.metrics.naming import better

LEVEL = 0.05
"""Chance that any of all differences shown is called one though there is none."""

UNTOLD, NO_VALUE, GROWS = "not told apart", "no value", "queue grows"
SILENT = (UNTOLD, NO_VALUE, GROWS)
"""Verdicts that tell no difference."""


def holm(chances: Sequence[float]) -> list[float]:
    """p-values corrected for their number.

    Each is at most `LEVEL` only where the chance to call any wrongly is, whatever ties the figures together.

    Args:
        chances: p of each difference by itself.

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6, 1979.
    """
    order = np.argsort(chances, kind="stable")
    left = np.arange(len(chances), 0, -1)
    corrected = np.minimum(np.maximum.accumulate(np.asarray(chances, dtype=float)[order] * left), 1.0)
    found = np.empty(len(chances))
    found[order] = corrected
    return found.tolist()


def verdict(figure: str, difference: Difference, corrected: float) -> str:
    """What a difference says of the second system: `better`, `worse`, `higher`, `lower`, `not told apart`, `the same`.

    Args:
        figure: its path.
        difference: second − first.
        corrected: its p after `holm`.
    """
    if difference.pairs > 1 and difference.mean == 0.0 == difference.half_width:
        return "the same"
    if corrected > LEVEL:
        return UNTOLD
    way = "higher" if difference.mean > 0.0 else "lower"
    good = better(figure)
    return way if good is None else "better" if way == good else "worse"
