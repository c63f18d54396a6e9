"""Conversations. A step takes 10 ms whatever is in it, so a request that finds room is answered 10 ms a token after its
sending."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.errors import InputError
from infersim.records import COMPLETED, IN_SYSTEM, LAST_TURN, REJECTED
from infersim.workload.traffic import Traffic
from tests.sim.helpers import LinearTiming, run_cluster
from tests.sim.test_clients import NOBODY, loop, opened, sent
from tests.workload.session_cases import begun_at, taken_by, turns_of

STEP = LinearTiming(base_s=0.010, token_s=0.0)
TALK = [(0.0, 10, 5), (0.1, 20, 3), (0.2, 30, 1)]
SHORT = [(0.0, 10, 2)]
TOO_LONG = 10**6


def run(*sessions, closed=(), stream=NOBODY, limit=None, until_s=None, **options):
    classes = 1 + max([0, *(each.traffic_class for each in (*sessions, *closed)), *stream.traffic_class.tolist()])
    traffic = Traffic(stream, tuple(closed), limit, until_s, (None,) * classes, sessions=tuple(sessions))
    return run_cluster(traffic, timing=STEP, **options)


def log(outcome) -> list[tuple[float, int, int, int]]:
    """Requests as (sending, session, turn, prompt)."""
    names = ("session_id", "turn", "prompt_tokens")
    rows = zip(sent(outcome), *(outcome.requests[name].tolist() for name in names), strict=True)
    return [*rows]


def test_a_turn_follows_the_answer_and_its_prompt_holds_all_that_was_said():
    outcome = run(begun_at([0.5], TALK), frontend_s=0.003)
    # Five tokens: 50 ms; 3 ms to the client; 100 ms of thinking. Then 30 + 3 + 200 ms.
    assert log(outcome) == [(0.5, 0, 0, 10), (0.653, 0, 1, 10 + 5 + 20), (0.886, 0, 2, 35 + 3 + 30)]
    assert outcome.requests["shared_prefix_tokens"].tolist() == [0, 15, 38]
    assert outcome.requests["ends"].tolist() == [0, 0, LAST_TURN]


def test_without_context_prompts_are_what_is_new_and_share_nothing():
    outcome = run(begun_at([0.0], TALK, keeps_context=False))
    assert outcome.requests["prompt_tokens"].tolist() == [10, 20, 30]
    assert outcome.requests["shared_prefix_tokens"].tolist() == [0, 0, 0]


def test_reasoning_is_forgotten_and_the_answer_after_it_is_computed_anew():
    outcome = run(begun_at([0.0], [(0.0, 10, 50, 40), (0.0, 5, 1, 0), (0.0, 5, 1, 0)]))
    assert outcome.requests["prompt_tokens"].tolist() == [10, 10 + 10 + 5, 25 + 1 + 5]
    assert outcome.requests["shared_prefix_tokens"].tolist() == [0, 10, 26]


def test_sessions_begin_at_their_times_and_go_on_beside_each_other():
    outcome = run(begun_at([0.0, 0.02], TALK[:2], [(0.0, 7, 1), (0.01, 1, 1)]))
    assert log(outcome) == [(0.0, 0, 0, 10), (0.02, 1, 0, 7), (0.04, 1, 1, 9), (0.15, 0, 1, 35)]


def test_a_client_takes_the_next_session_when_its_last_has_ended_and_it_has_thought():
    outcome = run(taken_by(1, SHORT, [(0.0, 10, 1), (0.1, 1, 1)], SHORT, think_s=1.0))
    assert log(outcome) == [(0.0, 0, 0, 10), (1.02, 1, 0, 10), (1.13, 1, 1, 12), (2.14, 2, 0, 10)]


def test_clients_share_the_sessions_and_leave_when_there_are_no_more():
    outcome = run(taken_by(2, TALK[:1], SHORT, SHORT, SHORT))
    assert [(at_s, session) for at_s, session, *_ in log(outcome)] == [(0.0, 0), (0.0, 1), (0.02, 2), (0.04, 3)]


def test_a_recorded_first_gap_counts_from_the_clients_last_session():
    outcome = run(taken_by(1, [(0.3, 10, 1)], [(0.4, 10, 1), (0.5, 11, 1)], recorded=True))
    assert log(outcome) == [(0.3, 0, 0, 10), (0.71, 1, 0, 10), (1.22, 1, 1, 11)]


def test_recorded_turns_with_times_wait_for_no_answer():
    turns = replace(turns_of([(0.0, 10, 9)], [(0.0, 20, 1)]), session=np.zeros(2, np.int64), turn=np.arange(2))
    outcome = run(replace(begun_at([0.0, 0.01], SHORT), turns=iter([turns]), recorded=True))
    assert log(outcome) == [(0.0, 0, 0, 10), (0.01, 0, 1, 20)]


def test_the_runs_requests_leave_a_session_before_its_end():
    outcome = run(begun_at([0.0, 0.02], TALK, TALK), limit=3)
    assert [(session, turn) for _, session, turn, _ in log(outcome)] == [(0, 0), (1, 0), (0, 1)]
    assert (outcome.requests["status"] == COMPLETED).all()


@pytest.mark.parametrize(("until_s", "count"), [(0.14, 1), (0.15, 1), (0.151, 2), (0.5, 3)])
def test_nothing_is_sent_at_or_after_the_duration(until_s, count):
    assert len(sent(run(begun_at([0.0], TALK), until_s=until_s))) == count


def test_a_horizon_leaves_the_rest_in_the_system():
    outcome = run(begun_at([0.0], TALK), horizon_s=0.16)
    assert outcome.requests["status"].tolist() == [COMPLETED, IN_SYSTEM]


@pytest.mark.parametrize("single", [False, True])
def test_the_last_send_of_all_sessions_ends_the_run(single):
    outcome = run(begun_at([0.0], TALK), taken_by(1, SHORT, number=1), single=single, to_last_send=True)
    assert outcome.horizon_s == pytest.approx(0.38)
    assert outcome.requests["status"].tolist() == [COMPLETED] * 3 + [IN_SYSTEM]


def test_a_refused_turn_comes_back_at_once_and_its_session_goes_on():
    outcome = run(taken_by(1, [(0.0, 10, 1), (0.1, TOO_LONG, 1), (0.2, 10, 1)], SHORT, recorded=True))
    assert outcome.requests["status"].tolist() == [COMPLETED, REJECTED, COMPLETED, COMPLETED]
    assert sent(outcome) == [0.0, 0.11, 0.31, 0.32]


def test_sessions_without_end_whose_turns_are_all_refused_are_an_error():
    endless = replace(taken_by(1, SHORT), turns=(turns_of([(0.0, TOO_LONG, 1)]) for _ in itertools.count()), total=None)
    with pytest.raises(InputError, match="requests in a row were refused"):
        run(endless, until_s=10.0)


def test_sessions_stand_beside_closed_loops_and_open_arrivals():
    stream = opened((0.005, 2, 2), (0.045, 2, 2))
    outcome = run(begun_at([0.0], TALK), closed=[loop((10, 3), number=1)], stream=stream, until_s=0.06)
    assert outcome.requests["traffic_class"].tolist() == [1, 0, 2, 1, 2]
    assert outcome.requests["session_id"].tolist() == [-1, 0, -1, -1, -1]


def test_a_run_without_sessions_has_no_such_columns():
    assert "session_id" not in run(stream=opened((0.0, 2, 0))).requests


turn = st.tuples(st.sampled_from([0.0, 0.0123, 0.3]), st.integers(1, 50), st.integers(1, 20))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(turn, min_size=1, max_size=6), min_size=1, max_size=8),
    st.integers(0, 4),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.0155]),
)
def test_every_turn_is_answered_once_and_sent_when_its_pause_is_over(talks, clients, replicas, frontend_s):
    many = taken_by(clients, *talks) if clients else begun_at(np.arange(len(talks)) * 0.03, *talks)
    requests = run(many, replicas=replicas, frontend_s=frontend_s).requests
    assert (requests["status"] == COMPLETED).all()
    assert len(requests["turn"]) == sum(map(len, talks))
    answered = requests["finish_s"] + frontend_s
    for number, talk in enumerate(talks):
        mine = requests["session_id"] == number
        assert requests["turn"][mine].tolist() == [*range(len(talk))]
        pauses = requests["arrival_s"][mine][1:] - answered[mine][:-1]
        assert pauses == pytest.approx([gap for gap, *_ in talk[1:]], abs=1e-9)
        history = np.cumsum([0] + [prompt + output for _, prompt, output in talk])
        assert requests["prompt_tokens"][mine].tolist() == [h + talk[k][1] for k, h in enumerate(history[:-1])]
    if clients:  # nobody has more than one session under way
        for at_s in requests["arrival_s"]:
            assert np.count_nonzero((requests["arrival_s"] <= at_s) & (answered > at_s)) <= clients
