"""Sessions drawn at random: as asked for, the same whatever else happens, and never beyond the context."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.errors import InputError
from infersim.load import from_mapping
from infersim.records import CUT_OUTPUT, CUT_PROMPT, GOES_ON, LAST_TURN, NO_ROOM
from infersim.workload.bounds import Bounds
from infersim.workload.traffic import generate
from infersim.workload.turns import Turn, kept
from tests.workload.session_cases import turns_of

CHAT = {
    "arrivals": {"kind": "poisson", "rate_per_s": 2},
    "sessions": {"turns": {"kind": "geometric", "mean": 4}, "think_s": {"kind": "exponential", "mean": 30}},
    "prompt_tokens": {"kind": "geometric", "mean": 150},
    "output_tokens": {"kind": "geometric", "mean": 200},
}
LOOP = {"kind": "closed_loop", "clients": 3}
OTHER = {
    **CHAT,
    "arrivals": {"kind": "deterministic", "rate_per_s": 1},
    "sessions": {"turns": {"kind": "fixed", "value": 9}},
}
FLEET = {"main": {"model": "llama-3.1-8b", "device": "h100-sxm-80gb"}}


def traffic_of(workload, folder="/", **run):
    return generate(from_mapping({"workload": workload, "fleet": FLEET, "run": run}).scenario, folder)


def first(sessions, count: int) -> list[list[Turn]]:
    return [list(session) for session in itertools.islice(sessions.sessions(), count)]


def chat(count: int, **changes):
    return first(traffic_of({"chat": CHAT | changes}, duration_s=99).sessions[0], count)


def test_turns_and_pauses_are_those_asked_for():
    sessions = chat(20_000)
    turns = np.array([len(session) for session in sessions])
    # Of a geometric number from 1 with mean 4, the variance is 4 · 3 and the share of ones 1/4.
    assert turns.mean() == pytest.approx(4, abs=4 * np.sqrt(12 / 20_000))
    assert np.mean(turns == 1) == pytest.approx(0.25, abs=0.015)
    pauses = np.array([turn.gap_s for session in sessions for turn in session[1:]])
    assert pauses.mean() == pytest.approx(30, rel=4 / np.sqrt(pauses.size))
    assert pauses.std() == pytest.approx(30, rel=0.05)
    assert {session[0].gap_s for session in sessions} == {0.0}
    new = [later.prompt_tokens - earlier.prompt_tokens - earlier.output_tokens for earlier, later in pairs(sessions)]
    assert np.mean(new) == pytest.approx(150, rel=0.03)


def pairs(sessions):
    return [pair for session in sessions for pair in itertools.pairwise(session)]


@pytest.mark.parametrize(
    ("spec", "mean", "std"),
    [
        ({"kind": "fixed", "value": "2min"}, 120, 0),
        ({"kind": "uniform", "low": 2, "high": 8}, 5, 6 / np.sqrt(12)),
        ({"kind": "lognormal", "mean": 40, "cv": 0.5}, 40, 20),
        ({"kind": "exponential", "mean": 7}, 7, 7),
    ],
)
def test_kinds_of_pauses(spec, mean, std):
    sessions = chat(5000, sessions={"turns": {"kind": "fixed", "value": 3}, "think_s": spec})
    pauses = np.array([turn.gap_s for session in sessions for turn in session[1:]])
    assert pauses.size == 10_000
    assert pauses.mean() == pytest.approx(mean, abs=4 * std / 100 + 1e-12)
    assert pauses.std() == pytest.approx(std, rel=0.06)


def test_a_session_is_the_same_whoever_takes_it_and_whatever_other_classes_do():
    alone = chat(600)
    assert chat(600, arrivals=LOOP) == alone
    beside = traffic_of({"more": OTHER, "chat": CHAT}, requests=5)
    assert first(beside.sessions[1], 600) == alone
    assert first(beside.sessions[0], 9) != alone[:9]


def test_pauses_change_nothing_but_pauses():
    calm = chat(300, sessions=CHAT["sessions"] | {"think_s": {"kind": "fixed", "value": 1}})
    assert [[turn._replace(gap_s=0) for turn in each] for each in calm] == [
        [turn._replace(gap_s=0) for turn in each] for each in chat(300)
    ]


def test_sessions_begin_when_arrivals_say():
    sessions = traffic_of({"chat": CHAT}, duration_s=1000, seed=5).sessions[0]
    plain = {key: value for key, value in CHAT.items() if key != "sessions"}
    assert np.array_equal(sessions.start_s, traffic_of({"chat": plain}, duration_s=1000, seed=5).open.arrival_s)
    assert traffic_of({"chat": CHAT | {"arrivals": LOOP}}, requests=9).sessions[0].start_s is None


def test_scaled_sessions_have_longer_turns():
    sessions = traffic_of({"chat": CHAT}, duration_s=99).scaled(2.0, 3.0).sessions[0]
    for session, other in zip(first(sessions, 300), chat(300), strict=True):
        assert [turn.output_tokens for turn in session] == [3 * turn.output_tokens for turn in other]
        assert session[0].prompt_tokens == 2 * other[0].prompt_tokens


def test_a_monstrous_session_is_refused():
    with pytest.raises(InputError, match="turns was drawn"):
        chat(1, sessions={"turns": {"kind": "fixed", "value": 10**8}})


def test_a_session_that_fills_the_context_ends_there():
    bounds = Bounds(100, 99, 99)
    prompt_too_long = turns_of([(0, 40, 20), (0, 30, 5), (0, 5, 1), (0, 5, 1)])  # 40, 90, 100 …
    whole = kept(prompt_too_long, bounds, True)
    assert whole.prompt_tokens.tolist() == [40, 90]
    assert whole.ends.tolist() == [GOES_ON, NO_ROOM]
    output_too_long = turns_of([(0, 40, 20), (0, 30, 50), (0, 5, 1)])
    cut = kept(output_too_long, bounds, True)
    assert cut.output_tokens.tolist() == [20, 10]
    assert (cut.cut.tolist(), cut.ends.tolist()) == ([0, CUT_OUTPUT], [GOES_ON, NO_ROOM])


def test_a_last_turn_whose_answer_is_cut_is_still_the_last_one():
    cut = kept(turns_of([(0, 40, 20), (0, 30, 50)]), Bounds(100, 99, 99), True)
    assert (cut.cut.tolist(), cut.ends.tolist()) == ([0, CUT_OUTPUT], [GOES_ON, LAST_TURN])


def test_a_first_prompt_beyond_the_context_is_cut_like_any_other():
    cut = kept(turns_of([(0, 400, 20), (0, 1, 1)], [(0, 5, 5)]), Bounds(100, 99, 99), True)
    assert cut.prompt_tokens.tolist() == [99, 5]
    assert cut.cut.tolist() == [CUT_PROMPT + CUT_OUTPUT, 0]
    assert cut.ends.tolist() == [NO_ROOM, LAST_TURN]


lengths = st.tuples(st.just(0.0), st.integers(1, 60), st.integers(1, 60), st.integers(0, 60)).map(
    lambda row: (*row[:3], min(row[3], row[2]))
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(lengths, min_size=1, max_size=7), min_size=1, max_size=6),
    st.integers(2, 300),
    st.integers(1, 150),
    st.integers(1, 70),
    st.booleans(),
)
def test_turns_are_those_of_a_plain_walk_through_each_session(sessions, most, most_prompt, most_output, keeps):
    bounds = Bounds(most, most_prompt, most_output)
    found = [[(*turn[1:4], turn.ends) for turn in s] for s in kept(turns_of(*sessions), bounds, keeps).each()]
    assert found == [walk(session, bounds, keeps) for session in sessions]


def walk(session, bounds, keeps):
    """The rule turn by turn."""
    longest, history, rows = min(bounds.most_prompt_tokens, bounds.most_tokens - 1), 0, []
    for number, (_, new, output, reasoning) in enumerate(session):
        prompt = history + new if number and keeps else min(new, longest)
        if prompt > longest:
            break
        output = min(output, bounds.most_output_tokens)
        sent = min(output, bounds.most_tokens - prompt)
        rows.append((prompt, sent, min(reasoning, sent)))
        history = prompt + sent - min(reasoning, sent)
        if keeps and sent < output:
            break
    last = LAST_TURN if len(rows) == len(session) else NO_ROOM
    return [(*row, GOES_ON) for row in rows[:-1]] + [(*rows[-1], last)]
