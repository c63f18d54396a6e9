"""What a pool's steps add up to, within a window."""

import math

import numpy as np
import pytest

from infersim.metrics.usage import Usage
from infersim.records import class_column
from tests.metrics.segments import Accounting, columns

# Ten decode steps of two sequences from 1.0 s, 0.1 s each; 20 blocks at first, 22 at last, 21 in the mean.
STRETCH = {
    "start_s": 1.0,
    "first_s": 0.1,
    "steps": 10,
    "decode_seqs": 2,
    "sampled_seqs": 2,
    "kv_block_steps": 210,
    "kv_first_blocks": 20,
    "kv_last_blocks": 22,
}


def usage_of(*rows: dict, begin_s: float = 0.0, end_s: float = math.inf, classes: int = 1) -> Usage:
    usage = Usage(Accounting(), begin_s, end_s, classes)
    usage.add(columns(*rows))
    return usage


def test_a_segment_inside_the_window_counts_whole():
    sums = usage_of(STRETCH).sums
    expected = {"busy_s": 1.0, "steps": 10, "output_tokens": 20, "batch_seq_s": 2.0, "kv_block_s": 21.0}
    assert sums == pytest.approx(expected | {"flops": 100 * 10, "bytes": 7 * 10, "joules": 0.0})


@pytest.mark.parametrize(
    ("begin_s", "end_s", "share", "blocks"),
    # Blocks grow by 2/9 a step from 20 to 22: the last five hold 21 5/9 in the mean, the first two 20 1/9.
    [(1.5, math.inf, 0.5, 21 + 5 / 9), (0.0, 1.2, 0.2, 20 + 1 / 9), (1.3, 1.7, 0.4, 21), (2, 9, 0, 0), (0, 1, 0, 0)],
)
def test_a_segment_counts_by_the_part_of_it_that_lies_in_the_window(begin_s, end_s, share, blocks):
    sums = usage_of(STRETCH, begin_s=begin_s, end_s=end_s).sums
    assert sums["busy_s"] == pytest.approx(share)
    assert sums["output_tokens"] == pytest.approx(20 * share)
    assert sums["kv_block_s"] == pytest.approx(blocks * share)
    assert sums["flops"] == pytest.approx(1000 * share)


class Growing(Accounting):
    """A FLOP for each context token read, a byte for each sequence."""

    def work(self, columns):
        steps, seqs = columns["steps"], columns["decode_seqs"]
        return steps * columns["decode_context_tokens"] + seqs * steps * (steps - 1) / 2, steps * seqs


def test_work_that_grows_along_a_stretch_is_that_of_the_steps_in_the_window():
    # Two sequences read 100, 102, … 118 tokens in ten steps of 0.1 s: the last five 110 … 118. Half of the step of 110
    # is 54.75, since the line goes on to grow within it.
    for begin_s, flops in ((1.5, 570), (1.55, 570 - 54.75)):
        usage = Usage(Growing(), begin_s, math.inf)
        usage.add(columns(STRETCH | {"decode_context_tokens": 100}))
        assert usage.sums["flops"] == pytest.approx(flops)
        assert usage.sums["bytes"] == pytest.approx(20 * (2.0 - begin_s))


def joules(flops, moved, busy_s):
    """50 W while a step runs, and 3 J a FLOP."""
    return 50.0 * busy_s + 3.0 * flops


def test_energy_counts_by_the_part_of_a_segment_in_the_window():
    # Ten steps of 0.1 s, 100 FLOPs each: 50 W × 1 s + 3 J × 1000, spread evenly.
    for begin_s, end_s, share in ((0.0, math.inf, 1.0), (1.5, math.inf, 0.5), (0.0, 1.2, 0.2), (2.5, 9.0, 0.0)):
        usage = Usage(Accounting(), begin_s, end_s, joules=joules)
        usage.add(columns(STRETCH))
        assert usage.sums["joules"] == pytest.approx(3050.0 * share)
        assert usage.peak_w == pytest.approx(3050.0 if share else 0.0)


def test_peak_power_is_that_of_a_single_step_in_both_modes():
    # FLOPs grow along the stretch while its steps last longer: 100 + 2j FLOPs in 0.1 + 0.1j s, so the first draws most.
    grows = STRETCH | {"decode_context_tokens": 100, "slope_s": 0.1}
    starts = [1.0 + 0.1 * step + 0.1 * step * (step - 1) / 2 for step in range(11)]
    single = [
        STRETCH
        | {"start_s": starts[step], "end_s": starts[step + 1], "steps": 1, "first_s": 0.1 + 0.1 * step}
        | {"decode_context_tokens": 100 + 2 * step}
        for step in range(10)
    ]
    for rows in ([grows], single):
        usage = Usage(Growing(), 0.0, math.inf, joules=joules)
        usage.add(columns(*rows))
        assert usage.peak_w == pytest.approx(50.0 + 3.0 * 100 / 0.1)
        flops = sum(100 + 2 * step for step in range(10))
        assert usage.sums["joules"] == pytest.approx(50.0 * (starts[10] - 1.0) + 3.0 * flops)


def test_the_window_may_end_where_the_run_was_stopped():
    usage = Usage(Accounting(), 0.0, math.inf)
    usage.add(columns(STRETCH | {"steps": 3}))
    usage.end_at(1.35)
    usage.add(columns(STRETCH | {"start_s": 1.3, "steps": 1}))  # the step under way
    assert usage.sums["busy_s"] == pytest.approx(0.35)
    assert usage.sums["output_tokens"] == 3 * 2


def test_a_step_that_begins_at_the_windows_end_is_not_in_it():
    at_the_end = STRETCH | {"start_s": 2.0, "steps": 1}
    usage = usage_of(STRETCH, at_the_end, end_s=2.0)
    assert usage.sums["busy_s"] == usage.timeline.sums["busy_s"].sum() == pytest.approx(1.0)
    assert np.isfinite(usage.timeline.sums["kv_block_s"]).all()
    assert usage_of(at_the_end, end_s=2.0).sums["busy_s"] == 0.0


def test_peaks_are_those_of_the_window():
    crowd = {"start_s": 0.0, "first_s": 1.0, "decode_seqs": 50, "prefill_chunks": 3, "kv_last_blocks": 900}
    usage = usage_of(crowd, STRETCH, begin_s=1.0)
    assert (usage.peak_batch, usage.peak_kv_blocks) == (2, 22)
    usage = usage_of(crowd, STRETCH)
    assert (usage.peak_batch, usage.peak_kv_blocks) == (53, 900)


def test_the_timeline_covers_everything_whatever_the_window():
    usage = usage_of(STRETCH, begin_s=5.0)
    assert usage.timeline.sums["output_tokens"].sum() == pytest.approx(20)
    assert usage.sums["output_tokens"] == 0.0


def test_gaps_are_those_of_decoding_requests():
    prefill = {"start_s": 0.0, "first_s": 0.9, "prefill_chunks": 1, "prefill_tokens": 700}
    assert usage_of(prefill, STRETCH).itl.describe()["p99"] == pytest.approx(0.1, rel=1e-9)
    assert usage_of(prefill).itl.describe()["mean"] is None


def test_a_stretch_and_its_single_steps_have_the_same_gaps_in_a_window():
    grows = STRETCH | {"slope_s": 0.01}
    starts = [1.0 + 0.1 * step + 0.01 * step * (step - 1) / 2 for step in range(11)]
    steps = [
        STRETCH | {"start_s": starts[step], "end_s": starts[step + 1], "steps": 1, "first_s": 0.1 + 0.01 * step}
        for step in range(10)
    ]
    # Step 4 begins at 1.46 s.
    for begin_s, first in ((0.0, 0), (1.0, 0), (1.45, 4), (starts[4], 4), (starts[4] + 1e-6, 5), (starts[9], 9)):
        stretch, single = usage_of(grows, begin_s=begin_s), usage_of(*steps, begin_s=begin_s)
        assert stretch.itl._counts.sum() == single.itl._counts.sum() == 2 * (10 - first)
        assert stretch.itl.describe() == pytest.approx(single.itl.describe(), rel=2e-3)
        assert stretch.sums["output_tokens"] == single.sums["output_tokens"]


def test_a_step_under_way_when_the_window_closes_has_given_no_token():
    prefill = {"start_s": 0.0, "first_s": 0.9, "prefill_chunks": 1, "prefill_tokens": 700, "sampled_seqs": 1}
    usage = usage_of(prefill, end_s=0.6)
    assert usage.sums["output_tokens"] == usage.timeline.sums["output_tokens"].sum() == 0.0
    assert usage.sums["busy_s"] == usage.timeline.sums["busy_s"].sum() == pytest.approx(0.6)
    # Of ten steps of 0.1 s from 1.0 s, the fourth is under way at 1.35 s: three have ended.
    usage = usage_of(STRETCH, end_s=1.35)
    assert usage.sums["output_tokens"] == usage.timeline.sums["output_tokens"].sum() == 3 * 2
    assert usage.itl._counts.sum() == 3 * 2


def test_a_token_counts_where_its_step_ends():
    # the fourth step began before the window and ends in it: its token counts, its gap does not
    usage = usage_of(STRETCH, begin_s=1.35)
    assert usage.sums["output_tokens"] == 7 * 2
    assert usage.itl._counts.sum() == 6 * 2
    assert usage_of(STRETCH, begin_s=1.35, end_s=1.39).sums["output_tokens"] == 0.0


def test_a_step_under_way_when_the_window_opens_has_no_gap_in_it():
    assert usage_of(STRETCH, begin_s=1.95).itl.describe()["mean"] is None
    assert usage_of(STRETCH, begin_s=1.95).sums["busy_s"] == pytest.approx(0.05)


def test_a_pause_is_a_gap_of_its_class():
    usage = usage_of(STRETCH | {class_column(0): 2, class_column(1): 0}, classes=2)
    usage.add_pauses(np.array([1.0, 2.0]), np.array([4.0, 6.0]), np.array([0, 1]), np.array([1, 3]))
    assert usage.itl.describe()["mean"] == pytest.approx((20 * 0.1 + 4.0 + 3 * 6.0) / 24)
    assert usage.class_itl[0].describe()["mean"] == pytest.approx((20 * 0.1 + 4.0) / 21)
    assert usage.class_itl[1].describe()["mean"] == pytest.approx(6.0)


def test_a_decode_that_stood_still_before_a_step_does_not_have_the_step_as_its_gap():
    usage = usage_of(STRETCH, {"start_s": 9.0, "first_s": 0.3, "decode_seqs": 4, "paced_seqs": 1})
    assert usage.itl.describe()["mean"] == pytest.approx((20 * 0.1 + 0.3) / 21)


def test_no_pause_changes_nothing():
    usage = usage_of(STRETCH)
    usage.add_pauses(*(np.zeros(0, dtype=kind) for kind in (float, float, int, int)))
    assert usage.itl.describe()["mean"] == pytest.approx(0.1)


def test_gaps_are_told_apart_by_class():
    slow = {"start_s": 9.0, "first_s": 0.3, "decode_seqs": 1, "sampled_seqs": 1, class_column(1): 1}
    usage = usage_of(STRETCH | {class_column(0): 2}, slow, classes=2)
    assert usage.class_itl[0].describe()["mean"] == pytest.approx(0.1)
    assert usage.class_itl[1].describe()["mean"] == pytest.approx(0.3)
    assert usage.itl.describe()["mean"] == pytest.approx((20 * 0.1 + 0.3) / 21)


def test_what_was_taken_outside_a_fit_is_told_once_with_all_that_was_seen():
    usage = usage_of(STRETCH)
    assert usage.outside_fit == []
    for seqs in (9, 30, 12):
        usage.add(columns(STRETCH | {"decode_seqs": seqs}))
    assert usage.outside_fit == [{"curve": "attention", "argument": "seqs", "range": (1, 8), "seen": (9.0, 30.0)}]
