"""Clients that wait: closed loops and limits of requests in flight. A step takes 10 ms whatever is in it, so a request
that finds room is answered 10 ms a token after its sending."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.errors import InputError
from infersim.records import COMPLETED, IN_SYSTEM, REJECTED
from infersim.workload.traffic import ClosedTraffic, OpenTraffic, Traffic
from tests.sim.helpers import LinearTiming, run_cluster

STEP = LinearTiming(base_s=0.010, token_s=0.0)
NOBODY = OpenTraffic(np.zeros(0), *(np.zeros(0, dtype=np.int64),) * 3)
TOO_LONG = (10**6, 1)


def always(*pairs):
    """Lengths (prompt, output) of one request after another; the last goes on for ever."""
    yield from pairs
    while True:
        yield pairs[-1]


def loop(*pairs, clients=1, think_s=0.0, number=0) -> ClosedTraffic:
    return ClosedTraffic(number, clients, think_s, always(*pairs))


def opened(*requests: tuple[float, int, int]) -> OpenTraffic:
    """Requests as (arrival, output, class), prompts of 10 tokens."""
    arrival, output, number = zip(*requests, strict=True)
    lengths = np.full(len(requests), 10), np.array(output), np.array(number)
    return OpenTraffic(np.array(arrival, dtype=float), *lengths)


def run(*closed, stream=NOBODY, limit=None, until_s=None, caps=None, **options):
    caps = caps or (None,) * max([1, *(c.traffic_class + 1 for c in closed)])
    return run_cluster(Traffic(stream, closed, limit, until_s, caps), timing=STEP, **options)


def sent(outcome) -> list[float]:
    return [round(float(at_s), 9) for at_s in outcome.requests["arrival_s"]]


def test_a_client_sends_again_after_the_answer_the_way_back_and_a_thought():
    outcome = run(loop((10, 5), think_s=0.100), limit=4, frontend_s=0.003)
    # Five tokens: 50 ms; 3 ms to the client; 100 ms of thinking.
    assert sent(outcome) == [0.0, 0.153, 0.306, 0.459]
    assert outcome.requests["finish_s"] == pytest.approx([0.050, 0.203, 0.356, 0.509])  # on the engine's clock


def test_without_thinking_the_next_request_joins_the_step_that_begins_with_the_answer():
    outcome = run(loop((10, 5)), limit=3)
    assert sent(outcome) == [0.0, 0.05, 0.10]
    assert outcome.requests["scheduled_s"] == pytest.approx([0.0, 0.05, 0.10])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(1, 30)), min_size=1, max_size=30),
    st.integers(1, 6),
    st.sampled_from([0.0, 0.0155]),
    st.integers(1, 3),
)
def test_a_closed_loop_keeps_all_its_clients_waiting(pairs, clients, frontend_s, replicas):
    outcome = run(loop(*pairs, clients=clients), limit=60, frontend_s=frontend_s, replicas=replicas)
    requests = outcome.requests
    answered = requests["finish_s"] + frontend_s
    assert (requests["status"] == COMPLETED).all()
    assert len(answered) == 60
    # Whenever one is sent, until the last, as many are under way as there are clients.
    for at_s in np.unique(requests["arrival_s"])[:-1]:
        assert np.count_nonzero((requests["arrival_s"] <= at_s) & (answered > at_s)) == clients


def test_thinking_clients_have_nothing_under_way():
    outcome = run(loop((10, 1), clients=2, think_s=1.0), until_s=2.5)
    assert sent(outcome) == [0.0, 0.0, 1.01, 1.01, 2.02, 2.02]


def test_the_runs_requests_end_a_closed_loop():
    outcome = run(loop((10, 5), clients=4), limit=10)
    assert len(sent(outcome)) == 10
    assert (outcome.requests["status"] == COMPLETED).all()


@pytest.mark.parametrize(("until_s", "count"), [(0.049, 1), (0.05, 1), (0.051, 2), (0.12, 3)])
def test_nothing_is_sent_at_or_after_the_duration(until_s, count):
    assert len(sent(run(loop((10, 5)), until_s=until_s))) == count


def test_a_horizon_leaves_the_rest_in_the_system():
    outcome = run(loop((10, 5), clients=2), until_s=0.12, horizon_s=0.12)
    assert outcome.requests["status"].tolist() == [COMPLETED] * 4 + [IN_SYSTEM] * 2


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize(("frontend_s", "last_s"), [(0.0, 0.1), (0.003, 0.106)])
def test_the_last_send_of_a_closed_loop_ends_the_run(single, frontend_s, last_s):
    told = []
    options = {"single": single, "frontend_s": frontend_s, "on_stop": told.append}
    outcome = run(loop((10, 5)), limit=3, to_last_send=True, **options)
    assert sent(outcome)[-1] == pytest.approx(last_s)
    assert told == [outcome.horizon_s] == [outcome.requests["arrival_s"][-1]]
    assert outcome.requests["status"].tolist() == [COMPLETED] * 2 + [IN_SYSTEM]


def test_the_last_send_of_open_arrivals_ends_the_run():
    stream = opened((0.0, 5, 0), (0.02, 5, 0), (0.065, 5, 0))
    outcome = run(stream=stream, to_last_send=True)
    assert outcome.horizon_s == 0.065
    assert outcome.requests["status"].tolist() == [COMPLETED, IN_SYSTEM, IN_SYSTEM]
    # One at a time: the third is sent as the second is answered, at 100 ms.
    held = run(stream=stream, caps=(1,), to_last_send=True)
    assert held.horizon_s == pytest.approx(0.10)
    assert held.requests["status"].tolist() == [COMPLETED, COMPLETED, IN_SYSTEM]


def test_a_refused_last_request_ends_the_run_too():
    outcome = run(loop((10, 5), (10, 5), TOO_LONG), limit=3, to_last_send=True)
    assert outcome.horizon_s == pytest.approx(0.10)
    assert outcome.requests["status"].tolist() == [COMPLETED, COMPLETED, REJECTED]


def test_a_run_without_a_horizon_says_so():
    assert run(loop((10, 5)), limit=3).horizon_s is None


def test_a_refused_request_does_not_stall_its_client():
    outcome = run(loop((10, 5), TOO_LONG, TOO_LONG, (10, 5)), limit=5)
    # A refusal takes no time: the client tries its next request at once.
    assert sent(outcome) == [0.0, 0.05, 0.05, 0.05, 0.10]
    assert outcome.requests["status"].tolist() == [COMPLETED, REJECTED, REJECTED, COMPLETED, COMPLETED]
    assert outcome.requests["replica"].tolist() == [0, -1, -1, 0, 0]


def test_a_loop_whose_requests_are_all_refused_ends_by_the_runs_requests():
    assert run(loop(TOO_LONG, clients=3), limit=7).requests["status"].tolist() == [REJECTED] * 7


def test_a_loop_whose_requests_are_all_refused_and_that_nothing_ends_is_an_error():
    with pytest.raises(InputError, match="requests in a row were refused"):
        run(loop(TOO_LONG), until_s=10.0)


def test_a_million_clients_and_three_requests_are_three_clients():
    assert sent(run(loop((10, 2), clients=1_000_000), limit=3)) == [0.0, 0.0, 0.0]


def test_two_loops_go_their_own_ways():
    outcome = run(loop((10, 2), think_s=0.03), loop((10, 4), number=1), until_s=0.10)
    number = outcome.requests["traffic_class"]
    assert [at_s for at_s, n in zip(sent(outcome), number, strict=True) if n == 0] == [0.0, 0.05]
    assert [at_s for at_s, n in zip(sent(outcome), number, strict=True) if n == 1] == [0.0, 0.04, 0.08]


def test_open_and_closed_classes_share_the_runs_requests_in_the_order_of_sending():
    stream = opened((0.005, 2, 1), (0.045, 2, 1), (9.0, 2, 1))
    outcome = run(loop((10, 3)), stream=stream, limit=5, caps=(None, None))
    # The open ones at 5 and 45 ms join steps that begin at 10 and 50 ms; the loop goes on every 30 ms.
    assert sent(outcome) == [0.0, 0.005, 0.03, 0.045, 0.06]
    assert outcome.requests["traffic_class"].tolist() == [0, 1, 0, 1, 0]


def test_a_limit_in_flight_holds_requests_back_and_latency_counts_from_the_real_send():
    outcome = run(stream=opened(*[(0.0, 4, 0)] * 5), caps=(2,), frontend_s=0.005)
    # 40 ms for four tokens and 5 ms to the client, two at a time.
    assert sent(outcome) == [0.0, 0.0, 0.045, 0.045, 0.09]
    assert outcome.requests["finish_s"] - outcome.requests["arrival_s"] == pytest.approx([0.04] * 5)


def test_a_limit_in_flight_does_nothing_while_it_is_not_reached():
    stream = opened((0.0, 2, 0), (0.1, 2, 0), (0.2, 2, 0))
    assert sent(run(stream=stream, caps=(1,))) == [0.0, 0.1, 0.2]


def test_a_limit_in_flight_is_that_of_its_class():
    stream = opened((0.0, 4, 0), (0.0, 4, 1), (0.0, 4, 0), (0.0, 4, 1))
    outcome = run(stream=stream, caps=(1, None))
    assert dict(zip([0, 1, 2, 3], sent(outcome), strict=True)) == {0: 0.0, 1: 0.0, 2: 0.04, 3: 0.0}


def test_a_held_request_that_is_refused_lets_the_next_one_go():
    stream = opened(*[(0.0, 4, 0)] * 4)
    stream.prompt_tokens[1:3] = TOO_LONG[0]
    outcome = run(stream=stream, caps=(1,))
    assert sent(outcome) == [0.0, 0.04, 0.04, 0.04]
    assert outcome.requests["status"].tolist() == [COMPLETED, REJECTED, REJECTED, COMPLETED]


def test_what_is_held_back_at_the_horizon_was_never_sent():
    outcome = run(stream=opened(*[(0.0, 4, 0)] * 5), caps=(1,), horizon_s=0.05)
    assert len(sent(outcome)) == 2
    assert outcome.held_back.arrival_s.tolist() == [0.0] * 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 20)), min_size=1, max_size=25), st.integers(1, 4))
def test_no_more_than_the_limit_are_ever_in_flight_and_all_are_served(requests, cap):
    stream = opened(*[(at_s, output, 0) for at_s, output in sorted(requests)])
    outcome = run(stream=stream, caps=(cap,), frontend_s=0.0042)
    arrival, answered = outcome.requests["arrival_s"], outcome.requests["finish_s"] + 0.0042
    assert (outcome.requests["status"] == COMPLETED).all()
    assert (arrival >= stream.arrival_s).all()
    for at_s in arrival:
        assert np.count_nonzero((arrival <= at_s) & (answered > at_s)) <= cap
    late = arrival > stream.arrival_s
    assert np.isin(arrival[late], answered).all()  # sent at the instant of an answer
