"""SGLang's policy against a token-by-token statement of the same rules."""

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from infersim.spec.engines import SglangEngine
from infersim.timing.shape import BatchShape
from tests.sim.helpers import LinearTiming, open_traffic, run_cluster
from tests.sim.reference_sglang import Request, Server


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_sglang_does_what_the_rules_say(data):
    lengths = data.draw(st.lists(st.tuples(st.integers(1, 90), st.integers(1, 70)), min_size=1, max_size=30))
    gap_s = data.draw(st.sampled_from([0.0, 0.004, 0.0137, 0.05]))
    page = data.draw(st.sampled_from([1, 4, 16]))
    engine = SglangEngine(
        kind="sglang",
        max_running_requests=data.draw(st.integers(1, 12)),
        chunked_prefill_size=data.draw(st.sampled_from([-1, 16, 48, 208])),
        max_prefill_tokens=data.draw(st.sampled_from([40, 150, 1000])),
        schedule_conservativeness=data.draw(st.sampled_from([0.02, 0.4, 1.0])),
        page_size=page,
    )
    pages = data.draw(st.integers(180, 400)) // page + 2
    timing = LinearTiming(context_s=1e-5)
    requests = [Request(gap_s * i, prompt, output) for i, (prompt, output) in enumerate(lengths)]

    def step_s(decodes: int, context: int, prefill: int) -> float:
        return timing.step_s(BatchShape(decode_seqs=decodes, decode_context_tokens=context, prefill_tokens=prefill))

    Server(
        pages,
        page,
        engine.max_running_requests,
        engine.chunked_prefill_size if engine.chunked_prefill_size > 0 else None,
        engine.max_prefill_tokens,
        engine.schedule_conservativeness,
        step_s,
    ).run(requests)
    prompt, output = zip(*lengths, strict=True)
    arrival = [request.arrival_s for request in requests]
    ours = run_cluster(open_traffic(arrival, prompt, output), engine=engine, timing=timing, capacity_blocks=pages)
    event("with retractions" if ours.requests["preemptions"].any() else "without retractions")
    assert ours.requests["preemptions"].tolist() == [request.preemptions for request in requests]
    for name in ("scheduled_s", "first_token_s", "finish_s"):
        expected = [getattr(request, name) for request in requests]
        np.testing.assert_allclose(ours.requests[name], expected, rtol=1e-9, atol=1e-12, err_msg=name)
