"""The seam between simulation and timing: what a replica asks of a timing model."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from infersim.timing.shape import BatchShape


class TimingModel(Protocol):
    """Step times of one replica.

    What depends on whole numbers of tokens or sequences may be any function; what depends on context must be
    piecewise linear, so that a stretch of decode steps has a closed form.
    """

    def step_s(self, shape: BatchShape) -> float:
        """Time of one step [s]."""

    def decode_piece(self, shape: BatchShape) -> tuple[float, float, int]:
        """Decode steps from this shape on while nobody joins or leaves.

        The context grows by `decode_seqs` tokens a step; step j (from 0) takes first_s + j·slope_s.

        Returns:
            (first_s, slope_s, valid_steps): `valid_steps` ≥ 1 is how many steps the line holds for; first_s equals
            `step_s(shape)`.
        """

    def work(self, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """FLOPs and bytes of memory traffic of segments, per replica (all its devices together).

        Args:
            columns: arrays of equal length: `steps`, and the fields of `BatchShape` (for a segment of several
                decode steps `decode_context_tokens` is the first step's; it grows by `decode_seqs` a step).

        Returns:
            (flops, bytes), each of the columns' length, summed over the segment's steps.
        """
