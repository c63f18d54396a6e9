"""Replays recorded scenarios through the replica of the simulation and compares every step.

Time is in whole microseconds, which floats hold exactly, since some arrivals fall exactly on a step's end. The
recordings' clock: a step over n tokens takes 10 ms + 20 µs · n, a step over none takes no time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from infersim.records import RequestTable, Segments
from infersim.replay.recording import MICROSECONDS, Recording, read, to_microseconds
from infersim.sim.batch import Batch
from infersim.sim.batching.policy import UNBOUNDED
from infersim.sim.batching.vllm import Vllm
from infersim.sim.clock import ARRIVAL, Clock
from infersim.sim.kv_cache import KVCache
from infersim.sim.replica import Replica
from infersim.sim.sequence import Sequence
from infersim.spec.engines import VllmEngine
from infersim.timing.shape import BatchShape

STEP_US, TOKEN_US = 10_000.0, 20.0
STEP_FIELDS = (
    "start_s",
    "end_s",
    "scheduled",
    "admitted",
    "preempted",
    "finished",
    "running",
    "waiting",
    "free_after_schedule",
    "free_after_step",
)


class AffineTiming:
    """The recordings' made-up step time [µs]."""

    def step_s(self, shape: BatchShape) -> float:
        return STEP_US + TOKEN_US * (shape.decode_seqs + shape.prefill_tokens)

    def decode_piece(self, shape: BatchShape) -> tuple[float, float, int]:
        return self.step_s(shape), 0.0, UNBOUNDED

    def work(self, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        nothing = np.zeros_like(columns["steps"])
        return nothing, nothing


class TooManySteps(Exception):  # noqa: N818
    """A replay goes on beyond its recording: for ever, where requests evict themselves again and again."""


class StepLog:
    """Writes down every step in the recordings' fields.

    Args:
        ids: of the requests, by row.
        capacity_blocks: usable blocks.
        most: so many steps are written down; one more raises `TooManySteps`.
    """

    def __init__(self, ids: list[str], capacity_blocks: int, most: int):
        self.steps: list[dict[str, Any]] = []
        self._most = most
        self.peak_used_blocks = 0
        self._ids = ids
        self._capacity_blocks = capacity_blocks

    def planned(self, batch: Batch, start_s: float) -> None:
        if len(self.steps) == self._most:
            raise TooManySteps
        ids, free = self._ids, batch.free_blocks()
        scheduled = {ids[sequence.row]: 1 for sequence in batch.decoding} if batch.decodes else {}
        scheduled.update({ids[sequence.row]: tokens for sequence, tokens in batch.chunks})
        self.peak_used_blocks = max(self.peak_used_blocks, self._capacity_blocks - free)
        self.steps.append(
            {
                "start_s": start_s,
                "scheduled": list(scheduled.items()),
                "admitted": {ids[sequence.row]: 0 for sequence in batch.admitted},
                "preempted": [ids[sequence.row] for sequence in batch.evicted],
                "running": batch.running(),
                "waiting": len(batch.waiting),
                "free_after_schedule": free,
            }
        )

    def ended(self, batch: Batch, end_s: float, finished: list[Sequence]) -> None:
        self.steps[-1] |= {
            "end_s": end_s,
            "finished": [self._ids[sequence.row] for sequence in finished],
            "free_after_step": self._capacity_blocks - batch.kv.used_blocks,
        }


class Replay:
    """One scenario, run through a replica."""

    def __init__(self, recording: Recording, *, single: bool):
        config, requests = recording.config, recording.requests
        capacity = config.num_gpu_blocks - 1  # the null block
        self.table = RequestTable(len(requests))
        self.log = StepLog([request.id for request in requests], capacity, recording.summary.num_steps + 1)
        self.clock = Clock()
        policy = Vllm(
            VllmEngine(
                max_num_seqs=config.max_num_seqs,
                max_num_batched_tokens=config.max_num_batched_tokens,
                watermark=config.watermark,
                scheduler_reserve_full_isl=config.scheduler_reserve_full_isl,
            ),
            capacity,
        )
        self._replica = Replica(
            0,
            self.clock,
            self.table,
            Segments(lambda columns: None),
            AffineTiming(),
            policy,
            KVCache(capacity, config.block_size),
            single=single,
            observer=self.log,
        )
        self.sequences = [
            # A request ends at max_model_len at the latest.
            Sequence(row, r.prompt_tokens, min(r.output_tokens, config.max_model_len - r.prompt_tokens))
            for row, r in enumerate(requests)
        ]
        for sequence, request in zip(self.sequences, requests, strict=True):
            self.table.arrival_s[sequence.row] = to_microseconds(request.arrival_s)
            self._send(sequence, self.table.arrival_s[sequence.row])
        with suppress(TooManySteps):
            self.clock.run_all()

    def _send(self, sequence: Sequence, at_us: float) -> None:
        self.clock.at(at_us, lambda wake: self._replica.arrive(sequence, wake.at_s), ARRIVAL)


def replay_file(path: Path | str) -> dict[str, Any]:
    """Replay every scenario of a file of recorded schedules.

    Args:
        path: JSON lines, plain or gzipped.

    Returns:
        `{"path", "kind": "schedules", "rows", "refused": [{"row", "id", "why"}], "scenarios": [{"id", "stratum",
        "agrees", "first_difference"}]}`; `row` counts from 0.

    Raises:
        InputError: the file cannot be read as recordings.
    """
    recordings = read(Path(path))
    refused, scenarios = [], []
    for row, recording in enumerate(recordings):
        why = recording.refusal()
        if why:
            refused.append({"row": row, "id": recording.id, "why": why})
            continue
        difference = next(differences(recording), None)
        scenarios.append(
            {
                "id": recording.id,
                "stratum": recording.stratum,
                "agrees": difference is None,
                "first_difference": difference,
            }
        )
    return {
        "path": str(path),
        "kind": "schedules",
        "rows": len(recordings),
        "refused": refused,
        "scenarios": scenarios,
    }


def differences(recording: Recording) -> Iterator[str]:
    """What the simulation did otherwise, earliest first; single steps against the steps, both modes against results."""
    single = Replay(recording, single=True)
    yield from _step_differences(single, recording)
    yield from _result_differences(single, recording, "single steps")
    yield from _summary_differences(single, recording)
    yield from _result_differences(Replay(recording, single=False), recording, "stretches")


def _step_differences(replay: Replay, recording: Recording) -> Iterator[str]:
    for number, (ours, theirs) in enumerate(zip(replay.log.steps, recording.steps, strict=False)):
        for field in STEP_FIELDS:
            expected: Any = getattr(theirs, field)
            if field.endswith("_s"):
                expected = to_microseconds(expected)
            elif field == "scheduled":
                expected = [(request, tokens) for request, tokens in expected.items()]  # the order counts
            if ours[field] != expected:
                yield f"step {number}: {field} is {ours[field]}, recorded {expected}"
    count, summary = len(replay.log.steps), recording.summary
    if count > summary.num_steps:
        yield f"it goes on after the {summary.num_steps} steps recorded"
    elif count < summary.num_steps:
        yield f"{count} steps, recorded {summary.num_steps}"
    if summary.steps_recorded not in (None, len(recording.steps)):
        yield f"{len(recording.steps)} steps are recorded, the summary says {summary.steps_recorded}"


def _result_differences(replay: Replay, recording: Recording, mode: str) -> Iterator[str]:
    table = replay.table
    for sequence, theirs in zip(replay.sequences, recording.results, strict=True):
        row = sequence.row
        ours = {
            "first_token_s": _seconds(table.first_token_s[row]),
            "finish_s": _seconds(table.finish_s[row]),
            "output_tokens": sequence.output_tokens if table.finish_s[row] >= 0 else sequence.produced,
            "preemptions": table.preemptions[row],
        }
        for field, value in ours.items():
            expected = getattr(theirs, field)
            if value != expected:
                yield f"{mode}: request {theirs.id}: {field} is {value}, recorded {expected}"


def _summary_differences(replay: Replay, recording: Recording) -> Iterator[str]:
    table = replay.table
    ours = {
        "preemptions": sum(table.preemptions),
        "peak_used_blocks": replay.log.peak_used_blocks,
        "end": "drained" if all(finish >= 0 for finish in table.finish_s) else "stuck",
        "makespan_s": _seconds(replay.clock.now),
    }
    for field, value in ours.items():
        expected = getattr(recording.summary, field)
        if value != expected:
            yield f"{field} is {value}, recorded {expected}"


def _seconds(microseconds: float) -> float | None:
    return None if microseconds != microseconds else microseconds / MICROSECONDS
