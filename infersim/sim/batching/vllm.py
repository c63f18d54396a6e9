"""vLLM's V1 scheduler (0.33.0): decodes first, then the prompt under way, then the queue, within a token budget.

Source: vllm/v1/core/sched/scheduler.py, vllm/v1/core/kv_cache_manager.py at commit 4ba787ec9; one full-attention KV
group, synchronous scheduling, first come first served.
"""

from __future__ import annotations

from infersim.sim.batch import Batch
from infersim.sim.batching.policy import UNBOUNDED, Policy
from infersim.sim.sequence import Sequence
from infersim.spec.engines import VllmEngine


class Vllm(Policy):
    """Continuous batching with chunked prefill and preemption by recompute."""

    def __init__(self, options: VllmEngine, capacity_blocks: int):
        self._budget = options.max_num_batched_tokens
        self._max_num_seqs = options.max_num_seqs
        self._reserve_full = options.scheduler_reserve_full_isl
        # vLLM takes the share of all blocks, the null block among them.
        self._watermark_blocks = int(options.watermark * (capacity_blocks + 1))

    def plan(self, batch: Batch) -> None:
        batch.run_decodes()
        self._run_the_running(batch)
        if not batch.evicted and batch.waiting:
            self._admit(batch)

    def stretch_bound(self, batch: Batch) -> int:
        # Nothing is admitted in a step that evicts, so the next one may plan otherwise.
        return 1 if batch.evicted else UNBOUNDED

    def would_admit(self, batch: Batch, sequence: Sequence, steps: int) -> bool:
        running = len(batch.decoding)
        if batch.waiting[0] is not sequence or running >= self._max_num_seqs or running >= self._budget:
            return False
        kv = batch.kv
        free = kv.capacity_blocks - kv.used_blocks - self._blocks_to_enter(batch, sequence, self._budget - running)
        return kv.growth_bound_blocks(steps + 1) <= free or kv.growth_blocks(steps + 1) <= free

    def _run_the_running(self, batch: Batch) -> None:
        # At most one prompt is under way and it is the newest, so evicting from the end until all that is left fits
        # comes to the same as vLLM's walk in order of admission.
        while True:
            free = batch.free_blocks()
            sequence, tokens = self._prompt_under_way(batch)
            if sequence is not None and tokens:
                if batch.chunk_blocks(sequence, tokens) <= free:
                    batch.prefill(sequence, tokens)
                    return
            elif free >= 0:
                return
            batch.evict_newest()

    def _prompt_under_way(self, batch: Batch) -> tuple[Sequence | None, int]:
        if not batch.prefilling:
            return None, 0
        sequence = batch.prefilling[-1]
        return sequence, min(sequence.target - sequence.computed, self._budget - len(batch.decoding))

    def _admit(self, batch: Batch) -> None:
        left = self._budget - len(batch.decoding) - batch.shape.prefill_tokens
        while batch.waiting and left > 0 and batch.running() < self._max_num_seqs:
            head = batch.waiting[0]
            if self._blocks_to_enter(batch, head, left) > batch.free_blocks():
                return
            tokens = min(head.target, left)
            batch.admit(tokens)
            left -= tokens

    def _blocks_to_enter(self, batch: Batch, head: Sequence, left: int) -> int:
        needed = batch.kv.blocks(head.target if self._reserve_full else min(head.target, left))
        return needed + self._watermark_blocks if batch.decoding or batch.prefilling else needed
