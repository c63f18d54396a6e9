"""vLLM's `prefill_schedule_interval`: prompts only every so many steps, so that data-parallel ranks run them together.

Source: `DPEngineCoreProc._should_throttle_prefills` (vllm/v1/engine/core.py) and `Scheduler.schedule`
(vllm/v1/core/sched/scheduler.py) of vLLM 0.24 and later. Steps are counted from 0 when the engine was idle; here, when
nothing is running. Where the last step with prompts left somebody waiting, prompts are not held back.
"""

from __future__ import annotations

from infersim.sim.batch import Batch
from infersim.sim.batching.policy import UNBOUNDED
from infersim.sim.batching.vllm import Vllm
from infersim.sim.sequence import Sequence
from infersim.spec.engines import VllmEngine


class VllmInterval(Vllm):
    """vLLM, holding prompts back between steps whose number the interval divides."""

    def __init__(self, options: VllmEngine, capacity_blocks: int):
        super().__init__(options, capacity_blocks)
        self._interval = options.prefill_schedule_interval
        self._capacity_bound = False
        self._step = self._decode_steps = 0
        self._holds = False

    def plan(self, batch: Batch) -> None:
        self._count(batch)
        self._holds = bool(self._step % self._interval) and not self._capacity_bound and bool(batch.decoding)
        if self._holds:
            batch.run_decodes()
            while batch.free_blocks() < 0:
                batch.evict_newest()
        else:
            super().plan(batch)
            self._capacity_bound = bool(batch.waiting)

    def stretch_bound(self, batch: Batch) -> int:
        if batch.evicted:
            return 1
        if self._holds and (batch.waiting or batch.prefilling):
            return self._interval - self._step % self._interval
        return UNBOUNDED

    def would_admit(self, batch: Batch, sequence: Sequence, steps: int) -> bool:
        return batch.waiting[0] is sequence  # whether anybody waits decides about later steps

    def _count(self, batch: Batch) -> None:
        if not batch.running():
            self._step = 0
        else:
            self._step += max(batch.kv.step - self._decode_steps, 1)
        self._decode_steps = batch.kv.step
