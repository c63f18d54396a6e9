"""Time bins hold every sum once, however wide they have become."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infersim.metrics.pieces import kv_tilt
from infersim.metrics.timeline import BINS, CHANNELS, Timeline, channel_values, count_in_bins, occupancy
from tests.metrics.segments import columns

SEGMENT = st.fixed_dictionaries(
    {
        "start_s": st.floats(0, 500),
        "first_s": st.floats(1e-4, 3.0),
        "steps": st.integers(1, 30),
        "decode_seqs": st.integers(0, 9),
        "prefill_chunks": st.integers(0, 3),
        "sampled_seqs": st.integers(0, 12),
        "kv_block_steps": st.integers(0, 900),
        "kv_first_blocks": st.integers(0, 50),
        "kv_last_blocks": st.integers(50, 90),
    }
)


def add(timeline: Timeline, chunk: dict[str, np.ndarray]) -> None:
    timeline.add(chunk["start_s"], chunk["end_s"], channel_values(chunk), kv_tilt(chunk))


def test_a_segment_adds_to_each_channel():
    # Two decodes for 4 steps of 0.5 s, with 10, 12, 12 and 14 blocks.
    row = {"first_s": 0.5, "steps": 4, "decode_seqs": 2, "sampled_seqs": 2, "kv_block_steps": 48}
    values = channel_values(columns(row))
    assert {name: float(value[0]) for name, value in values.items()} == {
        "busy_s": 2.0,
        "steps": 4.0,
        "output_tokens": 8.0,
        "batch_seq_s": 2 * 2.0,
        "kv_block_s": 12 * 2.0,
    }
    assert tuple(values) == CHANNELS


def test_a_segment_is_spread_over_the_bins_that_it_covers():
    timeline = Timeline(width_s=1.0)
    add(timeline, columns({"start_s": 0.5, "first_s": 2.0, "steps": 1, "sampled_seqs": 8}))
    assert timeline.sums["busy_s"][:4].tolist() == [0.5, 1.0, 0.5, 0.0]
    assert timeline.sums["output_tokens"][:4].tolist() == [2.0, 4.0, 2.0, 0.0]


def test_blocks_grow_along_a_segment():
    # From 10 to 30 blocks over two bins of a second: 15 in the mean of the first, 25 in that of the second; the line
    # through the middles of 100 steps is steeper by 1%.
    timeline = Timeline(width_s=1.0)
    blocks = {"kv_first_blocks": 10, "kv_last_blocks": 30, "kv_block_steps": 20 * 100}
    add(timeline, columns({"start_s": 0.0, "first_s": 0.02, "steps": 100, **blocks}))
    assert timeline.sums["kv_block_s"][:3] == pytest.approx([15.0, 25.0, 0.0], rel=0.01)


def test_a_segment_that_ends_on_an_edge_leaves_the_next_bin_empty():
    timeline = Timeline(width_s=1.0)
    add(timeline, columns({"start_s": 0.25, "end_s": 1.0}, {"start_s": 1.0, "end_s": 3.0}))
    assert timeline.sums["busy_s"][:4].tolist() == [0.75, 1.0, 1.0, 0.0]


def test_the_bins_double_when_the_run_outgrows_them():
    timeline = Timeline(width_s=1.0)
    add(timeline, columns({"start_s": 1.0, "end_s": 4.0}))
    assert timeline.width_s == 1.0
    add(timeline, columns({"start_s": 1299.0, "end_s": 1300.0}))  # beyond 600 and 1,200 bins of a second
    assert timeline.width_s == 4.0
    assert timeline.sums["busy_s"].size == BINS
    assert timeline.sums["busy_s"][[0, 1, 324]].tolist() == [3.0, 0.0, 1.0]


@given(st.lists(st.lists(SEGMENT, min_size=1, max_size=5), min_size=1, max_size=5), st.sampled_from([1 / 64, 0.5, 4.0]))
def test_no_sum_is_lost_or_doubled(chunks, width_s):
    timeline, total = Timeline(width_s), dict.fromkeys(CHANNELS, 0.0)
    for rows in chunks:
        chunk = columns(*rows)
        add(timeline, chunk)
        for name, value in channel_values(chunk).items():
            total[name] += float(value.sum())
    assert {name: float(sums.sum()) for name, sums in timeline.sums.items()} == pytest.approx(total, rel=1e-9)


@given(st.lists(SEGMENT, min_size=1, max_size=8))
def test_each_bin_holds_its_own_part(rows):
    timeline, chunk = Timeline(0.5), columns(*rows)
    add(timeline, chunk)
    width = timeline.width_s
    for number in np.flatnonzero(timeline.sums["busy_s"])[:20]:
        inside = np.minimum(chunk["end_s"], (number + 1) * width) - np.maximum(chunk["start_s"], number * width)
        assert timeline.sums["busy_s"][number] == pytest.approx(inside.clip(0).sum(), rel=1e-9, abs=1e-12)


def test_events_are_counted_in_their_bins_and_those_beyond_are_left_out():
    assert count_in_bins(np.array([0.0, 0.9, 1.0, 2.5, 3.0, 3.1, 99.0]), 1.0, 3).tolist() == [2, 1, 2]


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 12)), max_size=12), st.sampled_from([0.5, 1.0, 4.0]))
def test_occupancy_is_the_mean_number_present(stays, width_s):
    enter = np.array([begin for begin, _ in stays])
    leave = np.array([begin + length for begin, length in stays])
    bins = 12
    edges = np.arange(bins) * width_s
    expected = [(np.minimum(leave, e + width_s) - np.maximum(enter, e)).clip(0).sum() / width_s for e in edges]
    np.testing.assert_allclose(occupancy(enter, leave, width_s, bins), expected, atol=1e-9)
