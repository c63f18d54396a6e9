"""Small worlds for tests: a replica with a made-up step time, fed by hand or by a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from infersim.records import RequestTable, Segments
from infersim.sim import cluster
from infersim.sim.batching.choose import policy_of
from infersim.sim.batching.limits import limits_of
from infersim.sim.clock import ARRIVAL, Clock
from infersim.sim.kv_cache import KVCache
from infersim.sim.replica import Replica
from infersim.sim.sequence import Sequence
from infersim.spec.engines import AnyEngine, VllmEngine
from infersim.timing.shape import BatchShape
from infersim.workload.traffic import OpenTraffic, Traffic


@dataclass(frozen=True)
class LinearTiming:
    """base + per_token · tokens + per_context · context, with a knot where the context's line grows steeper."""

    base_s: float = 0.010
    token_s: float = 20e-6
    context_s: float = 0.0
    knot_tokens: float = float("inf")
    steep_s: float = 0.0

    def step_s(self, shape: BatchShape) -> float:
        over = max(0.0, shape.decode_context_tokens - self.knot_tokens)
        tokens = shape.decode_seqs + shape.prefill_tokens
        return self.base_s + self.token_s * tokens + self.context_s * shape.decode_context_tokens + self.steep_s * over

    def decode_piece(self, shape: BatchShape) -> tuple[float, float, int]:
        context, grows = shape.decode_context_tokens, shape.decode_seqs
        if context >= self.knot_tokens:
            return self.step_s(shape), (self.context_s + self.steep_s) * grows, 1 << 60
        slope = self.context_s * grows
        if self.knot_tokens == float("inf"):
            return self.step_s(shape), slope, 1 << 60
        return self.step_s(shape), slope, int((self.knot_tokens - context) // grows) + 1

    def work(self, columns):
        return columns["steps"], columns["steps"]


@dataclass
class Story:
    """One replica fed by hand, whose log reads as a story."""

    engine: AnyEngine = field(default_factory=VllmEngine)
    timing: LinearTiming = field(default_factory=LinearTiming)
    capacity_blocks: int = 10_000
    single: bool = False

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.table = RequestTable()
        self.rows: list[dict[str, np.ndarray]] = []
        self.segments = Segments(self.rows.append)
        kv = KVCache(self.capacity_blocks, limits_of(self.engine).block_size)
        policy = policy_of(self.engine, self.capacity_blocks)
        self.replica = Replica(
            0, self.clock, self.table, self.segments, self.timing, policy, kv, single=self.single, listener=self
        )
        self.finishes: list[tuple[float, int]] = []

    def finished(self, replica, row, now_s):
        self.finishes.append((now_s, row))

    def arrive(self, at_s: float, prompt: int, output: int) -> int:
        row = self.table.append(at_s, prompt, output, 0)
        sequence = Sequence(row, prompt, output)
        self.clock.at(at_s, lambda wake: self.replica.arrive(sequence, wake.at_s), ARRIVAL)
        return row

    def run(self) -> list[tuple[float, int, int, int]]:
        """Segments as (end of its last step, steps, decoding sequences, prefill tokens)."""
        self.clock.run_all()
        self.segments.flush()
        names = ("end_s", "steps", "decode_seqs", "prefill_tokens")
        rows = zip(*(np.concatenate([chunk[name] for chunk in self.rows]) for name in names), strict=True)
        return [(round(float(end), 9), int(steps), int(seqs), int(tokens)) for end, steps, seqs, tokens in rows]


def open_traffic(arrival_s, prompt, output) -> Traffic:
    """Traffic of one open class."""
    count = len(arrival_s)
    columns = (np.array(prompt, dtype=np.int64), np.array(output, dtype=np.int64), np.zeros(count, dtype=np.int64))
    return Traffic(OpenTraffic(np.array(arrival_s, dtype=float), *columns), (), None, None, (None,))


def run_cluster(
    traffic: Traffic,
    *,
    timing=None,
    engine: AnyEngine | None = None,
    capacity_blocks: int = 10_000,
    replicas: int = 1,
    frontend_s: float = 0.0,
    consume=lambda columns: None,
    **options,
) -> cluster.Outcome:
    """Run traffic through replicas with a made-up step time."""
    engine = engine or VllmEngine()
    limits = limits_of(engine)
    most_tokens = capacity_blocks * limits.block_size - limits.kept_tokens
    plan = cluster.PoolPlan(
        replicas=replicas,
        timing=timing or LinearTiming(),
        policy=lambda: policy_of(engine, capacity_blocks),
        capacity_blocks=capacity_blocks,
        block_size=limits.block_size,
        most_tokens=most_tokens + 1 if engine.kind == "vllm" else most_tokens,
        frontend_s=frontend_s,
        most_prompt_tokens=limits.most_prompt_tokens,
        most_output_tokens=limits.most_output_tokens,
    )
    rng = np.random.default_rng(0)
    segments = Segments(consume, len(traffic.max_in_flight))
    return cluster.run(traffic, plan, "least_outstanding", rng, segments, **options)
