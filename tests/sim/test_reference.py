"""The replica against a token-by-token statement of the same rules."""

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from infersim.spec.engines import VllmEngine
from infersim.timing.shape import BatchShape
from tests.sim.helpers import LinearTiming, open_traffic, run_cluster
from tests.sim.reference import Engine, Request


@settings(max_examples=200)
@given(data=st.data())
def test_the_replica_does_what_the_rules_say(data):
    lengths = data.draw(st.lists(st.tuples(st.integers(1, 90), st.integers(1, 50)), min_size=1, max_size=30))
    gap_s = data.draw(st.sampled_from([0.0, 0.004, 0.0137, 0.05]))
    seqs = data.draw(st.integers(1, 10))
    engine = VllmEngine(
        max_num_seqs=seqs,
        max_num_batched_tokens=data.draw(st.integers(seqs, 150)),
        block_size=data.draw(st.sampled_from([1, 3, 16])),
        watermark=data.draw(st.sampled_from([0.0, 0.03, 0.5, 0.99])),
        scheduler_reserve_full_isl=data.draw(st.booleans()),
    )
    blocks = data.draw(st.integers(140, 400)) // engine.block_size + 1
    timing = LinearTiming(context_s=1e-5)
    requests = [Request(gap_s * i, prompt, output) for i, (prompt, output) in enumerate(lengths)]

    def step_s(decodes: int, context: int, prefill: int) -> float:
        return timing.step_s(BatchShape(decode_seqs=decodes, decode_context_tokens=context, prefill_tokens=prefill))

    Engine(
        blocks,
        engine.block_size,
        seqs,
        engine.max_num_batched_tokens,
        engine.watermark,
        engine.scheduler_reserve_full_isl,
        step_s,
    ).run(requests)
    prompt, output = zip(*lengths, strict=True)
    arrival = [request.arrival_s for request in requests]
    ours = run_cluster(
        open_traffic(arrival, prompt, output), engine=engine, timing=timing, capacity_blocks=blocks
    ).requests
    event("with preemptions" if ours["preemptions"].any() else "without preemptions")
    assert ours["preemptions"].tolist() == [request.preemptions for request in requests]
    for name in ("scheduled_s", "first_token_s", "finish_s"):
        expected = [getattr(request, name) for request in requests]
        np.testing.assert_allclose(ours[name], expected, rtol=1e-9, atol=1e-12, err_msg=name)
