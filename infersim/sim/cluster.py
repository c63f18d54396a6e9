"""A cluster: one pool's replicas behind a router, its clients in front, run to the end."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np

from infersim.records import RequestTable, Segments
from infersim.sim.batching.policy import UNBOUNDED, Policy
from infersim.sim.clients import Clients, Dispatcher
from infersim.sim.clock import Clock
from infersim.sim.kv_cache import KVCache
from infersim.sim.replica import Replica
from infersim.sim.router import KINDS
from infersim.sim.watch import Watch
from infersim.timing.model import TimingModel
from infersim.workload.traffic import OpenTraffic, Traffic


@dataclass(frozen=True)
class PoolPlan:
    """What a pool's replicas are made of.

    Attributes:
        replicas: how many.
        timing: step times of one.
        policy: makes the batching policy of one.
        capacity_blocks, block_size: KV memory of one.
        most_tokens: longest prompt + output that one takes.
        frontend_s: time by which the front end delays every token [s].
        frontend_serial_s: time for which a request keeps its replica's front end to itself [s].
        turnaround_s: from an answer's end to the next request of a client that waited for it; None: `frontend_s` [s].
        bundle_tokens: further tokens that the server sends along with the first one.
        most_prompt_tokens, most_output_tokens: longest prompt and longest output that one takes.
    """

    replicas: int
    timing: TimingModel
    policy: Callable[[], Policy]
    capacity_blocks: int
    block_size: int
    most_tokens: int
    frontend_s: float
    frontend_serial_s: float = 0.0
    turnaround_s: float | None = None
    bundle_tokens: float = 0.0
    most_prompt_tokens: int = UNBOUNDED
    most_output_tokens: int = UNBOUNDED


@dataclass(frozen=True)
class Outcome:
    """What a run leaves behind.

    Attributes:
        requests: the request table's columns; requests that were never sent are not among them.
        requeues: evictions and re-admissions, two arrays of times [s]; NaN for one that did not come back.
        pauses: gaps between tokens longer than a step (`RequestTable.pauses`): begin [s], length [s], class, requests.
        held_back: requests of the open classes that were due but that their client's own limit kept unsent at the end.
        events: replica events.
        horizon_s: when the run was stopped [s]; None where every request was answered.
    """

    requests: dict[str, np.ndarray]
    requeues: tuple[np.ndarray, np.ndarray]
    pauses: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    held_back: OpenTraffic
    events: int
    horizon_s: float | None


def run(
    traffic: Traffic,
    pool: PoolPlan,
    router_kind: str,
    rng: np.random.Generator,
    segments: Segments,
    *,
    single: bool = False,
    horizon_s: float | None = None,
    to_last_send: bool = False,
    on_stop: Callable[[float], None] = lambda horizon_s: None,
    watch: Watch | None = None,
) -> Outcome:
    """Simulate.

    Args:
        traffic: what is sent.
        pool: who answers.
        router_kind: a key of `router.KINDS`.
        rng: the router's stream.
        segments: where steps are written down.
        single: every decode step is an event of its own.
        horizon_s: stop here [s]; None runs until every request is answered.
        to_last_send: stop as the last request is sent.
        on_stop: told when the run was stopped [s], before the steps then under way are written down.
        watch: sees how far the run is, and may end it.
    """
    clock = Clock()
    table = _table(traffic)
    replicas = [
        Replica(
            number,
            clock,
            table,
            segments,
            pool.timing,
            pool.policy(),
            KVCache(pool.capacity_blocks, pool.block_size),
            single=single,
        )
        for number in range(pool.replicas)
    ]
    router = KINDS[router_kind](replicas, rng) if len(replicas) > 1 else None
    choose = router.choose if router is not None else lambda: replicas[0]
    limits = (pool.most_tokens, pool.most_prompt_tokens, pool.most_output_tokens)
    dispatcher = Dispatcher(table, choose, *limits, pool.frontend_serial_s, clock)
    turnaround_s = pool.frontend_s if pool.turnaround_s is None else pool.turnaround_s
    clients = Clients(clock, dispatcher, traffic, router, turnaround_s)
    if clients.listens:
        for replica in replicas:
            replica.listener = clients
    if horizon_s is not None:
        clock.stop_at(horizon_s)
    if to_last_send and traffic.most_requests is not None:
        dispatcher.at_send(traffic.most_requests, clock.stop_at)
    if watch is not None:
        watch.begin(clock, partial(_share_done, clock, traffic, clients, replicas, horizon_s))
    with _no_garbage_collection():
        clock.run_all()
        while clock.stopped_s is None and _last_calls(replicas, clock.now):
            clock.run_all()
    if watch is not None:
        watch.end()
    if clock.stopped_s is not None:
        on_stop(clock.stopped_s)
        for replica in replicas:
            replica.settle(clock.stopped_s)
    segments.flush()
    return _outcome(table, traffic, clients, replicas, clock.stopped_s)


def _share_done(
    clock: Clock, traffic: Traffic, clients: Clients, replicas: list[Replica], horizon_s: float | None
) -> float:
    """Requests done of those that will be sent, or where only time ends the run, time gone by."""
    until_s = horizon_s or traffic.until_s
    by_time = clock.now / until_s if until_s and (horizon_s or traffic.feeds_back) else 0.0
    waiting = sum(replica.batch.running() + len(replica.batch.waiting) for replica in replicas)
    return max(by_time, (clients.open.sent() - waiting) / (traffic.most_requests or math.inf))


def _table(traffic: Traffic) -> RequestTable:
    """Requests known beforehand stand in the table; where clients wait for answers they join it as they are sent."""
    classes, opened = len(traffic.max_in_flight), traffic.open
    if traffic.feeds_back:
        return RequestTable(classes=classes)
    columns = (opened.arrival_s, opened.prompt_tokens, opened.output_tokens, opened.traffic_class)
    return RequestTable.of(*columns, opened.reasoning_tokens, opened.cut, classes)


def _last_calls(replicas: list[Replica], now_s: float) -> int:
    """Tell every replica that nothing will arrive any more; returns how many plan once more."""
    return sum(replica.last_call(now_s) for replica in replicas)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """The run makes many objects and no cycles: looking for cycles costs a tenth of it and finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _outcome(
    table: RequestTable, traffic: Traffic, clients: Clients, replicas: list[Replica], horizon_s: float | None
) -> Outcome:
    columns = table.columns()
    unsent = np.array(clients.open.unsent_rows(), dtype=np.int64)
    if unsent.size:
        columns = {name: np.delete(column, unsent) for name, column in columns.items()}
    begin_s, length_s, traffic_class, seqs = (np.array(column) for column in table.pauses)
    return Outcome(
        columns,
        (np.array(table.requeues[0]), np.array(table.requeues[1])),
        (begin_s, length_s, traffic_class, seqs),
        traffic.open.of(clients.open.held_back()),
        sum(replica.events for replica in replicas),
        horizon_s,
    )
