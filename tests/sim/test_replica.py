"""What a replica does, told step by step. A step takes 10 ms + 20 µs a token unless said otherwise."""

import math

import numpy as np
import pytest

from infersim.sim.clock import Clock
from infersim.spec.engines import VllmEngine
from tests.sim.helpers import LinearTiming, Story, open_traffic, run_cluster


def test_an_arrival_cuts_a_decode_stretch_at_the_next_step():
    story = Story()
    story.arrive(0.000, prompt=100, output=50)
    story.arrive(0.105, prompt=100, output=2)
    assert story.run()[:4] == [
        (0.01200, 1, 0, 100),  # 10 ms + 100 · 20 µs
        (0.11220, 10, 1, 0),  # ten decode steps of 10.02 ms as one event, cut at the first end after 0.105
        (0.12422, 1, 1, 100),  # the newcomer's prompt beside one decode: 10 ms + 101 · 20 µs
        (0.13426, 1, 2, 0),  # both decode: 10.04 ms, and the newcomer has its two tokens
    ]
    assert story.finishes[0] == (pytest.approx(0.13426), 1)


def test_an_arrival_that_cannot_be_admitted_cuts_nothing():
    story = Story(engine=VllmEngine(max_num_seqs=1))
    story.arrive(0.000, prompt=100, output=50)
    story.arrive(0.105, prompt=100, output=2)
    # 49 decode steps of 10.02 ms follow the prefill, whatever waits.
    assert story.run()[1] == (round(0.012 + 49 * 0.01002, 9), 49, 1, 0)


def test_an_arrival_at_a_boundary_joins_the_step_that_begins_there():
    story = Story(timing=LinearTiming(base_s=1.0, token_s=0.0))
    story.arrive(0.0, prompt=4, output=9)
    story.arrive(3.0, prompt=4, output=2)
    assert story.run()[:3] == [(1.0, 1, 0, 4), (3.0, 2, 1, 0), (4.0, 1, 1, 4)]


def test_a_long_prompt_is_split_and_decodes_go_first():
    story = Story(engine=VllmEngine(max_num_batched_tokens=100, max_num_seqs=8), timing=LinearTiming(1.0, 0.0))
    story.arrive(0.0, prompt=50, output=10)
    story.arrive(0.0, prompt=170, output=1)
    # 50 + 50 of the second; then one decode and the 99 tokens left to the budget; then the last 21.
    assert story.run()[:3] == [(1.0, 1, 0, 100), (2.0, 1, 1, 99), (3.0, 1, 1, 21)]
    assert story.finishes[0] == (3.0, 1)


def test_the_newest_is_evicted_and_comes_back_with_what_it_had_produced():
    # Six blocks of 4. Two prompts of 8 hold two blocks each, and take one more each for tokens 9 … 12. The 13th token
    # of the older needs a seventh block, so the newer goes.
    story = Story(engine=VllmEngine(block_size=4), timing=LinearTiming(1.0, 0.0), capacity_blocks=6)
    old = story.arrive(0.0, prompt=8, output=8)
    new = story.arrive(0.0, prompt=8, output=8)
    segments = story.run()
    # Prefill; four steps in which both decode (tokens 9 … 12); then the older alone for the three it still lacks.
    assert segments[:3] == [(1.0, 1, 0, 16), (5.0, 4, 2, 0), (6.0, 1, 1, 0)]
    assert story.finishes == [(8.0, old), (11.0, new)]
    # Evicted with 5 of 8 tokens: 13 tokens to recompute, which give the 6th, then two more steps.
    assert story.table.preemptions[new] == 1
    assert segments[-2:] == [(9.0, 1, 0, 13), (11.0, 2, 1, 0)]
    assert [list(column) for column in story.table.pauses] == [[5.0], [4.0], [0], [1]]  # 5th token at 5 s, 6th at 9 s


def test_what_can_never_fit_is_refused_by_the_front_end():
    # 4 blocks of 16 hold 64 tokens; the last output token needs no slot, so 65 is the longest prompt + output.
    outcome = run_cluster(open_traffic([0, 0, 0], [60, 60, 65], [5, 6, 1]), capacity_blocks=4)
    assert outcome.requests["status"].tolist() == [1, 2, 2]


def test_the_horizon_leaves_requests_in_the_system_and_counts_steps_up_to_it():
    chunks = []
    outcome = run_cluster(
        open_traffic([0.0, 0.0], [10, 10], [5, 1000]),
        timing=LinearTiming(1.0, 0.0),
        horizon_s=20.5,
        consume=chunks.append,
    )
    assert outcome.requests["status"].tolist() == [1, 0]
    assert math.isnan(outcome.requests["finish_s"][1])
    # One prefill, 19 whole decode steps by 20 s, and the one under way.
    assert sum(chunk["steps"].sum() for chunk in chunks) == 21


def test_a_line_ends_at_the_timing_models_knot():
    timing = LinearTiming(0.01, 0.0, context_s=1e-4, knot_tokens=120, steep_s=1e-3)
    story = Story(timing=timing)
    row = story.arrive(0.0, prompt=100, output=41)
    story.run()
    # Decode step i reads 101 + i tokens of context.
    decodes = sum(0.01 + 1e-4 * (101 + i) + 1e-3 * max(0, 101 + i - 120) for i in range(40))
    assert story.table.finish_s[row] == pytest.approx(0.01 + decodes, rel=1e-12)


def test_callbacks_come_at_their_absolute_times_in_order_of_priority():
    clock, seen = Clock(), []
    for at_s, priority, name in ((0.3, 2, "boundary"), (0.1, 2, "first"), (0.3, 1, "arrival")):
        clock.at(at_s, lambda wake, name=name: seen.append((wake.at_s, name)), priority)
    clock.at(0.4, lambda wake: seen.append((wake.at_s, "never")), 1)
    clock.stop_at(0.3)
    clock.run_all()
    assert seen == [(0.1, "first"), (0.3, "arrival"), (0.3, "boundary")]
    assert clock.stopped_s == 0.3


def test_plain_simpy_processes_share_the_clock():
    clock, seen = Clock(), []

    def process():
        yield clock.timeout(1.5)
        seen.append(clock.now)

    clock.process(process())
    clock.at(1.0, lambda wake: seen.append(clock.now), 1)
    clock.run_all()
    assert seen == [1.0, 1.5]


def test_replicas_share_the_load():
    outcome = run_cluster(open_traffic(np.zeros(8), [10] * 8, [5] * 8), replicas=4)
    assert sorted(outcome.requests["replica"].tolist()) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_step_under_way_at_the_horizon_holds_the_blocks_that_it_took():
    # Prompt of 4 in one block of 4: 10.08 ms. The next step takes a second block, and the horizon falls into it.
    chunks = []
    options = {"engine": VllmEngine(block_size=4), "consume": chunks.append, "horizon_s": 0.015}
    for single in (False, True):
        run_cluster(open_traffic([0.0], [4], [9]), single=single, **options)
    for chunk in chunks:
        assert chunk["steps"].tolist() == [1, 1]
        assert chunk["kv_block_steps"].tolist() == chunk["kv_last_blocks"].tolist() == [1, 2]
