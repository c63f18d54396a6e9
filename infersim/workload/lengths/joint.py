"""Prompts and outputs drawn together."""

from __future__ import annotations

import math

import numpy as np

from infersim.spec.lengths import Copula, Joint
from infersim.workload.lengths.quantiles import quantile
from infersim.workload.lengths.tables import cumulative


def pairs(spec: Joint, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw prompts with their outputs; drawing n and then m gives what drawing n + m at once does.

    Args:
        spec: a copula with two marginals, or pairs as counted.
        rng: the stream to draw from.
        count: how many.

    Returns:
        Prompts and outputs, int64 arrays of shape (count,), each at least 1 [tokens].
    """
    if isinstance(spec, Copula):
        from scipy.special import ndtr  # slow to import, and few scenarios need it

        rho, normal = correlation(spec), rng.standard_normal((count, 2))
        tied = rho * normal[:, 0] + math.sqrt(1.0 - rho**2) * normal[:, 1]
        return quantile(spec.prompt_tokens, ndtr(normal[:, 0])), quantile(spec.output_tokens, ndtr(tied))
    weights = np.ones(len(spec.values)) if spec.weights is None else np.array(spec.weights)
    drawn = np.array(spec.values, dtype=np.int64)[np.searchsorted(cumulative(weights), rng.random(count), side="right")]
    return drawn[:, 0].copy(), drawn[:, 1].copy()


def correlation(spec: Copula) -> float:
    """Correlation of the normal variates behind a copula.

    Source: Pearson 1907, ρ = 2 sin(π/6 · ρ_S), exact for lengths without ties.
    """
    return spec.rho if spec.spearman is None else 2.0 * math.sin(math.pi / 6.0 * spec.spearman)  # type: ignore[return-value]
