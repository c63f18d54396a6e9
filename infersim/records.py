"""Records: what a simulation writes down, in columns.

`RequestTable` has a row a request; `Segments` has a row a step, or a row a stretch of equal-batch decode steps, and
hands them on in chunks, so that memory does not grow with the run.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable

import numpy as np

IN_SYSTEM, COMPLETED, REJECTED = 0, 1, 2
STATUS_NAMES = ("in_system", "completed", "rejected")
CUT_PROMPT, CUT_OUTPUT = 1, 2
GOES_ON, LAST_TURN, NO_ROOM = 0, 1, 2
UNSET = float("nan")

TURN_COLUMNS = (
    "row",  # of the request table
    "session_id",  # its number in its class
    "turn",  # its number in its session
    "shared_prefix_tokens",  # what the prompt has in common with its session before it
    "ends",  # GOES_ON, LAST_TURN, or NO_ROOM: the session ends because its context is full
)

SEGMENT_COLUMNS = (
    "start_s",  # first step's start
    "end_s",  # last step's end
    "steps",  # steps in the segment; more than one only for decode stretches
    "first_s",  # duration of the first step
    "slope_s",  # growth of the duration from step to step
    "decode_seqs",  # sequences that decode in each step
    "decode_context_tokens",  # KV tokens that they read in the first step; grows by decode_seqs a step
    "prefill_chunks",  # prompts or parts of prompts computed
    "prefill_tokens",  # their tokens
    "prefill_context_tokens",  # KV tokens of earlier chunks that they read
    "prefill_work",  # their attention work [token pairs]
    "sampled_seqs",  # sequences that sample a token, in each step
    "paced_seqs",  # decoding sequences whose gap between tokens is the step: all but those that stood still before it
    "kv_block_steps",  # blocks held, summed over the steps
    "kv_first_blocks",  # blocks held in the first step
    "kv_last_blocks",  # blocks held in the last step
)


class RequestTable:
    """One row a request, in the order of sending.

    Args:
        rows: how many rows to begin with.
        classes: traffic classes that requests belong to.

    Times are seconds on the engine's clock; what never happened is NaN. `due_s` is when a request wanted to be sent,
    and `arrival_s` when it was: later where its client's own limit held it back. `requeues` holds each eviction and
    its re-admission, as two columns; `pauses` each gap between tokens longer than its step, made by a preemption or by
    steps in which decodes stood still: when it began, how long it was, the requests' class, how many requests.
    `reasoning_tokens` are part of the output; `cut` is the sum of `CUT_PROMPT` and `CUT_OUTPUT` where generated lengths
    were cut to what a replica takes. `turns` holds those rows that are turns of sessions, as columns: `TURN_COLUMNS`.
    """

    def __init__(self, rows: int = 0, classes: int = 1):
        self.classes = classes
        nothing = array("d", [UNSET])
        zero, minus = array("q", [0]), array("q", [-1])
        self.due_s = nothing * rows
        self.arrival_s = nothing * rows
        self.scheduled_s = nothing * rows
        self.first_token_s = nothing * rows
        self.finish_s = nothing * rows
        self.prompt_tokens = zero * rows
        self.output_tokens = zero * rows
        self.reasoning_tokens = zero * rows
        self.cut = array("b", [0]) * rows
        self.traffic_class = zero * rows
        self.preemptions = zero * rows
        self.status = zero * rows
        self.replica = minus * rows
        self.requeues = (array("d"), array("d"))
        self.pauses = (array("d"), array("d"), array("q"), array("q"))
        self.turns = tuple(array("q") for _ in TURN_COLUMNS)

    @classmethod
    def of(
        cls,
        arrival_s,
        prompt_tokens,
        output_tokens,
        traffic_class,
        reasoning_tokens=None,
        cut=None,
        classes: int = 1,
    ) -> RequestTable:
        """A table whose rows are known beforehand, from arrays of equal length; None for none."""
        table = cls(len(arrival_s), classes)
        table.due_s, table.arrival_s = (
            array("d", np.ascontiguousarray(arrival_s, dtype=float).tobytes()) for _ in range(2)
        )
        for name, values in (
            ("prompt_tokens", prompt_tokens),
            ("output_tokens", output_tokens),
            ("traffic_class", traffic_class),
            ("reasoning_tokens", reasoning_tokens),
        ):
            if values is not None:
                setattr(table, name, array("q", np.ascontiguousarray(values, dtype=np.int64).tobytes()))
        if cut is not None:
            table.cut = array("b", np.ascontiguousarray(cut, dtype=np.int8).tobytes())
        return table

    def append(
        self,
        arrival_s: float,
        prompt_tokens: int,
        output_tokens: int,
        traffic_class: int,
        due_s: float | None = None,
        reasoning_tokens: int = 0,
        cut: int = 0,
    ) -> int:
        """Add a request as it is sent, due at that time if nothing else is said; returns its row."""
        self.due_s.append(arrival_s if due_s is None else due_s)
        self.arrival_s.append(arrival_s)
        for column in (self.scheduled_s, self.first_token_s, self.finish_s):
            column.append(UNSET)
        self.prompt_tokens.append(prompt_tokens)
        self.output_tokens.append(output_tokens)
        self.reasoning_tokens.append(reasoning_tokens)
        self.cut.append(cut)
        self.traffic_class.append(traffic_class)
        self.preemptions.append(0)
        self.status.append(IN_SYSTEM)
        self.replica.append(-1)
        return len(self.arrival_s) - 1

    def is_turn(self, row: int, session: int, turn: int, shared_prefix_tokens: int, ends: int) -> None:
        """Say of a row that it is a turn of a session."""
        for column, value in zip(self.turns, (row, session, turn, shared_prefix_tokens, ends), strict=True):
            column.append(value)

    def __len__(self) -> int:
        return len(self.arrival_s)

    def columns(self) -> dict[str, np.ndarray]:
        """The table as arrays (copies); where there are sessions, with `TURN_COLUMNS` but the first, -1 for no turn."""
        times = ("due_s", "arrival_s", "scheduled_s", "first_token_s", "finish_s")
        lengths = ("prompt_tokens", "output_tokens", "reasoning_tokens", "cut")
        numbers = ("traffic_class", "preemptions", "status", "replica")
        columns = {name: np.array(getattr(self, name)) for name in (*times, *lengths, *numbers)}
        if len(self.turns[0]):
            rows = np.array(self.turns[0])
            for name, values in zip(TURN_COLUMNS[1:], self.turns[1:], strict=True):
                columns[name] = np.full(len(self), -1, dtype=np.int64)
                columns[name][rows] = values
        return columns


def last_send(requests: dict[str, np.ndarray], horizon_s: float | None = None) -> float:
    """Where arrivals stop: the horizon, or in a drained run the last of them [s]."""
    if horizon_s is not None:
        return horizon_s
    return float(requests["arrival_s"].max()) if requests["arrival_s"].size else 0.0


def class_column(number: int) -> str:
    """Column of the `paced_seqs` of one traffic class, kept where there are several."""
    return f"paced_seqs.{number}"


class Segments:
    """Buffer of segment rows that hands them on as columns.

    Args:
        consume: takes columns by name: `SEGMENT_COLUMNS`, and with several classes a `class_column` each.
        classes: traffic classes.
        chunk_rows: rows handed on at a time.
    """

    def __init__(self, consume: Callable[[dict[str, np.ndarray]], None], classes: int = 1, chunk_rows: int = 8192):
        self._names = (*SEGMENT_COLUMNS, *(class_column(i) for i in range(classes if classes > 1 else 0)))
        self._pack = struct.Struct(f"{len(self._names)}d").pack
        self._rows = bytearray()  # packed: three times faster to turn into columns than tuples
        self._consume = consume
        self._chunk_bytes = chunk_rows * 8 * len(self._names)

    def add(self, row: tuple[float, ...]) -> None:
        """Take a row, its values in the order of the columns."""
        self._rows += self._pack(*row)
        if len(self._rows) >= self._chunk_bytes:
            self.flush()

    def flush(self) -> None:
        """Hand on what is buffered."""
        if self._rows:
            columns = np.frombuffer(self._rows).reshape(-1, len(self._names)).T.copy()
            self._rows = bytearray()
            self._consume(dict(zip(self._names, columns, strict=True)))
