"""Sessions drawn at random: the k-th of a class has the same turns, lengths and pauses whatever else happens."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from infersim.errors import InputError
from infersim.rng import stream
from infersim.spec.sessions import ExponentialTime, FixedTime, Sessions, Time, UniformTime
from infersim.workload.lengths import Drawer
from infersim.workload.lengths.sampling import sample
from infersim.workload.turns import Turns

PIECE = 128
"""Sessions drawn at a time."""
MOST_TURNS = 100_000
"""Of one session: more are a mistake in a tail, and would fill the memory."""


def drawn(spec: Sessions, drawer: Drawer, seed: int, name: str) -> Iterator[Turns]:
    """A class's sessions without end, in pieces.

    Args:
        spec: what a session is made of.
        drawer: of the lengths of its turns.
        seed, name: the run's and the class's, which name the streams.

    Raises:
        InputError: a session of more than `MOST_TURNS`.
    """
    counts_rng, pause_rng = (stream(seed, "workload", name, what) for what in ("turns", "think_s"))
    began = 0
    while True:
        counts = sample(spec.turns, counts_rng, PIECE)
        if counts.max() > MOST_TURNS:
            raise InputError(
                f"a session of {counts.max():,} turns was drawn", f"give it a max of at most {MOST_TURNS:,}",
                f"workload.{name}.sessions.turns",
            )  # fmt: skip
        starts = np.concatenate([[0], np.cumsum(counts)])
        turn = np.arange(starts[-1]) - np.repeat(starts[:-1], counts)
        gap = np.where(turn > 0, _times(spec.think_s, pause_rng, turn.size), 0.0)
        prompt, output, reasoning = drawer.draw(turn.size)
        nothing = np.zeros(turn.size, dtype=np.int64)
        thought = nothing if reasoning is None else reasoning
        session = np.repeat(np.arange(began, began + PIECE), counts)
        yield Turns(starts, session, turn, gap, prompt, output, thought, nothing, nothing, nothing)
        began += PIECE


def _times(spec: Time, rng: np.random.Generator, count: int) -> np.ndarray:
    """Pauses [s]; mean and cv are those asked for."""
    if isinstance(spec, FixedTime):
        return np.full(count, spec.value)
    if isinstance(spec, UniformTime):
        return rng.uniform(spec.low, spec.high, count)
    if isinstance(spec, ExponentialTime):
        return rng.exponential(spec.mean, count)
    variance = math.log1p(spec.cv**2)
    return rng.lognormal(math.log(spec.mean) - variance / 2, math.sqrt(variance), count)
