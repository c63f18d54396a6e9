"""What of the prompts a prefix cache of endless size would have saved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from infersim.spec.workload import TrafficClass
from infersim.workload.prefixes import beginnings
from infersim.workload.requests import Blocks


def shares(traffic: TrafficClass) -> bool:
    """Whether prompts of a class have anything in common that its spec tells of."""
    grows = traffic.sessions is not None and traffic.sessions.keeps_context
    recorded = traffic.trace is not None and traffic.trace.format == "sessions"
    return grows or recorded or traffic.shared_prefix_tokens is not None or traffic.distinct_prompts is not None


def reused_tokens(traffic: TrafficClass, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Tokens of each prompt that were sent or answered before, where the spec tells of them, without block rounding.

    Args:
        traffic: the class.
        columns: as for `prefixes.of_class`.
    """
    prompt = columns["prompt_tokens"]
    found = columns["shared_prefix_tokens"] if "shared_prefix_tokens" in columns else np.zeros_like(prompt)
    found = np.clip(found, 0, prompt)
    if traffic.trace is not None:
        return found
    head, head_tokens, text = beginnings(traffic, columns)
    if traffic.shared_prefix_tokens is not None:
        found = np.maximum(found, _longest_before(head, head_tokens))
    if traffic.distinct_prompts is not None:
        found = np.maximum(found, _longest_before(text, prompt))
    return np.minimum(found, prompt)


def reused_by_blocks(blocks: Blocks, prompt_tokens: np.ndarray) -> np.ndarray:
    """Tokens of each prompt in the blocks at its beginning that earlier prompts had, too."""
    counts = np.diff(blocks.starts)
    known = np.ones(len(blocks.ids), dtype=bool)
    known[np.unique(blocks.ids, return_index=True)[1]] = False
    place = np.arange(len(known)) - np.repeat(blocks.starts[:-1], counts)
    some = counts > 0
    first_new = np.where(known, np.iinfo(np.int64).max, place)
    leading = np.zeros(len(counts), dtype=np.int64)
    if some.any():
        leading[some] = np.minimum.reduceat(first_new, blocks.starts[:-1][some])
    return np.minimum(np.minimum(leading, counts) * blocks.block_tokens, prompt_tokens)


def _longest_before(group: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """The most tokens of any earlier member of each one's group, not more than its own; 0 for the first."""
    if not tokens.size:
        return tokens
    order = np.argsort(group, kind="stable")
    step = int(tokens.max()) + 1
    rank = np.cumsum(np.diff(group[order], prepend=group[order][0]) > 0)
    so_far = np.maximum.accumulate(rank * step + tokens[order])  # a later group is above all of an earlier one
    before = np.concatenate([[0], so_far[:-1]]) - rank * step
    found = np.empty_like(tokens)
    found[order] = np.clip(before, 0, tokens[order])
    return found
