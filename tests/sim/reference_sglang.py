"""SGLang's rules once more, token by token and request by request: slow, plain, and without a line of the simulator.

Written from the rules alone (first come first served, no radix cache, no mixed chunks), to be compared with.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(eq=False)
class Request:
    arrival_s: float
    prompt: int
    output: int
    computed: int = 0
    produced: int = 0
    pages: int = 0
    preemptions: int = 0
    scheduled_s: float = -1.0
    first_token_s: float = -1.0
    finish_s: float = -1.0

    @property
    def to_come(self) -> int:
        return min(self.output - self.produced, 4096)


@dataclass
class Server:
    pages: int
    page: int
    max_running: int
    chunk: int | None
    max_prefill: int
    conservativeness: float
    step_s: Callable[[int, int, int], float]
    """Duration from decoding sequences, the context they read, prefill tokens."""

    def run(self, requests: list[Request]) -> None:
        """Serve requests that stand in order of arrival; fills in their times."""
        self.free, self.waiting, self.running, self.chunked = self.pages, deque(), [], None
        self.ratio = self.first = min(0.7 * self.conservativeness, 1.0)
        self.full, self.now_s, coming = False, 0.0, deque(requests)
        while coming or self.waiting or self.running or self.chunked:
            if not (self.waiting or self.running or self.chunked):
                self.now_s = max(self.now_s, coming[0].arrival_s)
            while coming and coming[0].arrival_s <= self.now_s:
                self.waiting.append(coming.popleft())
            prefill = self._prefill_batch()
            if prefill:
                self._run_prefill(prefill)
            elif self.running:
                self._run_decode()
            else:
                raise AssertionError("nothing can run")

    # Prefill.

    def _prefill_batch(self) -> list[tuple[Request, int]]:
        if (self.full or not self.waiting) and self.chunked is None:
            return []
        batch: list[tuple[Request, int]] = []
        self.total = self.free * self.page - sum(request.to_come for request in self.running) * self.ratio
        self.inputs, self.left = self.max_prefill, self.chunk if self.chunk is not None else 10**9
        if self.chunked is not None:
            request = self.chunked
            # what is there when others have grown into what it had been promised
            tokens = min(request.prompt + request.produced - request.computed, self.left, self.free * self.page)
            if tokens:
                ends = request.computed + tokens == request.prompt + request.produced
                self._add(batch, request, tokens, request.to_come if ends else 0)
                self.chunked = None if ends else request
            if self.chunked is not None:
                return batch
        while self.waiting and not self.full:
            request = self.waiting[0]
            every = request.prompt + request.produced
            if len(self.running) + len(batch) >= self.max_running or self.total <= 0:
                self.full = True
                break
            if self.inputs <= 0 or self.left <= 0:
                break
            if every + request.to_come + self.page >= self.total:
                self.full = True
                break
            if self._rounded(every) >= self.inputs and batch:
                break
            self.waiting.popleft()
            if request.scheduled_s < 0:
                request.scheduled_s = self.now_s
            if every > self.left:
                self.chunked = request
                self._add(batch, request, self.left // self.page * self.page, 0)
                break
            self._add(batch, request, every, request.to_come)
        return batch

    def _rounded(self, tokens: int) -> int:
        return -(-tokens // self.page) * self.page

    def _add(self, batch: list[tuple[Request, int]], request: Request, tokens: int, to_come: int) -> None:
        batch.append((request, tokens))
        self._grow(request, request.computed + tokens)
        self.total -= self._rounded(tokens) + self.page + to_come
        self.inputs -= self._rounded(tokens)
        self.left -= self._rounded(tokens)

    def _grow(self, request: Request, tokens: int) -> None:
        pages = -(-tokens // self.page)
        self.free -= pages - request.pages
        request.pages = pages
        assert self.free >= 0

    def _run_prefill(self, batch: list[tuple[Request, int]]) -> None:
        self.now_s += self.step_s(0, 0, sum(tokens for _, tokens in batch))
        for request, tokens in batch:
            request.computed += tokens
            if request.computed == request.prompt + request.produced:
                self.running.append(request)
                self._token(request)

    # Decode.

    def _run_decode(self) -> None:
        retracted = False
        while self._lacks() and len(self.running) > 1:
            self._retract(min(self.running, key=lambda r: (r.produced, -r.prompt)), self.running)
            retracted = True
        if self._lacks():
            self._retract(self.chunked, None)
            self.chunked, retracted = None, True
        if retracted:
            asked = sum(request.output for request in self.running)
            produced = sum(request.produced for request in self.running)
            self.ratio = min((produced + 20 * len(self.running)) / (asked + 1), 1.0)
            self.full = False
        else:
            self.ratio = max(self.ratio - (self.first - 0.14 * self.first) / 600, 0.14 * self.first)
        context = sum(request.computed + 1 for request in self.running)
        self.now_s += self.step_s(len(self.running), context, 0)
        for request in self.running[:]:
            request.computed += 1
            self._grow(request, request.computed)
            self._token(request)

    def _lacks(self) -> bool:
        return sum(request.computed % self.page == 0 for request in self.running) > self.free

    def _retract(self, request: Request, running: list[Request] | None) -> None:
        if running is not None:
            running.remove(request)
        self.free += request.pages
        request.pages = request.computed = 0
        request.preemptions += 1
        self.waiting.append(request)

    def _token(self, request: Request) -> None:
        request.produced += 1
        if request.first_token_s < 0:
            request.first_token_s = self.now_s
        if request.produced == request.output:
            request.finish_s = self.now_s
            self.free += request.pages
            self.running.remove(request)
            self.full = False
