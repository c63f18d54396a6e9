"""Random small worlds: an engine of any kind, its memory, its traffic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from infersim.sim.batching.limits import limits_of
from infersim.spec import engines
from infersim.workload.bounds import Bounds
from infersim.workload.traffic import ClosedTraffic, OpenTraffic, Traffic
from tests.sim.helpers import LinearTiming, open_traffic
from tests.workload.session_cases import begun_at, taken_by

KINDS = (
    "vllm", "vllm_interval", "vllm_whole", "trtllm", "sglang", "static", "gaudi", "neuronx", "llamacpp", "mlx",
    "jetstream",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    traffic: object  # makes the traffic afresh, since a closed loop's lengths are consumed
    options: dict
    requests: int


def engine_of(draw, kind: str) -> engines.AnyEngine:
    """An engine of small limits."""
    seqs, block = draw(st.integers(1, 12)), draw(st.sampled_from([1, 4, 16]))
    tokens, flag = draw(st.integers(seqs + 1, 200)), draw(st.booleans())
    if kind.startswith("vllm"):
        whole = kind == "vllm_whole"
        return engines.VllmEngine(
            max_num_seqs=seqs,
            max_num_batched_tokens=tokens,
            block_size=block,
            watermark=draw(st.sampled_from([0.0, 0.05])),
            scheduler_reserve_full_isl=flag,
            enable_chunked_prefill=not whole,
            prefill_schedule_interval=draw(st.integers(2, 9)) if kind == "vllm_interval" else 1,
        )
    if kind == "trtllm":
        policy = draw(st.sampled_from(["guaranteed_no_evict", "max_utilization", "static_batch"]))
        limits = {"max_batch_size": seqs, "max_num_tokens": max(tokens, block), "enable_chunked_context": flag}
        if draw(st.booleans()):
            limits |= {"batch_wait_timeout_iters": draw(st.integers(1, 9)), "batch_wait_max_tokens_ratio": 0.7}
        return engines.TrtllmEngine(kind="trtllm", scheduler_policy=policy, tokens_per_block=block, **limits)
    if kind == "sglang":
        return engines.SglangEngine(
            kind="sglang",
            max_running_requests=seqs,
            chunked_prefill_size=draw(st.sampled_from([-1, 16, 48, 208])),
            max_prefill_tokens=draw(st.sampled_from([40, 150, 1000])),
            schedule_conservativeness=draw(st.sampled_from([0.1, 0.4, 1.0])),
            page_size=block,
            enable_mixed_chunk=flag,
            scheduler_recv_interval=draw(st.sampled_from([1, 1, 3, 7])),
        )
    if kind in ("static", "gaudi", "neuronx"):
        spec = {"static": engines.StaticEngine, "gaudi": engines.GaudiEngine, "neuronx": engines.NeuronxEngine}[kind]
        timeout = draw(st.sampled_from([None, 0.0, 0.03, 1.0]))
        return spec(kind=kind, batch_size=seqs, max_prefill_tokens=tokens, batch_timeout_s=timeout)
    if kind == "llamacpp":
        return engines.LlamacppEngine(kind=kind, n_parallel=seqs, n_batch=tokens, n_ubatch=draw(st.integers(3, 90)))
    if kind == "mlx":
        return engines.MlxEngine(kind=kind, prefill_step_size=tokens)
    return engines.JetstreamEngine(kind="jetstream", batch_size=seqs, max_input_sequence_length=tokens)


@st.composite
def worlds(draw, kinds=KINDS) -> World:
    count = draw(st.integers(1, 40))
    lengths = st.tuples(st.integers(1, 120), st.integers(1, 60))
    pairs = draw(st.lists(lengths, min_size=count, max_size=count))
    kind = draw(st.sampled_from(["deterministic", "all at once", "closed loop", "irregular", "lockstep", "sessions"]))
    prompt, output = zip(*pairs, strict=True)
    if kind == "closed loop":
        clients, think_s = draw(st.integers(1, 8)), draw(st.sampled_from([0.0, 0.013, 0.2]))
        nothing = np.zeros(0, dtype=np.int64)
        empty = OpenTraffic(np.zeros(0), nothing, nothing, nothing)

        def traffic():
            closed = ClosedTraffic(0, clients, think_s, iter(pairs * 40))
            return Traffic(empty, (closed,), count, None, (None,))

    elif kind == "sessions":  # begun at times and taken by clients, beside a limit of requests in flight
        clients, pause_s = draw(st.integers(1, 4)), draw(st.sampled_from([0.0, 0.013, 0.2]))
        bounds = Bounds(draw(st.integers(100, 200)), 150, 60)
        starts_s = np.arange(count) * draw(st.sampled_from([0.0, 0.01, 0.05]))
        talks = [[(pause_s, *pair) for pair in pairs[k : k + 1 + k % 4]] for k in range(count)]

        def traffic():
            opened = open_traffic(np.zeros(count), prompt, output).open
            sessions = (begun_at(starts_s, *talks, number=1), taken_by(clients, *talks, number=2))
            return Traffic(opened, (), count, None, (2, None, None), sessions=sessions).bounded(bounds)

    elif kind == "lockstep":  # equal requests on many replicas: boundaries coincide, and answers send more
        prompt, output = [min(pairs[0][0], 9)] * count, [pairs[-1][1]] * count
        clients, cap = draw(st.integers(1, 6)), draw(st.integers(1, 3))

        def traffic():
            opened = open_traffic(np.zeros(count), prompt, output).open
            closed = ClosedTraffic(1, clients, 0.0, iter(list(zip(prompt, output, strict=True)) * 40))
            return Traffic(opened, (closed,), count, None, (cap, None))

    else:
        gap = draw(st.sampled_from([0.0005, 0.01, 0.0137, 0.1]))
        arrival = np.arange(count) * (0.0 if kind == "all at once" else gap)
        if kind == "irregular":
            arrival = np.cumsum(draw(st.lists(st.floats(0, 0.2), min_size=count, max_size=count)))

        def traffic():
            return open_traffic(arrival, prompt, output)

    engine = engine_of(draw, draw(st.sampled_from(kinds)))
    timing = LinearTiming(
        context_s=draw(st.sampled_from([0.0, 1e-6, 1e-5])),
        knot_tokens=draw(st.sampled_from([float("inf"), 300, 900])),
        steep_s=2e-6,
    )
    tokens = draw(st.integers(200, 400))
    limits = limits_of(engine)
    blocks = limits.slots * tokens if limits.slots else tokens // limits.block_size + 1
    frontend_s = draw(st.sampled_from([0.0, 0.0155]))
    replicas = draw(st.sampled_from([2, 3, 5] if kind == "lockstep" else [1, 1, 2]))
    options = {"engine": engine, "timing": timing, "capacity_blocks": blocks}
    return World(traffic, options | {"frontend_s": frontend_s, "replicas": replicas}, count)
