"""Requests of one class in columns: when they are sent, how long they are, what their prompts share."""

from __future__ import annotations

from dataclasses import dataclass, replace

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

    def of(self, which: np.ndarray | slice) -> Blocks:
        """Those of some of the requests, by their indices."""
        counts = np.diff(self.starts)[which]
        starts = np.r_[0, np.cumsum(counts)]
        places = np.arange(starts[-1]) + np.repeat(self.starts[:-1][which] - starts[:-1], counts)
        return Blocks(self.block_tokens, self.ids[places], starts)


@dataclass(frozen=True)
class Requests:
    """Requests by arrival. Arrays of equal length.

    Attributes:
        arrival_s: ascending [s], float64.
        prompt_tokens, output_tokens: at least 1 each, int64.
        blocks: block hashes of the prompts, where they are known.
        reasoning_tokens: what of the outputs is thinking ahead of the answer, where there is any, int64.
        notes: what a reader of the figures must know of how they were read, sentences without a full stop.
    """

    arrival_s: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    blocks: Blocks | None = None
    reasoning_tokens: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.arrival_s)

    def first(self, limit: int | None, until_s: float | None) -> Requests:
        """At most `limit` of them, and those before `until_s` [s]; None for no such bound."""
        count = len(self) if until_s is None else int(np.searchsorted(self.arrival_s, until_s))
        count = count if limit is None else min(count, limit)
        if count == len(self):
            return self
        return self.of(slice(count))

    def of(self, which: np.ndarray | slice) -> Requests:
        """Some of them, by their indices in the order of arrival."""
        columns = {
            name: column[which]
            for name in ("arrival_s", "prompt_tokens", "output_tokens", "reasoning_tokens")
            if (column := getattr(self, name)) is not None
        }
        return replace(self, **columns, blocks=None if self.blocks is None else self.blocks.of(which))
