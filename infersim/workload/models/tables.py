"""Values from a model's tables: quantiles, sizes, and ranks that depend on each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infersim.spec.workload_model import FittedLengths, Quantiles, Sizes


def at_shares(table: Quantiles, shares: np.ndarray) -> np.ndarray:
    """The values below which the given shares lie, straight between a table's points."""
    return np.interp(shares, table.at, table.values)


def mean(table: Quantiles) -> float:
    """Mean of a distribution that is straight between its quantiles."""
    at, values = np.array(table.at), np.array(table.values)
    return float((np.diff(at) * (values[1:] + values[:-1])).sum() / 2)


def sizes_at(table: Sizes | None, shares: np.ndarray) -> np.ndarray:
    """Requests at instants, by the instants' shares; int64."""
    if table is None:
        return np.ones(len(shares), dtype=np.int64)
    steps = np.cumsum(table.counts) / sum(table.counts)
    return np.array(table.values, dtype=np.int64)[np.searchsorted(steps[:-1], shares, side="right")]


def mean_size(table: Sizes | None) -> float:
    """Mean requests an instant."""
    return 1.0 if table is None else float(np.average(table.values, weights=table.counts))


def joint_shares(
    cells: Sequence[Sequence[float]], rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of shares, each uniform on [0, 1), that depend on each other as a copula in cells says.

    Args:
        cells: weights, row by row of the first share's ranks; every row is as likely as another.
        rng: the stream to draw from.
        count: how many pairs.
    """
    size = len(cells)
    weights = np.array(cells, dtype=float)
    steps = np.cumsum((weights / weights.sum(axis=1, keepdims=True)).ravel()) / size
    cell = np.minimum(np.searchsorted(steps, rng.random(count), side="right"), size * size - 1)
    return (cell // size + rng.random(count)) / size, (cell % size + rng.random(count)) / size


def lengths(spec: FittedLengths, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Prompt and output lengths of requests [tokens], int64 each."""
    prompts, outputs = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    for begin in range(0, count, PIECE):
        piece = slice(begin, min(begin + PIECE, count))
        shares = joint_shares(spec.joint, rng, piece.stop - begin)
        prompts[piece] = _tokens(spec.prompt_tokens, shares[0])
        outputs[piece] = _tokens(spec.output_tokens, shares[1])
    return prompts, outputs


def _tokens(table: Quantiles, shares: np.ndarray) -> np.ndarray:
    return np.maximum(np.rint(at_shares(table, shares)), 1.0)


PIECE = 2**17
"""So many requests' lengths are drawn at a time, which bounds the memory."""
