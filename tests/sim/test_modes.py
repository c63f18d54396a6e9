"""Stretches equal single steps, and nothing is lost, on random small scenarios."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.metrics.queueing import area_s, waits
from infersim.records import COMPLETED, REJECTED
from infersim.spec.engines import VllmEngine
from infersim.workload.traffic import ClosedTraffic, Traffic
from tests.sim.helpers import open_traffic, run_cluster
from tests.sim.worlds import KINDS, World, worlds

TIMES = ("scheduled_s", "first_token_s", "finish_s", "arrival_s")


def both(world: World):
    return (run_cluster(world.traffic(), single=single, **world.options).requests for single in (False, True))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_stretches_equal_single_steps(kind, data):
    stretches, single = both(data.draw(worlds((kind,))))
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


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_nothing_is_lost_and_time_does_not_go_back(kind, data):
    world, chunks = data.draw(worlds((kind,))), []
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
    assert_gaps_add_up(outcome, done, columns)
    if kind == "vllm":  # whoever runs is in every step
        assert_littles_law(outcome, done, columns)


def assert_gaps_add_up(outcome, done, columns):
    """Gaps between tokens, from steps and pauses, are as many as tokens after the first, and as long in all."""
    steps, seqs = columns["steps"], columns["paced_seqs"]
    _, pauses_s, _, paused = outcome.pauses
    assert (steps * seqs).sum() + paused.sum() == (done["output_tokens"] - 1).sum()
    gaps_s = ((columns["end_s"] - columns["start_s"]) * seqs).sum() + (pauses_s * paused).sum()
    assert gaps_s == pytest.approx((done["finish_s"] - done["first_token_s"]).sum(), rel=1e-9, abs=1e-9)


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
