"""JetStream: slots that decode together, and between two of their steps one prompt, padded to a power of two.

Source: jetstream/core/orchestrator.py and jetstream/engine/token_utils.py of AI-Hypercomputer/JetStream. There two
threads share the chips, one of prompts and one of decodes; taking turns is the reading of it here.
"""

from __future__ import annotations

from infersim.sim.batch import Batch
from infersim.sim.batching.policy import UNBOUNDED, Policy
from infersim.sim.sequence import Sequence
from infersim.spec.engines import JetstreamEngine

LEAST_BUCKET = 16


def bucket(tokens: int) -> int:
    """The length to which a prompt is padded [tokens]."""
    return max(1 << (tokens - 1).bit_length(), LEAST_BUCKET)


class Jetstream(Policy):
    """A prompt, a decode step, a prompt …, while slots are free."""

    def __init__(self, options: JetstreamEngine):
        self._slots = options.batch_size
        self._was_prompt = False

    def plan(self, batch: Batch) -> None:
        enters = self._may_enter(batch) and not (self._was_prompt and batch.decoding)
        if enters:
            tokens = batch.waiting[0].target
            batch.admit(tokens, bucket(tokens))
        else:
            batch.run_decodes()
        self._was_prompt = enters

    def stretch_bound(self, batch: Batch) -> int:
        return 1 if self._may_enter(batch) else UNBOUNDED

    def would_admit(self, batch: Batch, sequence: Sequence, steps: int) -> bool:
        return self._may_enter(batch)

    def _may_enter(self, batch: Batch) -> bool:
        return bool(batch.waiting) and batch.running() < self._slots
