"""What prompts share, as block hashes: made where somebody asks for them, at the block size asked for.

A prompt begins with one of the class's common beginnings, its head, and goes on with a text; prompts of one text are
beginnings of each other. Each synthetic request has a text of its own, or one of the `distinct_prompts`; a session that
keeps its context is one text from its first prompt to its last answer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from infersim.spec.workload import TrafficClass
from infersim.workload.requests import Blocks


def of_class(traffic: TrafficClass, columns: Mapping[str, np.ndarray], block_tokens: int) -> Blocks:
    """Hashes of the whole blocks of a class's prompts.

    Args:
        traffic: the class, synthetic or of recorded sessions.
        columns: `prompt_tokens` of its requests in the order of sending; of sessions also `output_tokens`,
            `session_id`, `turn` and `shared_prefix_tokens`, as in `records.RequestTable`.
        block_tokens: tokens a block.

    Returns:
        Two prompts with the same first k ids begin with the same k blocks, and no others do.
    """
    prompt = columns["prompt_tokens"]
    if traffic.trace is not None:
        output, shared = columns["output_tokens"], columns["shared_prefix_tokens"]
        return recorded_blocks(columns["session_id"], prompt, output, shared, block_tokens)
    return blocks(prompt, *beginnings(traffic, columns), block_tokens)


def beginnings(traffic: TrafficClass, columns: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The number of each request's head, how much of its prompt that is [tokens], and the number of its text."""
    begins = np.minimum(columns["prompt_tokens"], traffic.shared_prefix_tokens or 0)
    number = np.arange(len(columns["prompt_tokens"]))
    heads = traffic.shared_prefixes or 1
    if traffic.sessions is None:
        text = number % traffic.distinct_prompts if traffic.distinct_prompts is not None else number
        return text % heads, begins, text
    session = columns["session_id"]
    if not traffic.sessions.keeps_context:
        return session % heads, begins, number
    first = columns["turn"] == 0
    of_session = np.zeros(int(session.max()) + 1 if session.size else 0, dtype=np.int64)
    of_session[session[first]] = begins[first]
    return session % heads, of_session[session], session


def blocks(
    prompt: np.ndarray, head: np.ndarray, head_tokens: np.ndarray, text: np.ndarray, block_tokens: int
) -> Blocks:
    """Hashes of the whole blocks of prompts that begin with a head and go on with a text.

    Args:
        prompt: lengths [tokens].
        head, text: numbers of each, from 0.
        head_tokens: what of each prompt is the beginning of its head [tokens].
        block_tokens: tokens a block.
    """
    counts, common = prompt // block_tokens, head_tokens // block_tokens
    longest_head = int(common.max()) if common.size else 0
    starts = np.concatenate([[0], np.cumsum(counts)])
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], counts)
    longest = np.zeros(int(text.max()) + 1 if text.size else 0, dtype=np.int64)
    np.maximum.at(longest, text, counts)
    heads = (int(head.max()) + 1 if head.size else 0) * longest_head
    begins = heads + np.cumsum(longest) - longest
    of_head = place < np.repeat(common, counts)
    ids = np.where(of_head, np.repeat(head * longest_head, counts), np.repeat(begins[text], counts)) + place
    return Blocks(block_tokens, ids, starts)


def recorded_blocks(
    session: np.ndarray, prompt: np.ndarray, output: np.ndarray, shared: np.ndarray, block_tokens: int
) -> Blocks:
    """Hashes of the whole blocks of recorded turns, each of which begins as the turn before it in its session.

    Args:
        session: numbers of the sessions, turns of each in their order.
        prompt, output: lengths [tokens].
        shared: what of the prompt the turn before had, its answer included [tokens].
        block_tokens: tokens a block.
    """
    order = np.argsort(session, kind="stable")
    asked, held, common = (column[order] // block_tokens for column in (prompt, prompt + output, shared))
    kept = np.zeros_like(held)  # blocks of the turn before
    kept[1:] = np.where(np.diff(session[order]) == 0, np.minimum(common[1:], held[:-1]), 0)
    begins = np.cumsum(held) - held
    ids = np.arange(held.sum())
    first = np.flatnonzero(np.diff(session[order], prepend=-1))
    depth = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    of_depth = np.argsort(depth, kind="stable")
    for rows in np.split(of_depth, np.cumsum(np.bincount(depth)))[
        1:-1
    ]:  # second turns of all sessions, then third ones
        taken = _places(begins[rows], kept[rows])
        ids[taken] = ids[taken - np.repeat(held[rows - 1], kept[rows])]
    return Blocks(block_tokens, ids[_places(begins, asked)], np.r_[0, np.cumsum(asked)]).of(np.argsort(order))


def _places(begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The first so many places from each beginning on."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if ends.size else 0) + np.repeat(begins - ends + counts, counts)
