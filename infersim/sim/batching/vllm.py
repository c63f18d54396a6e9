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
        free = self._run_the_running(batch)
        if batch.waiting and not batch.evicted:
            self._admit(batch, free)

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

    def _run_the_running(self, batch: Batch) -> int:
        """Let decodes and the prompt under way run, evicting until they fit; returns the blocks left."""
        # At most one prompt is under way and it is the newest, so evicting from the end until all that is left fits
        # comes to the same as vLLM's walk in order of admission.
        while True:
            free, prompt, tokens = batch.free_blocks(), None, 0
            if batch.prefilling:
                prompt = batch.prefilling[-1]
                tokens = min(prompt.target - prompt.computed, self._budget - len(batch.decoding))
                free -= batch.chunk_blocks(prompt, tokens)
            if free >= 0:
                if prompt is not None and tokens:
                    batch.prefill(prompt, tokens)
                return free
            batch.evict_newest()

    def _admit(self, batch: Batch, free: int) -> None:
        waiting, left = batch.waiting, self._budget - len(batch.decoding) - batch.shape.prefill_tokens
        places = self._max_num_seqs - batch.running()
        while waiting and left > 0 and places > 0:
            head = waiting[0]
            if self._blocks_to_enter(batch, head, left) > free:
                return
            tokens = min(head.target, left)
            free -= batch.admit(tokens)
            left -= tokens
            places -= 1

    def _blocks_to_enter(self, batch: Batch, head: Sequence, left: int) -> int:
        needed = batch.kv.blocks(head.target if self._reserve_full else min(head.target, left))
        return needed + self._watermark_blocks if batch.decoding or batch.prefilling else needed
