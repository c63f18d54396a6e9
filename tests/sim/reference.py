"""vLLM's rules once more, token by token and request by request: slow, plain, and without a line of the simulator.

Written from the rules alone (first come first served, synchronous, no prefix cache), to be compared with.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Request:
    arrival_s: float
    prompt: int
    output: int
    computed: int = 0
    produced: int = 0
    blocks: int = 0
    decoding: bool = False
    preemptions: int = 0
    scheduled_s: float = -1.0
    first_token_s: float = -1.0
    finish_s: float = -1.0

    @property
    def tokens(self) -> int:
        return self.prompt + self.produced


@dataclass
class Engine:
    blocks: int
    block_size: int
    max_num_seqs: int
    max_num_batched_tokens: int
    watermark: float
    reserve_full: bool
    step_s: Callable[[int, int, int], float]
    """Duration from decoding sequences, the context they read, prefill tokens."""

    def run(self, requests: list[Request]) -> None:
        """Serve requests that stand in order of arrival; fills in their times."""
        self.free, self.waiting, self.running = self.blocks, deque(), []
        coming, now_s = deque(requests), 0.0
        while coming or self.waiting or self.running:
            if not self.waiting and not self.running:
                now_s = max(now_s, coming[0].arrival_s)
            while coming and coming[0].arrival_s <= now_s:
                self.waiting.append(coming.popleft())
            scheduled, evicted = self._schedule(now_s)
            if scheduled:
                now_s += self._duration(scheduled)
                self._update(scheduled, now_s)
            elif not evicted:
                raise AssertionError("nothing can run")

    def _needed(self, tokens: int) -> int:
        return -(-tokens // self.block_size)

    def _schedule(self, now_s: float) -> tuple[list[tuple[Request, int]], bool]:
        budget, scheduled, evicted, place = self.max_num_batched_tokens, [], False, 0
        while place < len(self.running) and budget:
            request = self.running[place]
            tokens = min(request.tokens - request.computed, budget)
            while self._needed(request.computed + tokens) - request.blocks > self.free:
                victim = self.running.pop()
                self._evict(victim)
                evicted = True
                if victim is request:
                    return scheduled, evicted
            self._take(request, tokens, scheduled)
            budget -= tokens
            place += 1
        while not evicted and self.waiting and budget and len(self.running) < self.max_num_seqs:
            request = self.waiting[0]
            tokens = min(request.tokens, budget)
            kept_free = int(self.watermark * (self.blocks + 1)) if self.running else 0
            if self._needed(request.tokens if self.reserve_full else tokens) + kept_free > self.free:
                break
            self.running.append(self.waiting.popleft())
            if request.scheduled_s < 0:
                request.scheduled_s = now_s
            self._take(request, tokens, scheduled)
            budget -= tokens
        return scheduled, evicted

    def _take(self, request: Request, tokens: int, scheduled: list[tuple[Request, int]]) -> None:
        blocks = self._needed(request.computed + tokens)
        self.free -= blocks - request.blocks
        request.blocks = blocks
        scheduled.append((request, tokens))

    def _evict(self, request: Request) -> None:
        self.free += request.blocks
        request.blocks = request.computed = 0
        request.decoding = False
        request.preemptions += 1
        self.waiting.appendleft(request)

    def _duration(self, scheduled: list[tuple[Request, int]]) -> float:
        decodes = [request.computed + 1 for request, _ in scheduled if request.decoding]
        prefill = sum(tokens for request, tokens in scheduled if not request.decoding)
        return self.step_s(len(decodes), sum(decodes), prefill)

    def _update(self, scheduled: list[tuple[Request, int]], now_s: float) -> None:
        for request, tokens in scheduled:
            request.computed += tokens
            if request.computed < request.tokens:
                continue
            request.produced += 1
            request.decoding = True
            if request.first_token_s < 0:
                request.first_token_s = now_s
            if request.produced == request.output:
                request.finish_s = now_s
                self.free += request.blocks
                self.running.remove(request)
