"""Each engine's own rules, told step by step. A step takes 1 s whatever it holds, unless said otherwise."""

import numpy as np
import pytest

from infersim.sim.batching.jetstream import bucket
from infersim.sim.batching.sglang import NewTokenRatio
from infersim.spec.engines import (
    JetstreamEngine,
    LlamacppEngine,
    MlxEngine,
    NeuronxEngine,
    SglangEngine,
    StaticEngine,
    TrtllmEngine,
    VllmEngine,
)
from tests.sim.helpers import LinearTiming, Story, open_traffic, run_cluster

SECOND = LinearTiming(1.0, 0.0)


def story(engine, *requests, capacity_blocks=10_000, timing=SECOND) -> Story:
    """A replica that took requests of (arrival, prompt, output), run to its end."""
    told = Story(engine=engine, timing=timing, capacity_blocks=capacity_blocks)
    for arrival_s, prompt, output in requests:
        told.arrive(arrival_s, prompt, output)
    told.segments_seen = told.run()
    return told


def trtllm(**options) -> TrtllmEngine:
    return TrtllmEngine(**{"kind": "trtllm", "tokens_per_block": 4} | options)


def sglang(**options) -> SglangEngine:
    return SglangEngine(kind="sglang", **options)


# vLLM


def test_whole_prompts_run_alone_and_decodes_wait_for_them():
    told = story(VllmEngine(enable_chunked_prefill=False), (0.0, 10, 5), (1.5, 20, 2))
    # prompt; a decode step, in which the other arrives; its prompt alone; then both
    assert told.segments_seen[:4] == [(1.0, 1, 0, 10), (2.0, 1, 1, 0), (3.0, 1, 0, 20), (4.0, 1, 2, 0)]
    # the first request had no token from 2 s to 4 s; the newcomer's gap is the step
    assert [list(column) for column in told.table.pauses] == [[2.0], [2.0], [0], [1]]


def test_whole_prompts_share_a_step_up_to_the_budget_and_are_not_split():
    engine = VllmEngine(enable_chunked_prefill=False, max_num_batched_tokens=100, max_num_seqs=9)
    told = story(engine, (0.0, 60, 2), (0.0, 40, 2), (0.0, 30, 2))
    assert [tokens for _, _, _, tokens in told.segments_seen] == [100, 30, 0]


def test_a_prompt_longer_than_the_budget_is_refused_where_prompts_are_whole():
    traffic = open_traffic([0.0, 0.0], [60, 101], [2, 2])
    for engine in (
        VllmEngine(enable_chunked_prefill=False, max_num_batched_tokens=100),
        trtllm(enable_chunked_context=False, max_num_tokens=100),
        JetstreamEngine(kind="jetstream", max_input_sequence_length=100),
    ):
        assert run_cluster(traffic, engine=engine).requests["status"].tolist() == [1, 2], engine.kind


def test_prompts_enter_every_so_many_steps():
    engine = VllmEngine(prefill_schedule_interval=4)
    told = story(engine, (0.0, 10, 30), (1.5, 10, 9), (9.5, 10, 2))
    # steps are counted from 0: a prompt in step 0, the next in steps 4 and 12
    prompts = [end_s - 1 for end_s, _, _, tokens in told.segments_seen if tokens]
    assert prompts == [0.0, 4.0, 12.0]


def test_a_queue_that_an_interval_left_behind_is_not_held_back():
    engine = VllmEngine(prefill_schedule_interval=4, max_num_seqs=2)
    told = story(engine, (0.0, 10, 30), (0.0, 10, 6), (0.0, 10, 2))
    # the third waited in step 0, so it enters as soon as the second has left, in step 6
    assert [end_s - 1 for end_s, _, _, tokens in told.segments_seen if tokens] == [0.0, 6.0]


# TensorRT-LLM


def test_no_evict_reserves_the_whole_output():
    # six blocks of 4: the first needs four at its end, so the second, which would fit now, waits for it
    told = story(trtllm(), (0.0, 8, 8), (0.0, 8, 8), capacity_blocks=6)
    assert list(told.table.scheduled_s) == [0.0, 8.0]
    assert list(told.table.preemptions) == [0, 0]


def test_max_utilization_lets_in_what_fits_now_and_pauses_the_newest():
    told = story(trtllm(scheduler_policy="max_utilization"), (0.0, 8, 8), (0.0, 8, 8), capacity_blocks=6)
    assert list(told.table.scheduled_s) == [0.0, 0.0]
    assert list(told.table.preemptions) == [0, 1]


def test_a_static_batch_is_not_joined():
    told = story(trtllm(scheduler_policy="static_batch"), (0.0, 8, 9), (0.5, 8, 2), (0.5, 8, 2))
    assert list(told.table.scheduled_s) == [0.0, 9.0, 9.0]


def test_a_chunk_is_whole_blocks_and_nobody_passes_it():
    told = story(trtllm(max_num_tokens=10), (0.0, 13, 2), (0.0, 2, 2))
    # 8 of 13 (10 rounded down to blocks of 4), then the last 5 and the other's 2
    assert [tokens for _, _, _, tokens in told.segments_seen[:2]] == [8, 7]


def test_without_chunks_a_prompt_waits_for_room_in_a_step():
    told = story(trtllm(max_num_tokens=20, enable_chunked_context=False), (0.0, 12, 9), (0.0, 9, 2), (0.0, 3, 2))
    assert [tokens for _, _, _, tokens in told.segments_seen[:2]] == [12, 12]


def test_the_batch_limit_holds():
    told = story(trtllm(max_batch_size=2), (0.0, 8, 5), (0.0, 8, 9), (0.0, 8, 2))
    assert list(told.table.scheduled_s) == [0.0, 0.0, 5.0]


@pytest.mark.parametrize(("second", "enters_s"), [(2.5, [3.0, 3.0]), (9.5, [6.0, 14.0])])
def test_prompts_wait_for_a_full_step_or_so_many_steps(second, enters_s):
    # a prompt of 30 beside decodes is not half of 100 tokens: held back from 2 s on for four
    # steps, or until there are two of them
    engine = trtllm(max_num_tokens=100, batch_wait_timeout_iters=4, batch_wait_max_tokens_ratio=0.5)
    told = story(engine, (0.0, 8, 40), (1.5, 30, 9), (second, 30, 9))
    assert list(told.table.scheduled_s) == [0.0, *enters_s]


@pytest.mark.parametrize("option", ["batch_wait_timeout_iters", "batch_wait_max_tokens_ratio"])
def test_half_of_batch_waiting_holds_nobody_back(option):
    told = story(trtllm(**{option: 1}), (0.0, 8, 40), (1.5, 30, 9))
    assert list(told.table.scheduled_s) == [0.0, 2.0]


# SGLang


def test_prompts_go_first_and_decodes_stand_still():
    told = story(sglang(), (0.0, 10, 5), (1.5, 20, 4), (2.5, 20, 2))
    assert told.segments_seen[:5] == [
        (1.0, 1, 0, 10),
        (2.0, 1, 1, 0),
        (3.0, 1, 0, 20),
        (4.0, 1, 0, 20),  # the third came meanwhile: its prompt goes first again
        (5.0, 1, 3, 0),
    ]
    # the first had its last token at 2 s, the second at 3 s, the third at 4 s: its gap is the step
    assert [list(column) for column in told.table.pauses] == [[2.0, 3.0], [3.0, 2.0], [0, 0], [1, 1]]


def test_decodes_ride_along_where_chunks_are_mixed():
    told = story(sglang(enable_mixed_chunk=True, chunked_prefill_size=16), (0.0, 10, 9), (1.5, 20, 2))
    # one decode takes a token of the chunk's 16
    assert told.segments_seen[1:4] == [(2.0, 1, 1, 0), (3.0, 1, 1, 15), (4.0, 1, 1, 5)]
    assert [list(column) for column in told.table.pauses] == [[], [], [], []]


def test_a_long_prompt_goes_on_before_all_others_and_shares_its_last_pass():
    told = story(sglang(chunked_prefill_size=16), (0.0, 40, 2), (0.0, 5, 2))
    assert [tokens for _, _, _, tokens in told.segments_seen[:4]] == [16, 16, 13, 0]


def test_max_prefill_tokens_bounds_what_enters_together():
    told = story(sglang(max_prefill_tokens=30), (0.0, 20, 2), (0.0, 20, 2))
    assert [tokens for _, _, _, tokens in told.segments_seen[:3]] == [20, 20, 0]


@pytest.mark.parametrize(("output", "enters_s"), [(7, 0.0), (8, 10.0)])
def test_a_page_is_set_aside_for_each_that_enters(output, enters_s):
    # of 100 tokens the first leaves 100 − 40 − 10 − a page = 49, and the second wants 40 + its output + a page: fewer
    told = story(sglang(), (0.0, 40, 10), (0.0, 40, output), capacity_blocks=100)
    assert told.table.scheduled_s[1] == enters_s


def test_a_full_batch_is_not_tried_again_until_somebody_leaves():
    # At 1 s 1,980 tokens are free and 0.7 · 999 set aside: 1,200 + 81 + a page are too many by one. A few steps later
    # less is set aside and they would fit, but nobody looks.
    told = story(sglang(), (0.0, 20, 1000), (0.5, 1200, 81), capacity_blocks=2000)
    assert told.table.scheduled_s[1] == told.table.finish_s[0] == 1000.0
    smaller = story(sglang(), (0.0, 20, 1000), (0.5, 1200, 78), capacity_blocks=2000)
    assert smaller.table.scheduled_s[1] == 1.0


@pytest.mark.parametrize(("conservativeness", "enters_s"), [(1.0, 10.0), (0.1, 1.0)])
def test_a_share_of_the_outputs_to_come_is_set_aside(conservativeness, enters_s):
    # 60 tokens: at 1 s 40 are free and 9 to come; the second wants 30 + 5 + a page, so 36 < 40 − 9 · ratio
    engine = sglang(schedule_conservativeness=conservativeness)
    told = story(engine, (0.0, 20, 10), (0.5, 30, 5), capacity_blocks=60)
    assert told.table.scheduled_s[1] == enters_s


def test_the_ratio_falls_with_decode_steps_and_starts_again_after_a_retraction():
    ratio = NewTokenRatio(1.0)
    assert [ratio.at(step) for step in (0, 300, 600, 900)] == pytest.approx([0.7, 0.399, 0.098, 0.098])
    ratio.retracted(produced=40, asked=199, seqs=2, step=900)
    assert ratio.at(901) == pytest.approx((40 + 2 * 20) / 200)
    ratio.skip()
    assert ratio.at(902) == pytest.approx(0.4)


def test_who_has_produced_least_is_retracted_to_the_end_of_the_queue():
    engine = sglang(schedule_conservativeness=0.01)
    # 60 tokens: 20 + 20 enter at once and grow to 60 after ten steps; the third waits
    told = story(engine, (0.0, 20, 21), (2.5, 12, 21), (3.5, 30, 2), capacity_blocks=62)
    assert list(told.table.preemptions) == [0, 1, 0]
    again_s = told.table.requeues[1][0]
    assert told.table.scheduled_s[2] <= again_s  # it went behind the third


def test_running_requests_are_bounded():
    told = story(sglang(max_running_requests=1), (0.0, 10, 3), (0.0, 10, 3))
    assert list(told.table.scheduled_s) == [0.0, 3.0]


def test_requests_are_taken_in_every_so_many_decode_steps():
    # looked for at 1 s, after the first prompt; then after four decodes at 5 s, and after the prompts at 6 s
    told = story(sglang(scheduler_recv_interval=4), (0.0, 10, 40), (1.5, 20, 9), (3.5, 20, 9), (5.5, 20, 9))
    assert list(told.table.scheduled_s) == [0.0, 5.0, 5.0, 6.0]


# Static batches


def static(**options) -> StaticEngine:
    return StaticEngine(kind="static", **options)


def test_a_batch_is_gathered_and_runs_to_the_end_of_its_longest():
    told = story(static(batch_size=2), (0.0, 10, 2), (3.0, 10, 5), (4.5, 10, 2), (4.5, 10, 2))
    assert list(told.table.scheduled_s) == [3.0, 3.0, 8.0, 8.0]
    assert list(told.table.finish_s) == [5.0, 8.0, 10.0, 10.0]


def test_what_is_left_goes_when_nothing_more_can_come():
    told = run_cluster(open_traffic([0.0, 0.0, 3.0], [5] * 3, [4] * 3), engine=static(batch_size=2), timing=SECOND)
    assert told.requests["scheduled_s"].tolist() == [0.0, 0.0, 4.0]
    closing = run_cluster(open_traffic([2.0], [5], [4]), engine=static(batch_size=8), timing=SECOND)
    assert closing.requests["scheduled_s"].tolist() == [2.0]


def test_a_batch_does_not_wait_longer_than_its_timeout():
    told = story(static(batch_size=3, batch_timeout_s=2.5), (0.0, 10, 2), (1.0, 10, 2), (2.75, 10, 2))
    assert list(told.table.scheduled_s) == [2.5, 2.5, 5.25]


def test_prompts_of_a_large_batch_take_several_passes_and_give_their_tokens_together():
    told = story(NeuronxEngine(kind="neuronx", batch_size=3, max_prefill_tokens=25), *[(0.0, 20, 2)] * 3)
    assert told.segments_seen == [(1.0, 1, 0, 25), (2.0, 1, 0, 25), (3.0, 1, 0, 10), (4.0, 1, 3, 0)]
    assert list(told.table.first_token_s) == [3.0] * 3


# llama.cpp and MLX


def test_all_prompts_are_computed_before_anybody_has_a_token():
    engine = LlamacppEngine(kind="llamacpp", n_parallel=3, n_batch=30, n_ubatch=20)
    told = story(engine, *[(0.0, 20, 3)] * 4)
    # passes of 20, cut where a call of 30 ends; the fourth finds no place until the others leave
    assert [tokens for _, _, _, tokens in told.segments_seen] == [20, 10, 20, 10, 0, 20, 0]
    assert list(told.table.first_token_s) == [4.0, 4.0, 4.0, 7.0]


def test_decodes_stand_still_while_a_newcomers_prompt_is_computed():
    told = story(LlamacppEngine(kind="llamacpp", n_parallel=2), (0.0, 20, 5), (2.5, 20, 2))
    assert told.segments_seen[:4] == [(1.0, 1, 0, 20), (3.0, 2, 1, 0), (4.0, 1, 0, 20), (5.0, 1, 2, 0)]


def test_mlx_serves_one_at_a_time():
    told = story(MlxEngine(kind="mlx", prefill_step_size=15), (0.0, 20, 3), (0.0, 20, 3))
    assert [tokens for _, _, _, tokens in told.segments_seen] == [15, 5, 0, 15, 5, 0]
    assert list(told.table.finish_s) == [4.0, 8.0]


# JetStream


def test_prompts_enter_one_at_a_time_between_decode_steps():
    engine = JetstreamEngine(kind="jetstream", batch_size=2)
    told = story(engine, (0.0, 20, 6), (0.0, 40, 3), (0.0, 40, 2))
    assert told.segments_seen[:3] == [(1.0, 1, 0, 32), (2.0, 1, 1, 0), (3.0, 1, 0, 64)]
    assert told.table.scheduled_s[2] == told.table.finish_s[1]  # when a slot is free


def test_padding_takes_time_and_no_memory():
    timing = LinearTiming(0.0, 1.0)
    told = story(JetstreamEngine(kind="jetstream"), (0.0, 33, 2), timing=timing)
    assert told.segments_seen[0] == (64.0, 1, 0, 64)
    held = np.concatenate([chunk["kv_first_blocks"] for chunk in told.rows])
    assert held.tolist() == [33, 34]
    assert [bucket(tokens) for tokens in (1, 16, 17, 1024)] == [16, 16, 32, 1024]
