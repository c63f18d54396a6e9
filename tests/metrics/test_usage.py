"""What a pool's steps add up to, within a window."""

import math

import numpy as np
import pytest

from infersim.metrics.usage import Usage
from tests.metrics.segments import columns

# Ten decode steps of two sequences from 1.0 s, 0.1 s each; 20 blocks at first, 22 at last.
STRETCH = {
    "start_s": 1.0,
    "first_s": 0.1,
    "steps": 10,
    "decode_seqs": 2,
    "sampled_seqs": 2,
    "kv_first_blocks": 20,
    "kv_last_blocks": 22,
}


@pytest.fixture
def usage_of(usage_timing):
    def make(*rows: dict, begin_s: float = 0.0, end_s: float = math.inf) -> Usage:
        usage = Usage(usage_timing, begin_s, end_s)
        usage.add(columns(*rows))
        return usage

    return make


def test_a_segment_inside_the_window_counts_whole(usage_of):
    sums = usage_of(STRETCH).sums
    expected = {"busy_s": 1.0, "steps": 10, "output_tokens": 20, "batch_seq_s": 2.0, "kv_block_s": 21.0}
    assert sums == pytest.approx(expected | {"flops": 1000.0, "bytes": 70.0})


@pytest.mark.parametrize(
    ("begin_s", "end_s", "share"), [(1.5, math.inf, 0.5), (0.0, 1.2, 0.2), (1.3, 1.7, 0.4), (2.0, 9.0, 0.0), (0, 1.0, 0)]
)
def test_a_segment_counts_by_the_share_of_it_that_lies_in_the_window(usage_of, begin_s, end_s, share):
    sums = usage_of(STRETCH, begin_s=begin_s, end_s=end_s).sums
    assert sums["busy_s"] == pytest.approx(share)
    assert sums["output_tokens"] == pytest.approx(20 * share)
    assert sums["kv_block_s"] == pytest.approx(21 * share)
    assert sums["flops"] == pytest.approx(1000 * share)


def test_peaks_are_those_of_the_window(usage_of):
    crowd = {"start_s": 0.0, "first_s": 1.0, "decode_seqs": 50, "prefill_chunks": 3, "kv_last_blocks": 900}
    usage = usage_of(crowd, STRETCH, begin_s=1.0)
    assert (usage.peak_batch, usage.peak_kv_blocks) == (2, 22)
    usage = usage_of(crowd, STRETCH)
    assert (usage.peak_batch, usage.peak_kv_blocks) == (53, 900)


def test_the_timeline_covers_everything_whatever_the_window(usage_of):
    usage = usage_of(STRETCH, begin_s=5.0)
    assert usage.timeline.sums["output_tokens"].sum() == pytest.approx(20)
    assert usage.sums["output_tokens"] == 0.0


def test_gaps_are_those_of_decoding_requests(usage_of):
    prefill = {"start_s": 0.0, "first_s": 0.9, "prefill_chunks": 1, "prefill_tokens": 700}
    assert usage_of(prefill, STRETCH).itl.describe()["p99"] == pytest.approx(0.1, rel=1e-9)
    assert usage_of(prefill).itl.describe()["mean"] is None


def test_a_stretch_and_its_single_steps_have_the_same_gaps_in_a_window(usage_of):
    grows = STRETCH | {"slope_s": 0.01}
    starts = [1.0 + 0.1 * step + 0.01 * step * (step - 1) / 2 for step in range(10)]
    steps = [STRETCH | {"start_s": at, "steps": 1, "first_s": 0.1 + 0.01 * step} for step, at in enumerate(starts)]
    # Steps 4 … 9 begin at or after 1.46 s, the start of step 4.
    for begin_s, first in ((0.0, 0), (1.45, 4), (1.0, 0), (starts[4] + 1e-6, 5), (9.0, 10)):
        stretch, single = usage_of(grows, begin_s=begin_s), usage_of(*steps, begin_s=begin_s)
        assert stretch.itl.describe() == pytest.approx(single.itl.describe(), rel=2e-3)
        assert stretch.itl._counts.sum() == single.itl._counts.sum() == 2 * (10 - first)


def test_a_pause_is_a_gap_too(usage_of):
    usage = usage_of(STRETCH)
    usage.add_pauses(np.array([4.0]))
    assert usage.itl.describe()["mean"] == pytest.approx((20 * 0.1 + 4.0) / 21)
    usage.add_pauses(np.zeros(0))
