"""Segments that are held come out as they went in."""

import numpy as np

from infersim.metrics.held import Held
from tests.metrics.segments import columns


def test_held_segments_come_out_unchanged_in_order_and_once():
    chunks = [
        columns({"start_s": 0.1 + 0.2, "first_s": 1 / 3, "steps": 7, "decode_seqs": 300, "kv_block_steps": 2**33}),
        columns({"start_s": 2.0, "prefill_work": 1234.5, "prefill_tokens": 70_000}, {"start_s": 3.0, "steps": 2}),
    ]
    held, seen = Held(), []
    for chunk in chunks:
        held.add(chunk)
    held.replay(seen.append)
    for chunk, again in zip(chunks, seen, strict=True):
        assert list(chunk) == list(again)
        for name, values in chunk.items():
            assert again[name].dtype == np.float64
            np.testing.assert_array_equal(again[name], values)
    held.replay(seen.append)
    assert len(seen) == 2


def test_whole_numbers_take_few_bytes():
    held = Held()
    held.add(columns(*[{"start_s": i / 3, "first_s": 0.1, "decode_seqs": 100} for i in range(1000)]))
    (chunk,) = held._chunks  # three times in full, the rest in a byte each
    assert sum(values.nbytes for values in chunk.values()) < 1000 * (3 * 8 + 13 + 1)
