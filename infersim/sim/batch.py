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
from infersim.sim.standstill import Standstill
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
        promises: whether `promised_blocks` is kept.
        promised_blocks: blocks that the running requests hold if each grows to its end.
        standstill: decoding requests that steps of prompts alone have kept from their next token.
        holding: prompts that end in the planned step give no token yet.
        last_call: nothing will join the queue any more.
    """

    def __init__(self, kv: KVCache, table: RequestTable, *, promises: bool = False):
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
        self.promises, self.promised_blocks = promises, 0
        self.standstill = Standstill()
        self.holding = self.last_call = False
        self.now_s = 0.0
        self._prompts = BatchShape()
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

    def stand_still(self) -> None:
        """No decoding request runs in the planned step; so it is unless `run_decodes` says otherwise."""
        self.decodes = False

    def prefill(self, sequence: Sequence, tokens: int, padded: int = 0) -> int:
        """Compute a further `tokens` of a running sequence's prefill, in the time of `padded` if that is given.

        Returns:
            Blocks that it takes.
        """
        shape, context, width = self.shape, sequence.computed, padded or tokens
        kv, computed = self.kv, context + tokens
        blocks = kv.blocks(computed) - (kv.blocks(context) if context else 0)
        kv.used_blocks += blocks
        shape.prefill_chunks += 1
        shape.prefill_tokens += width
        shape.prefill_context_tokens += context
        shape.prefill_work += width * (0.5 * width + context)
        sequence.computed = computed
        if computed == sequence.target and not self.holding:
            shape.sampled_seqs += 1
        self.chunks.append((sequence, tokens))
        return blocks

    def hold(self) -> None:
        """Prompts that end in the planned step give no token until `release`."""
        self.holding = True

    def release(self) -> None:
        """All prompts computed so far, and those that end in the planned step, give their tokens in it."""
        self.holding = False
        planned = {sequence for sequence, _ in self.chunks}
        ended = [sequence for sequence in self.prefilling if sequence.computed == sequence.target]
        self.shape.sampled_seqs += len(ended)
        self.chunks = [(sequence, 0) for sequence in ended if sequence not in planned] + self.chunks

    def admit(self, tokens: int, padded: int = 0) -> int:
        """The head of the queue enters and computes its first `tokens`; arguments and result as in `prefill`."""
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
        if self.promises:
            self.promised_blocks += self.kv.blocks(sequence.prompt_tokens + sequence.output_tokens)
        return self.prefill(sequence, tokens, padded)

    def evict_newest(self) -> None:
        """The newest running request loses its blocks and goes to the queue's head, keeping its output."""
        self.evict(self.prefilling[-1] if self.prefilling else next(reversed(self.decoding)))

    def evict(self, sequence: Sequence, *, to_end: bool = False) -> None:
        """A running request loses its blocks and goes to the queue's head, or its end, keeping its output."""
        if sequence in self.decoding:
            del self.decoding[sequence]
            sequence.produced += self._leave(sequence)
            self.shape.sampled_seqs -= 1
            traffic_class = self.table.traffic_class[sequence.row] if self.class_decodes else 0
            sequence.last_token_s = self.standstill.leave(sequence.joined_s, traffic_class, self.now_s)
        else:
            self.prefilling.remove(sequence)
            self.kv.used_blocks -= self.kv.blocks(sequence.computed)
        if self.promises:
            self._break_promise(sequence)
        sequence.target = sequence.prompt_tokens + sequence.produced
        sequence.computed = 0
        table = self.table
        sequence.requeue = len(table.requeues[0])
        table.requeues[0].append(self.now_s)
        table.requeues[1].append(UNSET)
        table.preemptions[sequence.row] += 1
        if to_end:
            self.waiting.append(sequence)
        else:
            self.waiting.appendleft(sequence)
        self.evicted.append(sequence)

    # What the replica does.

    def begin_plan(self, now_s: float) -> None:
        """Forget the last plan."""
        self.now_s = now_s
        self.decodes = self.holding = False
        if self.evicted:
            self.evicted = []
        if self.admitted:
            self.admitted = []
        shape = self.shape
        shape.sampled_seqs = shape.decode_seqs
        if self.chunks:
            self.chunks = []
            shape.prefill_chunks = shape.prefill_tokens = shape.prefill_context_tokens = 0
            shape.prefill_work = 0.0

    def without_decodes(self) -> BatchShape:
        """The planned step as one of prompts alone, from now on; the decodes stand still."""
        all_seqs, alone = self.shape, self._prompts
        alone.prefill_chunks, alone.prefill_tokens = all_seqs.prefill_chunks, all_seqs.prefill_tokens
        alone.prefill_context_tokens, alone.prefill_work = all_seqs.prefill_context_tokens, all_seqs.prefill_work
        alone.sampled_seqs = all_seqs.sampled_seqs - all_seqs.decode_seqs
        if all_seqs.decode_seqs:
            self.standstill.begin(self.now_s, self.class_decodes or [all_seqs.decode_seqs])
        return alone

    def paced(self) -> tuple[int, list[int]]:
        """Decoding requests whose gap is the step that all of them run in, and the same by traffic class."""
        if not self.standstill.groups:
            return self.shape.decode_seqs, self.class_decodes
        decodes = self.class_decodes or [self.shape.decode_seqs]
        still = self.standstill.seqs(len(decodes))
        paced = [every - standing for every, standing in zip(decodes, still, strict=True)]
        return sum(paced), paced if self.class_decodes else []

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
                if self.promises:
                    self._break_promise(sequence)
                done.append(sequence)
        return done

    def end_prefills(self) -> list[Sequence]:
        """Book the planned chunks as done; returns the requests that ended with them."""
        table, done = self.table, []
        for sequence, _ in self.chunks:
            if sequence.computed < sequence.target or self.holding:
                continue
            self.prefilling.remove(sequence)
            if sequence.last_token_s >= 0.0:
                begins, lengths, classes, seqs = table.pauses
                begins.append(sequence.last_token_s)
                lengths.append(self.now_s - sequence.last_token_s)
                classes.append(table.traffic_class[sequence.row])
                seqs.append(1)
                sequence.last_token_s = -1.0
            if sequence.produced == 0:
                table.first_token_s[sequence.row] = self.now_s
            sequence.produced += 1
            if sequence.produced >= sequence.output_tokens:
                self.kv.used_blocks -= self.kv.blocks(sequence.computed)
                if self.promises:
                    self._break_promise(sequence)
                done.append(sequence)
            else:
                self._join(sequence)
        return done

    def _join(self, sequence: Sequence) -> None:
        kv, shape = self.kv, self.shape
        kv.join(sequence.computed)
        sequence.joined_s = self.now_s
        step = sequence.joined_step = kv.step
        sequence.finish_step = step + sequence.output_tokens - sequence.produced
        self.decoding[sequence] = None
        if self.class_decodes:
            self.class_decodes[self.table.traffic_class[sequence.row]] += 1
        heappush(self._finishes, (sequence.finish_step, sequence.order, sequence))
        shape.decode_seqs += 1
        shape.decode_context_tokens += sequence.computed + 1

    def _break_promise(self, sequence: Sequence) -> None:
        self.promised_blocks -= self.kv.blocks(sequence.prompt_tokens + sequence.output_tokens)

    def _leave(self, sequence: Sequence) -> int:
        """A decoding request goes; returns the decode steps that it was in."""
        steps = self.kv.step - sequence.joined_step
        computed = sequence.computed + steps
        self.kv.leave(computed)
        sequence.finish_step = NEVER
        if self.class_decodes:
            self.class_decodes[self.table.traffic_class[sequence.row]] -= 1
        shape = self.shape
        shape.decode_seqs -= 1
        shape.decode_context_tokens -= computed + 1
        return steps
