"""The quantile function of every kind of length."""

from __future__ import annotations

import numpy as np

from infersim.spec.lengths import Length, Mixture
from infersim.workload.lengths import mixture
from infersim.workload.lengths.simple import LEAST, MOST, simple_quantile


def quantile(spec: Length, shares: np.ndarray) -> np.ndarray:
    """The least length that a given share of all does not exceed.

    Args:
        spec: the distribution.
        shares: 0 … 1, any shape.

    Returns:
        int64, of the shape of `shares`, ascending with it, each at least 1 [tokens].
    """
    shares = np.clip(shares, LEAST, MOST)
    return mixture.invert(spec, shares) if isinstance(spec, Mixture) else simple_quantile(spec, shares)
