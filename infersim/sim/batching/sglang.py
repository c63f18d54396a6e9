"""SGLang's scheduler (0.5.23): prompts first and alone, decodes when no prompt can be let in.

Source: python/sglang/srt/managers/{scheduler,schedule_policy,schedule_batch}.py, scheduler_recv_skipper.py; first come
first served, no radix cache hits, outputs of the length that was asked for. A prompt part-way gives its pages back
where the last decode would otherwise find none; the real server aborts that decode.
"""

from __future__ import annotations

from infersim.sim.batch import Batch
from infersim.sim.batching.policy import UNBOUNDED, Policy
from infersim.sim.sequence import Sequence
from infersim.spec.engines import SglangEngine

CLIP = 4096
"""Most tokens of a request's output to come that are reckoned with."""
INIT_RATIO, MIN_RATIO_SHARE, DECAY_STEPS, RETRACT_STEPS = 0.7, 0.14, 600, 20


class NewTokenRatio:
    """The share of the running requests' outputs to come that is set aside: falls with every decode step."""

    def __init__(self, conservativeness: float):
        self._first = min(INIT_RATIO * conservativeness, 1.0)
        self._least = MIN_RATIO_SHARE * self._first
        self._decay = (self._first - self._least) / DECAY_STEPS
        self._anchor, self._since_step = self._first, 0

    def at(self, step: int) -> float:
        """After so many decode steps."""
        return max(self._anchor - self._decay * (step - self._since_step), self._least)

    def retracted(self, produced: int, asked: int, seqs: int, step: int) -> None:
        """Requests were retracted: start again from what the rest have produced, of what they were asked for."""
        self._anchor, self._since_step = min((produced + RETRACT_STEPS * seqs) / (asked + 1), 1.0), step + 1

    def skip(self) -> None:
        """A decode step that does not count."""
        self._since_step += 1


class Pass:
    """Budgets of one prefill batch [tokens]."""

    def __init__(self, total: float, inputs: int, chunk: int, page: int):
        self.total, self.inputs, self.chunk, self._page = total, inputs, chunk, page

    def take(self, tokens: int, output: int) -> None:
        """A request computes `tokens` of its prompt and will produce `output` afterwards."""
        rounded = -(-tokens // self._page) * self._page
        self.total -= rounded + self._page + output
        self.inputs -= rounded
        self.chunk -= rounded


class Sglang(Policy):
    """Prefill-first batching with retraction."""

    def __init__(self, options: SglangEngine):
        self._page = options.page_size
        self._most = options.max_running_requests
        self._chunk = options.chunked_prefill_size if options.chunked_prefill_size > 0 else UNBOUNDED
        self._max_prefill = options.max_prefill_tokens
        self._mixes = options.enable_mixed_chunk
        self._ratio = NewTokenRatio(options.schedule_conservativeness)
        self._full_with = 0
        """Running requests when the batch was found full; 0 while it is not."""
        self._recv_interval = options.scheduler_recv_interval
        self._received = UNBOUNDED if self._recv_interval == 1 else -1
        """Newest request that was taken in; requests are numbered as they are sent."""
        self._received_at = 0
        """Decode step after which the server last looked for requests."""
        self._prompts_ran = False

    def plan(self, batch: Batch) -> None:
        if batch.running() < self._full_with:
            self._full_with = 0
        step = batch.kv.step
        self._receive(batch, step)
        self._compute_prompts(batch)
        if not batch.chunks:
            batch.run_decodes()
            self._retract(batch, step)
        elif self._mixes and batch.decoding:
            self._let_decodes_ride(batch)
        self._prompts_ran = bool(batch.chunks)

    def stretch_bound(self, batch: Batch) -> int:
        if batch.evicted or batch.prefilling or (self._waits(batch) and not self._full_with):
            return 1
        if any(sequence.row > self._received for sequence in batch.waiting):
            return self._recv_interval - (batch.kv.step - self._received_at) % self._recv_interval
        return UNBOUNDED

    def would_admit(self, batch: Batch, sequence: Sequence, steps: int) -> bool:
        if self._recv_interval > 1:
            return True  # when it is taken in depends on the steps from now on
        # A try that fails has an effect: it finds the batch full.
        return not self._full_with and batch.waiting[0] is sequence

    def _receive(self, batch: Batch, step: int) -> None:
        """Take in what has come: after prompts, when idle, or every so many decode steps (`SchedulerRecvSkipper`)."""
        if self._recv_interval == 1:
            return
        if self._prompts_ran or not batch.running() or (step - self._received_at) % self._recv_interval == 0:
            self._received = max((sequence.row for sequence in batch.waiting), default=self._received)
            self._received_at = step

    def _waits(self, batch: Batch) -> bool:
        return bool(batch.waiting) and batch.waiting[0].row <= self._received

    # Prompts.

    def _compute_prompts(self, batch: Batch) -> None:
        under_way = batch.prefilling[-1] if batch.prefilling else None
        if under_way is None and (self._full_with or not self._waits(batch)):
            return
        budget = self._budgets(batch)
        if under_way is not None:
            self._go_on(batch, under_way, budget)
            if under_way.computed < under_way.target:
                return
        while self._waits(batch) and not self._full_with:
            if not self._let_in(batch, batch.waiting[0], budget):
                return

    def _budgets(self, batch: Batch) -> Pass:
        riding = len(batch.decoding) if self._mixes else 0
        step = batch.kv.step
        ahead = sum(min(s.finish_step - step, CLIP) for s in batch.decoding)
        free = batch.free_blocks() * self._page - riding
        total = free - ahead * self._ratio.at(step)
        return Pass(total, self._max_prefill - riding, self._chunk - riding, self._page)

    def _go_on(self, batch: Batch, sequence: Sequence, budget: Pass) -> None:
        """The prompt under way goes on, whatever is set aside."""
        room = batch.free_blocks() * self._page + -sequence.computed % self._page
        tokens = min(
            sequence.target - sequence.computed, max(budget.chunk // self._page * self._page, self._page), room
        )
        if tokens <= 0:
            return
        batch.prefill(sequence, tokens)
        ends = sequence.computed == sequence.target
        budget.take(tokens, self._ahead(sequence) if ends else 0)

    def _let_in(self, batch: Batch, head: Sequence, budget: Pass) -> bool:
        """Let the head of the queue in if it may; returns whether the next one is to be tried."""
        output = self._ahead(head)
        rounded = -(-head.target // self._page) * self._page
        if batch.running() >= self._most or budget.total <= 0:
            self._full_with = batch.running()
            return False
        if budget.inputs <= 0 or budget.chunk <= 0:
            return False
        if head.target + output + self._page >= budget.total:
            self._full_with = batch.running()
            return False
        if rounded >= budget.inputs and batch.chunks:
            return False
        tokens = head.target
        if tokens > budget.chunk:
            tokens, output = budget.chunk // self._page * self._page, 0
            if tokens <= 0:
                return False
        batch.admit(tokens)
        budget.take(tokens, output)
        return head.computed == head.target

    @staticmethod
    def _ahead(sequence: Sequence) -> int:
        return min(sequence.output_tokens - sequence.produced, CLIP)

    # Decodes.

    def _let_decodes_ride(self, batch: Batch) -> None:
        batch.run_decodes()
        if batch.free_blocks() < 0:
            batch.stand_still()
        else:
            self._ratio.skip()

    def _retract(self, batch: Batch, step: int) -> None:
        if batch.free_blocks() >= 0:
            return
        fewest_first = sorted(batch.decoding, key=lambda s: (self._produced(s, step), -s.prompt_tokens))
        for sequence in fewest_first[:-1]:
            batch.evict(sequence, to_end=True)
            if batch.free_blocks() >= 0:
                break
        if batch.free_blocks() < 0:
            for sequence in batch.prefilling[:]:
                batch.evict(sequence, to_end=True)
        left = batch.decoding
        produced = sum(self._produced(s, step) for s in left)
        self._ratio.retracted(produced, sum(s.output_tokens for s in left), len(left), step)
        self._full_with = 0

    @staticmethod
    def _produced(sequence: Sequence, step: int) -> int:
        return sequence.produced + step - sequence.joined_step
