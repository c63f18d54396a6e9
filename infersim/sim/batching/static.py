"""Static batching: so many requests are gathered, computed together and decoded to the end of the longest.

A batch goes when it is full, when its oldest request has waited `batch_timeout_s`, or when nothing more can come. A
request that ends early gives its answer then, and costs nothing more; its place stays empty until the batch is done.
"""

from __future__ import annotations

from math import inf

from infersim.sim.batch import Batch
from infersim.sim.batching.policy import UNBOUNDED, Policy
from infersim.sim.batching.prompts_first import compute_prompts
from infersim.sim.sequence import Sequence
from infersim.spec.engines import GaudiEngine, NeuronxEngine, StaticEngine


class Static(Policy):
    """One batch after another."""

    def __init__(self, options: StaticEngine | GaudiEngine | NeuronxEngine):
        self._size = options.batch_size
        self._pass_tokens = options.max_prefill_tokens
        self._timeout_s = inf if options.batch_timeout_s is None else options.batch_timeout_s
        self._to_enter = 0

    def plan(self, batch: Batch) -> None:
        if not batch.running():
            self._to_enter = self._gathered(batch)
        if self._to_enter or batch.prefilling:
            self._to_enter -= compute_prompts(batch, self._pass_tokens, self._to_enter)
        elif batch.decoding:
            batch.run_decodes()

    def stretch_bound(self, batch: Batch) -> int:
        return UNBOUNDED

    def would_admit(self, batch: Batch, sequence: Sequence, steps: int) -> bool:
        return False

    def wake_s(self, batch: Batch) -> float:
        return self._overdue_s(batch) if batch.waiting else inf

    def _gathered(self, batch: Batch) -> int:
        """How many requests a batch takes that begins now; 0 while it is still gathered."""
        waiting = len(batch.waiting)
        due = batch.last_call or (waiting and batch.now_s >= self._overdue_s(batch))
        return min(waiting, self._size) if due or waiting >= self._size else 0

    def _overdue_s(self, batch: Batch) -> float:
        return batch.table.arrival_s[batch.waiting[0].row] + self._timeout_s
