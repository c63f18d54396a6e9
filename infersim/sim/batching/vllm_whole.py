"""vLLM's rule of old (V0, `enable_chunked_prefill: false`): whole prompts first and alone, else the decodes.

Source: `Scheduler._schedule_default` of vLLM 0.6 (vllm/core/scheduler.py).
"""

from __future__ import annotations

from infersim.sim.batch import Batch
from infersim.sim.batching.policy import UNBOUNDED, Policy
from infersim.sim.sequence import Sequence
from infersim.spec.engines import VllmEngine


class VllmWhole(Policy):
    """Continuous batching in which decodes stand still while prompts run, with preemption by recompute."""

    def __init__(self, options: VllmEngine, capacity_blocks: int):
        self._budget = options.max_num_batched_tokens
        self._max_num_seqs = options.max_num_seqs
        self._watermark_blocks = int(options.watermark * (capacity_blocks + 1))

    def plan(self, batch: Batch) -> None:
        left = self._budget
        while batch.waiting and self._fits(batch, batch.waiting[0], left, batch.free_blocks()):
            left -= batch.waiting[0].target
            batch.admit(batch.waiting[0].target)
        if batch.chunks:
            return
        batch.run_decodes()
        while batch.free_blocks() < 0:
            batch.evict_newest()

    def stretch_bound(self, batch: Batch) -> int:
        return 1 if batch.evicted else UNBOUNDED  # what an eviction gave back may do for somebody else

    def would_admit(self, batch: Batch, sequence: Sequence, steps: int) -> bool:
        kv = batch.kv
        free = kv.capacity_blocks - kv.used_blocks - kv.growth_blocks(steps)
        return batch.waiting[0] is sequence and self._fits(batch, sequence, self._budget, free)

    def _fits(self, batch: Batch, head: Sequence, left: int, free: int) -> bool:
        # A prompt that came back longer than the budget runs alone: it cannot be refused any more.
        in_budget = head.target <= left or (left == self._budget and head.target > left)
        watermark = self._watermark_blocks if batch.running() else 0
        return in_budget and batch.running() < self._max_num_seqs and batch.kv.blocks(head.target) + watermark <= free
