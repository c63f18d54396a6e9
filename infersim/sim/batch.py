"""A batch: the requests that a replica's engine holds, and the verbs by which a policy changes them.

The counters that timing and memory need are kept as requests come and go, so that planning a step costs nothing per
running request. Order is the engine's: `decoding` by admission, then `prefilling`, then `waiting` from its head.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

from infersim.records import UNSET, RequestTable
from infersim.sim.kv_cache import KVCache
from infersim.sim.sequence import NEVER, Sequence
from infersim.timing.shape import BatchShape


class Batch:
    """The engine's state between steps, and the plan of the next one.

    Attributes:
        waiting: requests that are not running, head first.
        decoding: running requests past their prefill, oldest first (a dict, for O(1) removal).
        prefilling: running requests part-way through their prefill, oldest first.
        kv: block accounting.
        shape: scalars of the batch, of the step being planned once `plan` began.
        chunks: prefill of the planned step: (sequence, tokens).
        decodes: whether the decoding requests run in the planned step.
        evicted: requests evicted by the plan, in order.
        admitted: requests admitted by the plan, in order.
        class_decodes: decoding requests by traffic class; empty where there is one class.
    """

    def __init__(self, kv: KVCache, table: RequestTable):
        self.kv = kv
        self.table = table
        self.waiting: deque[Sequence] = deque()
        self.decoding: dict[Sequence, None] = {}
        self.prefilling: list[Sequence] = []
        self.shape = BatchShape()
        self.chunks: list[tuple[Sequence, int]] = []
        self.decodes = False
        self.evicted: list[Sequence] = []
        self.admitted: list[Sequence] = []
        self.class_decodes = [0] * (table.classes if table.classes > 1 else 0)
        self.now_s = 0.0
        self._finishes: list[tuple[int, int, Sequence]] = []
        self._admissions = 0

    # What a policy asks.

    def running(self) -> int:
        """Running requests, those that the plan admitted included."""
        return len(self.decoding) + len(self.prefilling)

    def free_blocks(self) -> int:
        """Blocks left to the plan; negative where even the decodes do not find theirs."""
        kv = self.kv
        free = kv.capacity_blocks - kv.used_blocks
        return free - kv.next_growth_blocks() if self.decodes else free

    def chunk_blocks(self, sequence: Sequence, tokens: int) -> int:
        """Blocks that a further `tokens` of a sequence's prefill take."""
        size = self.kv.block_size
        return -(-(sequence.computed + tokens) // size) + -sequence.computed // size

    # What a policy does.

    def run_decodes(self) -> None:
        """Every decoding request runs in the planned step."""
        self.decodes = True

    def prefill(self, sequence: Sequence, tokens: int) -> None:
        """Compute a further `tokens` of a running sequence's prefill."""
        shape, context = self.shape, sequence.computed
        self.kv.used_blocks += self.chunk_blocks(sequence, tokens)
        shape.prefill_chunks += 1
        shape.prefill_tokens += tokens
        shape.prefill_context_tokens += context
        shape.prefill_work += tokens * (0.5 * tokens + context)
        sequence.computed = context + tokens
        if sequence.computed == sequence.target:
            shape.sampled_seqs += 1
        self.chunks.append((sequence, tokens))

    def admit(self, tokens: int) -> None:
        """The head of the queue enters and computes its first `tokens`."""
        sequence = self.waiting.popleft()
        self._admissions += 1
        sequence.order = self._admissions
        table = self.table
        if sequence.requeue != NEVER:
            table.requeues[1][sequence.requeue] = self.now_s
        else:
            table.scheduled_s[sequence.row] = self.now_s
        self.prefilling.append(sequence)
        self.admitted.append(sequence)
        self.prefill(sequence, tokens)

    def evict_newest(self) -> None:
        """The newest running request loses its blocks and goes to the queue's head, keeping its output."""
        if self.prefilling:
            sequence = self.prefilling.pop()
            self.kv.used_blocks -= self.kv.blocks(sequence.computed)
        else:
            sequence, _ = self.decoding.popitem()
            self._leave(sequence)
            sequence.last_token_s = self.now_s
        sequence.target = sequence.prompt_tokens + sequence.produced
        sequence.computed = 0
        table = self.table
        sequence.requeue = len(table.requeues[0])
        table.requeues[0].append(self.now_s)
        table.requeues[1].append(UNSET)
        table.preemptions[sequence.row] += 1
        self.waiting.appendleft(sequence)
        self.evicted.append(sequence)

    # What the replica does.

    def begin_plan(self, now_s: float) -> None:
        """Forget the last plan."""
        self.now_s = now_s
        self.decodes = False
        if self.evicted:
            self.evicted = []
        if self.admitted:
            self.admitted = []
        if self.chunks:
            self.chunks = []
            shape = self.shape
            shape.prefill_chunks = shape.prefill_tokens = shape.prefill_context_tokens = 0
            shape.prefill_work = 0.0
            shape.sampled_seqs = shape.decode_seqs

    def steps_to_finish(self) -> int:
        """Decode steps until the next decoding request ends."""
        finishes = self._finishes
        while finishes[0][2].finish_step != finishes[0][0]:
            heappop(finishes)  # evicted since
        return finishes[0][0] - self.kv.step

    def advance(self, steps: int) -> None:
        """So many steps of all decoding requests are done."""
        self.kv.advance(steps)
        shape = self.shape
        shape.decode_context_tokens += steps * shape.decode_seqs

    def finished_decodes(self) -> list[Sequence]:
        """Take out the requests that ended with the last decode step, oldest first."""
        finishes, step, done = self._finishes, self.kv.step, []
        while finishes and finishes[0][0] <= step:
            finish, _, sequence = heappop(finishes)
            if sequence.finish_step == finish:
                del self.decoding[sequence]
                self._leave(sequence)
                done.append(sequence)
        return done

    def end_prefills(self) -> list[Sequence]:
        """Book the planned chunks as done; returns the requests that ended with them."""
        table, done = self.table, []
        for sequence, _ in self.chunks:
            if sequence.computed < sequence.target:
                continue
            self.prefilling.remove(sequence)
            if sequence.last_token_s >= 0.0:
                begins, lengths, classes = table.pauses
                begins.append(sequence.last_token_s)
                lengths.append(self.now_s - sequence.last_token_s)
                classes.append(table.traffic_class[sequence.row])
                sequence.last_token_s = -1.0
            if sequence.produced == 0:
                table.first_token_s[sequence.row] = self.now_s
            sequence.produced += 1
            if sequence.produced >= sequence.output_tokens:
                self.kv.used_blocks -= self.kv.blocks(sequence.computed)
                done.append(sequence)
            else:
                self._join(sequence)
        return done

    def _join(self, sequence: Sequence) -> None:
        kv, shape = self.kv, self.shape
        kv.join(sequence.computed)
        step = sequence.joined_step = kv.step
        sequence.finish_step = step + sequence.output_tokens - sequence.produced
        self.decoding[sequence] = None
        if self.class_decodes:
            self.class_decodes[self.table.traffic_class[sequence.row]] += 1
        heappush(self._finishes, (sequence.finish_step, sequence.order, sequence))
        shape.decode_seqs += 1
        shape.sampled_seqs += 1
        shape.decode_context_tokens += sequence.computed + 1

    def _leave(self, sequence: Sequence) -> None:
        steps = self.kv.step - sequence.joined_step
        computed = sequence.computed + steps
        self.kv.leave(computed)
        sequence.produced += steps
        sequence.finish_step = NEVER
        if self.class_decodes:
            self.class_decodes[self.table.traffic_class[sequence.row]] -= 1
        shape = self.shape
        shape.decode_seqs -= 1
        shape.sampled_seqs -= 1
        shape.decode_context_tokens -= computed + 1
