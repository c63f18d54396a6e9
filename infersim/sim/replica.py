"""A replica: one engine on its devices, as a state machine of callbacks.

It sleeps between boundaries. While nobody joins or leaves, a run of decode steps is one event: step j of it ends at
`anchor + first·j + slope·j·(j-1)/2`. Both modes, stretches and single steps, evaluate that same expression from the
same anchor, which moves only when the batch changes or the timing model's line ends.
"""

from __future__ import annotations

import math
from typing import Protocol

from infersim.records import COMPLETED, RequestTable, Segments
from infersim.sim.batch import Batch
from infersim.sim.batching.policy import Policy
from infersim.sim.clock import BOUNDARY, Clock, Wake
from infersim.sim.kv_cache import KVCache
from infersim.sim.sequence import Sequence
from infersim.timing.model import TimingModel

IDLE, WAKING, STEP, STRETCH = range(4)


class Listener(Protocol):
    """Told of what a replica does; routers and closed-loop clients listen."""

    def finished(self, replica: Replica, row: int, now_s: float) -> None:
        """A request produced its last token."""


class Observer(Protocol):
    """Sees every plan and every boundary; used to hold the engine against recordings."""

    def planned(self, batch: Batch, start_s: float) -> None:
        """The step's plan is made; the batch is as the engine has it after scheduling."""

    def ended(self, batch: Batch, end_s: float, finished: list[Sequence]) -> None:
        """The step is done and its finished requests are gone."""


class Replica:
    """One engine.

    Args:
        number: its index in the pool.
        clock: the simulation's clock.
        table: where requests are written down.
        segments: where steps are written down.
        timing: step times.
        policy: who runs.
        kv: its KV memory.
        single: simulate every decode step as an event of its own.
        listener, observer: told of finished requests and of every step.
    """

    def __init__(
        self,
        number: int,
        clock: Clock,
        table: RequestTable,
        segments: Segments,
        timing: TimingModel,
        policy: Policy,
        kv: KVCache,
        *,
        single: bool = False,
        listener: Listener | None = None,
        observer: Observer | None = None,
    ):
        self.number = number
        self.batch = Batch(kv, table, promises=policy.promises)
        self.events = 0
        self._clock, self._table, self._segments, self._timing, self._policy = clock, table, segments, timing, policy
        self.listener = listener
        self._priority = BOUNDARY + number
        self._single, self._observer = single, observer
        self._mode = IDLE
        self._wake: Wake | None = None
        self._begin_s = self._step_s = 0.0
        self._kv_blocks = 0
        self._shape = self.batch.shape
        self._still = self.batch.standstill.groups
        # The line of decode step times: anchor, first and slope; steps done on it, where it ends, where we wake.
        self._anchor_s = self._first_s = self._slope_s = 0.0
        self._done = self._valid = self._until = 0
        self._anchored = False

    def arrive(self, sequence: Sequence, now_s: float) -> None:
        """A request enters the engine's waiting list."""
        self._table.replica[sequence.row] = self.number
        self.batch.waiting.append(sequence)
        if self._mode == IDLE:
            self._mode = WAKING
            self._sleep(now_s)
        elif self._mode == STRETCH and self._until - self._done > 1:
            self._cut(sequence, now_s)

    def settle(self, now_s: float) -> None:
        """Bring the counters to the last boundary at or before `now_s`, and write down the step under way."""
        if self._mode == STRETCH:
            steps = 0
            while self._done + steps < self._until and self._end_s(self._done + steps + 1) <= now_s:
                steps += 1
            if steps:
                self._advance(steps, self._end_s(self._done + steps))
            if self._done < self._until:
                self._write_step_under_way()
        elif self._mode == STEP:
            self._write_step(self._begin_s + self._step_s)
        self._mode = IDLE
        self._wake = None

    def last_call(self, now_s: float) -> bool:
        """Nothing will arrive any more: let an idle engine that waits for more begin with what it has.

        Returns:
            Whether it plans once more; at most once without a step in between.
        """
        batch = self.batch
        if self._mode != IDLE or not batch.waiting or batch.last_call:
            return False
        batch.last_call = True
        self._mode = WAKING
        self._sleep(now_s)
        return True

    # Boundaries.

    def _sleep(self, until_s: float) -> None:
        self._wake = self._clock.at(until_s, self._boundary, self._priority)

    def _boundary(self, wake: Wake) -> None:
        if wake is not self._wake:
            return  # a stretch was cut since
        self.events += 1
        now_s = wake.at_s
        if self._mode == STRETCH:
            self._end_stretch(now_s)
        elif self._mode == STEP:
            self._end_step(now_s)
        self._decide(now_s)

    def _end_stretch(self, now_s: float) -> None:
        self._advance(self._until - self._done, now_s)
        self._finish(self.batch.finished_decodes(), now_s)

    def _end_step(self, now_s: float) -> None:
        batch = self.batch
        self._write_step(now_s)
        batch.now_s = now_s
        finished = []
        if batch.decodes and batch.shape.decode_seqs:
            batch.advance(1)
            if self._still:
                batch.standstill.end(now_s, self._table)
            finished = batch.finished_decodes()
        finished += batch.end_prefills()
        self._anchored = False
        self._finish(finished, now_s)

    def _finish(self, finished: list[Sequence], now_s: float) -> None:
        if self._observer is not None:
            self._observer.ended(self.batch, now_s, finished)
        if not finished:
            return
        self._anchored = False
        table, listener = self._table, self.listener
        for sequence in finished:
            table.finish_s[sequence.row] = now_s
            table.status[sequence.row] = COMPLETED
            if listener is not None:
                listener.finished(self, sequence.row, now_s)

    # Decisions.

    def _decide(self, now_s: float) -> None:
        batch = self.batch
        if not (batch.waiting or batch.decoding or batch.prefilling):
            self._mode = IDLE
            return
        while True:
            batch.begin_plan(now_s)
            self._policy.plan(batch)
            if self._observer is not None:
                self._observer.planned(batch, now_s)
            if batch.evicted:
                self._anchored = False
            if batch.chunks:
                self._start_step(now_s)
            elif batch.shape.decode_seqs and batch.decodes:
                self._start_stretch(now_s)
            elif batch.evicted:
                self._nothing_ran(now_s)
                continue  # the engine plans again at once
            else:
                self._nothing_ran(now_s)
                self._wait()
            return

    def _nothing_ran(self, now_s: float) -> None:
        if self._observer is not None:
            self._observer.ended(self.batch, now_s, [])

    def _wait(self) -> None:
        self._mode = IDLE
        wake_s = self._policy.wake_s(self.batch)
        if wake_s < math.inf:
            self._sleep(wake_s)

    def _start_step(self, now_s: float) -> None:
        batch, kv = self.batch, self.batch.kv
        batch.last_call = False
        self._begin_s = now_s
        self._shape = batch.shape if batch.decodes else batch.without_decodes()
        self._step_s = self._timing.step_s(self._shape)
        self._kv_blocks = kv.used_blocks + (kv.next_growth_blocks() if batch.decodes else 0)
        self._mode = STEP
        self._sleep(now_s + self._step_s)

    def _start_stretch(self, now_s: float) -> None:
        batch = self.batch
        self._begin_s = now_s
        if not self._anchored or self._done >= self._valid:
            self._anchor_s = now_s
            self._first_s, self._slope_s, self._valid = self._timing.decode_piece(batch.shape)
            self._done = 0
            self._anchored = True
        if self._single or self._still:
            steps = 1
        else:
            most = min(batch.steps_to_finish(), self._valid - self._done)
            if most > 1:
                most = min(most, self._policy.stretch_bound(batch))
            steps = batch.kv.steps_that_fit(most) if most > 1 else most
        self._until = self._done + steps
        self._mode = STRETCH
        self._sleep(self._end_s(self._until))

    def _end_s(self, step: int) -> float:
        """When step number `step` of the line ends."""
        return self._anchor_s + self._first_s * step + self._slope_s * (step * (step - 1) * 0.5)

    def _cut(self, sequence: Sequence, now_s: float) -> None:
        """End the stretch at the first boundary at or after now, if the policy would admit the newcomer there."""
        step = self._first_boundary(now_s)
        if step < self._until and self._policy.would_admit(self.batch, sequence, step - self._done):
            self._until = step
            self._sleep(self._end_s(step))

    def _first_boundary(self, now_s: float) -> int:
        """The first step of the stretch that ends at or after `now_s`, and whose end is not over yet.

        A request that another replica's boundary sends comes after this replica's boundary of the same time, if that
        is earlier in the order of boundaries.
        """
        first, slope, since = self._first_s, self._slope_s, now_s - self._anchor_s
        if slope > 0.0:
            half = first - 0.5 * slope
            guess = math.ceil((math.sqrt(half * half + 2.0 * slope * since) - half) / slope)
        else:
            guess = math.ceil(since / first)
        lowest = self._done + 1
        step = min(max(guess, lowest), self._until)
        while step > lowest and self._end_s(step - 1) >= now_s:
            step -= 1
        while step < self._until and self._end_s(step) < now_s:
            step += 1
        if step < self._until and self._end_s(step) == now_s and self._clock.priority > self._priority:
            step += 1
        return step

    # Writing down.

    def _advance(self, steps: int, end_s: float) -> None:
        """Do `steps` decode steps of the stretch, up to then, and write them down."""
        batch, kv = self.batch, self.batch.kv
        context, block_steps = batch.shape.decode_context_tokens, kv.held_block_steps(steps)
        first_blocks = kv.used_blocks + kv.next_growth_blocks()
        batch.advance(steps)
        self._write_stretch(end_s, steps, context, (block_steps, first_blocks, kv.used_blocks))
        self._done += steps
        self._begin_s = end_s
        if self._still:
            batch.standstill.end(end_s, self._table)

    def _write_stretch(self, end_s: float, steps: int, context: int, blocks: tuple[int, int, int]) -> None:
        batch, slope_s = self.batch, self._slope_s
        seqs = batch.shape.decode_seqs
        paced, by_class = batch.paced() if self._still else (seqs, batch.class_decodes)
        line = (self._begin_s, end_s, steps, self._first_s + slope_s * self._done, slope_s)
        self._segments.add((*line, seqs, context, 0, 0, 0, 0, seqs, paced, *blocks, *by_class))

    def _write_step_under_way(self) -> None:
        kv = self.batch.kv
        blocks = kv.used_blocks + kv.next_growth_blocks()
        end_s = self._end_s(self._done + 1)
        self._write_stretch(end_s, 1, self.batch.shape.decode_context_tokens, (blocks, blocks, blocks))

    def _write_step(self, end_s: float) -> None:
        batch, shape, blocks = self.batch, self._shape, self._kv_blocks
        paced, by_class = shape.decode_seqs, batch.class_decodes
        if self._still:
            paced, by_class = batch.paced() if batch.decodes else (0, [0] * len(by_class))
        self._segments.add(
            (
                self._begin_s,
                end_s,
                1,
                self._step_s,
                0.0,
                shape.decode_seqs,
                shape.decode_context_tokens,
                shape.prefill_chunks,
                shape.prefill_tokens,
                shape.prefill_context_tokens,
                shape.prefill_work,
                shape.sampled_seqs,
                paced,
                blocks,
                blocks,
                blocks,
                *by_class,
            )
        )
