"""TensorRT-LLM's in-flight batching: what the capacity scheduler lets in, the micro-batch scheduler runs.

Source: tensorrt_llm/_torch/pyexecutor/scheduler/scheduler.py at commit 002f3cc3d, which mirrors
cpp/tensorrt_llm/batch_manager/{capacityScheduler,microBatchScheduler}.cpp; first come first served. Simpler here:
behind a prompt that is cut nobody is let in, where the real one would still fill a rest below one block.
"""

from __future__ import annotations

from infersim.sim.batch import Batch
from infersim.sim.batching.policy import UNBOUNDED, Policy
from infersim.sim.sequence import Sequence
from infersim.spec.engines import TrtllmEngine


class Trtllm(Policy):
    """Decodes, then the prompt under way, then the queue, within `max_num_tokens`.

    Under `guaranteed_no_evict` and `static_batch` a request is let in if the blocks that all running ones need at their
    ends leave room for its own, so nobody is ever paused. Under `max_utilization` its prompt must find its blocks now,
    and the newest is paused when decodes lack theirs.
    """

    promises = True

    def __init__(self, options: TrtllmEngine):
        self._budget = options.max_num_tokens
        self._max_batch_size = options.max_batch_size
        self._unit = options.tokens_per_block
        self._splits = options.enable_chunked_context
        self._pauses = options.scheduler_policy == "max_utilization"
        self._one_batch = options.scheduler_policy == "static_batch"

    def plan(self, batch: Batch) -> None:
        batch.run_decodes()
        while self._pauses and batch.free_blocks() < self._owed_blocks(batch):
            batch.evict_newest()
        if self._one_batch and batch.decoding:
            return
        left = self._budget - len(batch.decoding)
        if batch.prefilling:
            sequence = batch.prefilling[-1]
            tokens = self._chunk(sequence, left)
            if tokens:
                batch.prefill(sequence, tokens)
            if sequence.computed < sequence.target:
                return
            left -= tokens
        if not batch.evicted:
            self._let_in(batch, left)

    def stretch_bound(self, batch: Batch) -> int:
        return 1 if batch.evicted else UNBOUNDED  # nobody enters in a step that pauses somebody

    def would_admit(self, batch: Batch, sequence: Sequence, steps: int) -> bool:
        kv = batch.kv
        if batch.waiting[0] is not sequence or batch.prefilling or self._one_batch:
            return False
        grown = kv.growth_blocks(steps + 1) if self._pauses else 0
        free = kv.capacity_blocks - kv.used_blocks - grown
        return self._tokens_to_enter(batch, sequence, self._budget - len(batch.decoding), free) > 0

    def _owed_blocks(self, batch: Batch) -> int:
        """Blocks that the prompt under way has been given and not filled yet: the real ones are taken at its start."""
        return sum(batch.chunk_blocks(sequence, sequence.target - sequence.computed) for sequence in batch.prefilling)

    def _chunk(self, sequence: Sequence, left: int) -> int:
        """Tokens of a prompt in this step: all that it lacks, or whole blocks of what is left."""
        lacks = sequence.target - sequence.computed
        if lacks <= left:
            return lacks
        return left // self._unit * self._unit if self._splits else 0

    def _let_in(self, batch: Batch, left: int) -> None:
        while batch.waiting:
            head = batch.waiting[0]
            tokens = self._tokens_to_enter(batch, head, left, batch.free_blocks())
            if not tokens:
                return
            batch.admit(tokens)
            left -= tokens
            if tokens < head.target:
                return

    def _tokens_to_enter(self, batch: Batch, head: Sequence, left: int, free: int) -> int:
        """Tokens with which the head of the queue enters; 0 if it does not."""
        if batch.running() >= self._max_batch_size:
            return 0
        kv = batch.kv
        if self._pauses:
            fits = kv.blocks(head.target) <= free
        else:
            fits = batch.promised_blocks + kv.blocks(head.prompt_tokens + head.output_tokens) <= kv.capacity_blocks
        if not fits:
            return 0
        if head.target > self._budget and not self._splits:  # paused and now longer than a step: it runs alone
            return head.target if left == self._budget else 0
        return self._chunk(head, left)
