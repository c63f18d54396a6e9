"""Turns of sessions in columns, and sessions of one class as the simulation takes them: one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from infersim.records import CUT_OUTPUT, CUT_PROMPT, GOES_ON, LAST_TURN, NO_ROOM
from infersim.workload.bounds import Bounds

ANY_LENGTH = Bounds(2**62, 2**62, 2**62)


class Turn(NamedTuple):
    """One request of a session.

    Attributes:
        gap_s: from the answer before to its sending; of a first turn from when its session begins [s].
        prompt_tokens, output_tokens, reasoning_tokens, cut: as in `records.RequestTable`.
        session, turn: their numbers.
        shared_prefix_tokens: what of the prompt its session has sent or received before.
        ends: `records.GOES_ON`, `LAST_TURN`, or `NO_ROOM` where the next turn would not fit into the context.
    """

    gap_s: float
    prompt_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cut: int
    session: int
    turn: int
    shared_prefix_tokens: int
    ends: int


@dataclass(frozen=True)
class Turns:
    """Turns of some sessions, one session after another. Arrays of equal length but for `starts`.

    Attributes:
        starts: where each session's turns begin, and their end: one entry more than sessions.
        session, turn: numbers of each.
        gap_s: as in `Turn` [s].
        prompt_tokens: the new tokens of a generated turn; the whole prompt of a recorded one.
        output_tokens, reasoning_tokens: lengths, the latter part of the former.
        shared_prefix_tokens, cut, ends: as in `Turn`; zeros before `kept`.
    """

    starts: np.ndarray
    session: np.ndarray
    turn: np.ndarray
    gap_s: np.ndarray
    prompt_tokens: np.ndarray
    output_tokens: np.ndarray
    reasoning_tokens: np.ndarray
    shared_prefix_tokens: np.ndarray
    cut: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.turn)

    def scaled(self, prompt: float, output: float) -> Turns:
        """The same turns with all lengths times a factor, whole tokens and at least one."""
        longer = _at_least_one(self.output_tokens * output)
        return replace(
            self,
            prompt_tokens=_at_least_one(self.prompt_tokens * prompt),
            output_tokens=longer,
            reasoning_tokens=np.minimum(np.rint(self.reasoning_tokens * output).astype(np.int64), longer),
            shared_prefix_tokens=np.rint(self.shared_prefix_tokens * prompt).astype(np.int64),
        )

    def each(self) -> Iterator[Iterator[Turn]]:
        """Session after session, turn after turn."""
        columns = (
            self.gap_s, self.prompt_tokens, self.output_tokens, self.reasoning_tokens, self.cut,
            self.session, self.turn, self.shared_prefix_tokens, self.ends,
        )  # fmt: skip
        rows = list(map(Turn._make, zip(*(column.tolist() for column in columns), strict=True)))
        starts = self.starts.tolist()
        for begin, end in pairwise(starts):
            yield iter(rows[begin:end])


def kept(turns: Turns, bounds: Bounds, keeps_context: bool) -> Turns:
    """Generated turns as they are sent: prompts grown by what was said before, lengths cut to what a replica takes.

    A session that keeps its context ends where that is full: with the turn whose output no longer fits, which is cut,
    or before the turn whose prompt leaves no room for an output.

    Args:
        turns: with the new tokens of each turn as their prompts.
        bounds: what a replica takes.
        keeps_context: whether a prompt holds what was said before.
    """
    if not keeps_context:
        prompt, output, cut = bounds.cut(turns.prompt_tokens, turns.output_tokens)
        reasoning = np.minimum(turns.reasoning_tokens, output)
        whole = replace(turns, prompt_tokens=prompt, output_tokens=output, reasoning_tokens=reasoning, cut=cut)
        return _ending(whole, np.diff(turns.starts))
    first, counts = turns.starts[:-1], np.diff(turns.starts)
    new, output = turns.prompt_tokens.copy(), np.minimum(turns.output_tokens, bounds.most_output_tokens)
    new[first] = np.minimum(new[first], bounds.longest_prompt_tokens)
    reasoning = np.minimum(turns.reasoning_tokens, output)
    said = np.cumsum(new + output - reasoning)
    before = said - (new + output - reasoning)  # of all sessions so far, then of its own
    prompt = before - np.repeat(before[first], counts) + new
    room = np.minimum(output, np.maximum(bounds.most_tokens - prompt, 1))
    full = prompt > bounds.longest_prompt_tokens
    full[1:] |= (room < output)[:-1] & (turns.turn[1:] > 0)
    left = np.minimum.reduceat(np.where(full, turns.turn, np.iinfo(np.int64).max), first) if first.size else counts
    cut = CUT_PROMPT * (new < turns.prompt_tokens) + CUT_OUTPUT * (room < turns.output_tokens)
    grown = replace(
        turns,
        prompt_tokens=prompt,
        output_tokens=room,
        reasoning_tokens=np.minimum(reasoning, room),
        shared_prefix_tokens=_said_before(turns.turn, prompt, output, reasoning),
        cut=cut.astype(np.int8),
    )
    return _ending(grown, np.minimum(counts, left))


def _said_before(turn: np.ndarray, prompt: np.ndarray, output: np.ndarray, reasoning: np.ndarray) -> np.ndarray:
    """Tokens that a prompt begins with and that the turn before left: an answer after reasoning stood elsewhere."""
    whole = prompt + np.where(reasoning > 0, 0, output)
    return np.where(turn > 0, np.concatenate([[0], whole[:-1]]), 0) if turn.size else turn


def _ending(turns: Turns, counts: np.ndarray) -> Turns:
    """The first so many turns of each session, the last of them told from the others."""
    planned = np.diff(turns.starts)
    stays = turns.turn < np.repeat(counts, planned)
    starts = np.concatenate([[0], np.cumsum(counts)])
    columns = {name: column[stays] for name, column in vars(turns).items() if name != "starts"}
    columns["ends"] = np.full(starts[-1], GOES_ON, dtype=np.int8)
    columns["ends"][starts[1:] - 1] = np.where(counts < planned, NO_ROOM, LAST_TURN)
    return Turns(starts=starts, **columns)


def _at_least_one(tokens: np.ndarray) -> np.ndarray:
    return np.maximum(np.rint(tokens), 1).astype(np.int64)


@dataclass(frozen=True)
class SessionTraffic:
    """The sessions of one class, in the order in which they begin.

    Attributes:
        traffic_class: its number.
        turns: pieces of the sessions' turns, without end where they are generated.
        start_s: when sessions begin, ascending [s]; None where clients take them.
        clients: who take one session after another; 0 where sessions begin by themselves.
        think_s: between a client's sessions [s].
        recorded: whole prompts, which are never cut; else new tokens, to be grown by what was said before.
        keeps_context: whether they are.
        bounds: what a replica takes.
        total: turns in all, where there is an end.
    """

    traffic_class: int
    turns: Iterator[Turns]
    start_s: np.ndarray | None = None
    clients: int = 0
    think_s: float = 0.0
    recorded: bool = False
    keeps_context: bool = True
    bounds: Bounds = ANY_LENGTH
    total: int | None = None

    def scaled(self, prompt: float, output: float) -> SessionTraffic:
        """The class with all lengths times a factor, whole tokens and at least one."""
        return replace(self, turns=(piece.scaled(prompt, output) for piece in self.turns))

    def bounded(self, bounds: Bounds) -> SessionTraffic:
        """The class with generated lengths cut to the bounds."""
        return replace(self, bounds=bounds)

    def sessions(self) -> Iterator[Iterator[Turn]]:
        """The sessions, to be taken in their order; may be asked for once."""
        for piece in self.turns:
            yield from (piece if self.recorded else kept(piece, self.bounds, self.keeps_context)).each()
