"""TensorRT-LLM's in-flight batching: what the capacity scheduler lets in, the micro-batch scheduler runs.

Source: tensorrt_llm/_torch/pyexecutor/scheduler/scheduler.py at commit 002f3cc3d, which mirrors
cpp/tensorrt_llm/batch_manager/{capacityScheduler,microBatchScheduler}.cpp; first come first served. Simpler here:
behind a prompt that is cut nobody is let in, where the real one would still fill a rest below one block. Batch waiting:
`PyExecutor._waiting_requests` of tensorrt_llm/_torch/pyexecutor/py_executor.py.
"""

from __future__ import annotations

from infersim.sim.batch import Batch
from infersim.sim.batching.policy import UNBOUNDED, Policy
from infersim.sim.kv_cache import KVCache
from infersim.sim.sequence import Sequence
from infersim.spec.engines import TrtllmEngine


class Trtllm(Policy):
    """Decodes, then the prompt under way, then the queue, within `max_num_tokens`.

    Under `guaranteed_no_evict` and `static_batch` a request is let in if the blocks that all running ones need at their
    ends leave room for its own, so nobody is ever paused. Under `max_utilization` its prompt must find its blocks now,
    and the newest is paused when decodes lack theirs. With batch waiting prompts are held back beside decodes until a
    step is full enough, or for so many steps.
    """

    promises = True

    def __init__(self, options: TrtllmEngine):
        self._budget = options.max_num_tokens
        self._max_batch_size = options.max_batch_size
        self._unit = options.tokens_per_block
        self._splits = options.enable_chunked_context
        self._pauses = options.scheduler_policy == "max_utilization"
        self._one_batch = options.scheduler_policy == "static_batch"
        self._wait_steps = options.batch_wait_timeout_iters
        self._enough = options.batch_wait_max_tokens_ratio * options.max_num_tokens
        self._waits = bool(self._wait_steps and self._enough)  # either alone holds nobody back
        self._waited = self._held_since = 0
        self._holds = False

    def plan(self, batch: Batch) -> None:
        batch.run_decodes()
        while self._pauses and batch.free_blocks() < self._owed_blocks(batch):
            batch.evict_newest()
        if self._one_batch and batch.decoding:
            return
        left = self._budget - len(batch.decoding)
        under_way = batch.prefilling[-1] if batch.prefilling else None
        chunk = self._chunk(under_way, left) if under_way else 0
        goes_on = under_way is not None and under_way.computed + chunk < under_way.target
        free = batch.free_blocks() - (batch.chunk_blocks(under_way, chunk) if under_way else 0)
        entries = [] if goes_on or batch.evicted else self._entries(batch, left - chunk, free)
        if self._waits and self._hold_back(batch, chunk + sum(entries)):
            return
        if under_way and chunk:
            batch.prefill(under_way, chunk)
        for tokens in entries:
            batch.admit(tokens)

    def stretch_bound(self, batch: Batch) -> int:
        if batch.evicted:
            return 1  # nobody enters in a step that pauses somebody
        if self._holds:
            return 1 if self._pauses else self._wait_steps - self._waited + 1
        return UNBOUNDED

    def would_admit(self, batch: Batch, sequence: Sequence, steps: int) -> bool:
        kv = batch.kv
        if self._holds:
            return True  # with it the step may be full enough
        if batch.waiting[0] is not sequence or batch.prefilling or self._one_batch:
            return False
        grown = kv.growth_blocks(steps + 1) if self._pauses else 0
        free = kv.capacity_blocks - kv.used_blocks - grown
        left = self._budget - len(batch.decoding)
        return self._tokens_to_enter(kv, sequence, left, free, batch.running(), batch.promised_blocks) > 0

    def _hold_back(self, batch: Batch, tokens: int) -> bool:
        """Whether prompts of so many tokens, all that may run now, wait for more to come."""
        step, decodes = batch.kv.step, len(batch.decoding)
        if self._holds:
            self._waited += step - self._held_since - 1  # it counts steps; the first was counted as it was planned
        self._holds = False
        if not tokens or not decodes:
            return False
        if self._waited >= self._wait_steps or decodes + tokens >= self._enough:
            self._waited = 0
            return False
        self._holds, self._held_since = True, step
        self._waited += 1
        return True

    def _owed_blocks(self, batch: Batch) -> int:
        """Blocks that the prompt under way has been given and not filled yet: the real ones are taken at its start."""
        return sum(batch.chunk_blocks(sequence, sequence.target - sequence.computed) for sequence in batch.prefilling)

    def _chunk(self, sequence: Sequence, left: int) -> int:
        """Tokens of a prompt in this step: all that it lacks, or whole blocks of what is left."""
        lacks = sequence.target - sequence.computed
        if lacks <= left:
            return lacks
        return left // self._unit * self._unit if self._splits else 0

    def _entries(self, batch: Batch, left: int, free: int) -> list[int]:
        """First tokens of those who may enter, head of the queue first."""
        kv, running, promised, entries = batch.kv, batch.running(), batch.promised_blocks, []
        for head in batch.waiting:
            tokens = self._tokens_to_enter(kv, head, left, free, running, promised)
            if not tokens:
                break
            entries.append(tokens)
            if tokens < head.target:
                break
            left, free, running = left - tokens, free - kv.blocks(tokens), running + 1
            promised += kv.blocks(head.prompt_tokens + head.output_tokens)
        return entries

    def _tokens_to_enter(self, kv: KVCache, head: Sequence, left: int, free: int, running: int, promised: int) -> int:
        """Tokens with which the head of the queue enters; 0 if it does not."""
        if running >= self._max_batch_size:
            return 0
        if self._pauses:
            fits = kv.blocks(head.target) <= free
        else:
            fits = promised + kv.blocks(head.prompt_tokens + head.output_tokens) <= kv.capacity_blocks
        if not fits:
            return 0
        if head.target > self._budget and not self._splits:  # paused and now longer than a step: it runs alone
            return head.target if left == self._budget else 0
        return self._chunk(head, left)
