"""Requests of one class in columns: when they are sent, how long they are, what their prompts share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Blocks:
    """Block hashes of prompts: two prompts with the same first k ids begin with the same k blocks of tokens.

    Attributes:
        block_tokens: tokens a block.
        ids: the ids of all requests' blocks, one request after another, int64.
        starts: where each request's ids begin in `ids`, and their end: one entry more than requests, int64.
    """

    block_tokens: int
    ids: np.ndarray
    starts: np.ndarray

    def first(self, count: int) -> Blocks:
        """Those of the first `count` requests."""
        starts = self.starts[: count + 1]
        return Blocks(self.block_tokens, self.ids[: starts[-1]], starts)


@dataclass(frozen=True)
class Requests:
    """Requests by arrival. Arrays of equal length.

    Attributes:
        arrival_s: ascending [s], float64.
        prompt_tokens, output_tokens: at least 1 each, int64.
        blocks: block hashes of the prompts, where they are known.
        reasoning_tokens: what of the outputs is thinking ahead of the answer, where there is any, int64.
    """

    arrival_s: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    blocks: Blocks | None = None
    reasoning_tokens: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.arrival_s)

    def first(self, limit: int | None, until_s: float | None) -> Requests:
        """At most `limit` of them, and those before `until_s` [s]; None for no such bound."""
        count = len(self) if until_s is None else int(np.searchsorted(self.arrival_s, until_s))
        count = count if limit is None else min(count, limit)
        if count == len(self):
            return self
        blocks = None if self.blocks is None else self.blocks.first(count)
        reasoning = None if self.reasoning_tokens is None else self.reasoning_tokens[:count]
        return Requests(
            self.arrival_s[:count], self.prompt_tokens[:count], self.output_tokens[:count], blocks, reasoning
        )
