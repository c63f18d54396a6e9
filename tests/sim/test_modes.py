"""Stretches equal single steps, and nothing is lost, on random small scenarios."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.metrics.queueing import area_s, waits
from infersim.records import COMPLETED, REJECTED
from infersim.spec.fleet import VllmEngine
from infersim.workload.traffic import ClosedTraffic, OpenTraffic, Traffic
from tests.sim.helpers import LinearTiming, open_traffic, run_cluster

TIMES = ("scheduled_s", "first_token_s", "finish_s", "arrival_s")


@dataclass(frozen=True)
class World:
    traffic: object  # makes the traffic afresh, since a closed loop's lengths are consumed
    options: dict
    requests: int


@st.composite
def worlds(draw) -> World:
    count = draw(st.integers(1, 40))
    lengths = st.tuples(st.integers(1, 120), st.integers(1, 60))
    pairs = draw(st.lists(lengths, min_size=count, max_size=count))
    kind = draw(st.sampled_from(["deterministic", "all at once", "closed loop", "irregular", "lockstep"]))
    prompt, output = zip(*pairs, strict=True)
    if kind == "closed loop":
        clients, think_s = draw(st.integers(1, 8)), draw(st.sampled_from([0.0, 0.013, 0.2]))
        nothing = np.zeros(0, dtype=np.int64)
        empty = OpenTraffic(np.zeros(0), nothing, nothing, nothing)

        def traffic():
            closed = ClosedTraffic(0, clients, think_s, iter(pairs * 40))
            return Traffic(empty, (closed,), count, None, (None,))

    elif kind == "lockstep":  # equal requests on many replicas: boundaries coincide, and answers send more
        prompt, output = [pairs[0][0]] * count, [pairs[-1][1]] * count
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

    seqs = draw(st.integers(1, 12))
    engine = VllmEngine(
        max_num_seqs=seqs,
        max_num_batched_tokens=draw(st.integers(seqs + 1, 200)),
        block_size=draw(st.sampled_from([1, 4, 16])),
        watermark=draw(st.sampled_from([0.0, 0.05])),
        scheduler_reserve_full_isl=draw(st.booleans()),
    )
    timing = LinearTiming(
        context_s=draw(st.sampled_from([0.0, 1e-6, 1e-5])),
        knot_tokens=draw(st.sampled_from([float("inf"), 300, 900])),
        steep_s=2e-6,
    )
    blocks = draw(st.integers(80, 400)) // engine.block_size + 1
    frontend_s = draw(st.sampled_from([0.0, 0.0155]))
    replicas = draw(st.sampled_from([2, 3, 5] if kind == "lockstep" else [1, 1, 2]))
    options = {"engine": engine, "timing": timing, "capacity_blocks": blocks}
    return World(traffic, options | {"frontend_s": frontend_s, "replicas": replicas}, count)


def both(world: World):
    return (run_cluster(world.traffic(), single=single, **world.options).requests for single in (False, True))


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_stretches_equal_single_steps(world):
    stretches, single = both(world)
    for name in TIMES:
        np.testing.assert_allclose(stretches[name], single[name], rtol=1e-9, atol=1e-12)
    for name in ("status", "preemptions", "prompt_tokens", "output_tokens", "replica"):
        np.testing.assert_array_equal(stretches[name], single[name])


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_both_modes_stop_at_the_same_last_send(world):
    chunks, outcomes = ([], []), []
    for single in (False, True):
        options = world.options | {"single": single, "consume": chunks[single].append, "to_last_send": True}
        outcomes.append(run_cluster(world.traffic(), **options))
    stretches, single = outcomes
    assert stretches.horizon_s == pytest.approx(single.horizon_s, rel=1e-9)
    assert stretches.horizon_s == stretches.requests["arrival_s"].max()
    np.testing.assert_array_equal(stretches.requests["status"], single.requests["status"])
    steps = [sum(int(chunk["steps"].sum()) for chunk in part) for part in chunks]
    assert steps[0] == steps[1]  # those under way among them


@pytest.mark.parametrize("frontend_s", [0.0, 0.0155])
def test_boundaries_of_one_time_have_one_order_in_both_modes(frontend_s):
    """Three replicas in lockstep: a class of three closed loops, and one whose client sends one request at a time."""
    opened = open_traffic(np.zeros(8), [5] * 8, [8] * 8).open

    def traffic():
        return Traffic(opened, (ClosedTraffic(1, 3, 0.0, iter([(5, 40)] * 99)),), 8, None, (1, None))

    world = World(traffic, {"replicas": 3, "engine": VllmEngine(max_num_seqs=2), "frontend_s": frontend_s}, 8)
    stretches, single = both(world)
    assert stretches["replica"].tolist() == single["replica"].tolist()
    np.testing.assert_allclose(stretches["finish_s"], single["finish_s"], rtol=1e-9)


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_nothing_is_lost_and_time_does_not_go_back(world):
    chunks = []
    outcome = run_cluster(world.traffic(), consume=chunks.append, **world.options)
    requests = outcome.requests
    status = requests["status"]
    assert status.size == world.requests
    assert np.isin(status, (COMPLETED, REJECTED)).all()  # a drained run leaves nobody behind
    done = {name: column[status == COMPLETED] for name, column in requests.items()}
    assert (done["arrival_s"] <= done["scheduled_s"]).all()
    assert (done["scheduled_s"] < done["first_token_s"]).all()
    assert (done["first_token_s"] <= done["finish_s"]).all()
    assert np.array_equal(done["first_token_s"] < done["finish_s"], done["output_tokens"] > 1)
    columns = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]} if chunks else {}
    if not columns:
        assert not done["arrival_s"].size
        return
    assert columns["kv_last_blocks"].max() <= world.options["capacity_blocks"]
    assert (columns["kv_block_steps"] <= columns["steps"] * columns["kv_last_blocks"]).all()
    assert (columns["end_s"] > columns["start_s"]).all()
    # Every token asked for is sampled once, however often its request was evicted.
    assert (columns["steps"] * columns["sampled_seqs"]).sum() == done["output_tokens"].sum()
    assert_littles_law(outcome, done, columns)


def assert_littles_law(outcome, done, columns):
    """∫ requests in the system dt, from steps and queue, equals the sum of the requests' stays."""
    in_steps = ((columns["decode_seqs"] + columns["prefill_chunks"]) * (columns["end_s"] - columns["start_s"])).sum()
    end_s = done["finish_s"].max()
    enter, leave = waits(done, outcome.requeues, end_s)
    stays = (done["finish_s"] - done["arrival_s"]).sum()
    assert in_steps + area_s(enter, leave, 0.0, end_s) == pytest.approx(stays, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_the_same_world_gives_the_same_times(world):
    first, again = (run_cluster(world.traffic(), **world.options).requests for _ in range(2))
    for name, column in first.items():
        np.testing.assert_array_equal(column, again[name])
