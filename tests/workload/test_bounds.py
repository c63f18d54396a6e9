"""Generated lengths are cut to what a replica takes, and only as far as they must be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.records import CUT_OUTPUT, CUT_PROMPT
from infersim.sim.batching.policy import UNBOUNDED
from infersim.workload.bounds import Bounds
from infersim.workload.traffic import ClosedTraffic, OpenTraffic, Traffic

BOTH = CUT_PROMPT + CUT_OUTPUT
CASES = [
    # most tokens, prompt, output; asked for; what is left; what was cut
    ((100, UNBOUNDED, UNBOUNDED), (60, 40), (60, 40), 0),
    ((100, UNBOUNDED, UNBOUNDED), (60, 41), (60, 40), CUT_OUTPUT),
    ((100, UNBOUNDED, UNBOUNDED), (99, 1), (99, 1), 0),
    ((100, UNBOUNDED, UNBOUNDED), (100, 1), (99, 1), CUT_PROMPT),  # room for one token of the output
    ((100, UNBOUNDED, UNBOUNDED), (500, 7), (99, 1), BOTH),
    ((100, 30, UNBOUNDED), (31, 69), (30, 69), CUT_PROMPT),
    ((100, 30, UNBOUNDED), (31, 99), (30, 70), BOTH),
    ((100, UNBOUNDED, 8), (20, 9), (20, 8), CUT_OUTPUT),
    ((1, UNBOUNDED, UNBOUNDED), (3, 3), (1, 1), BOTH),  # nothing fits: one token each is refused as before
]


@pytest.mark.parametrize(("most", "asked", "left", "cut"), CASES)
def test_a_prompt_leaves_room_for_a_token_and_the_output_takes_what_is_left(most, asked, left, cut):
    (prompt,), (output,), (what,) = Bounds(*most).cut(*(np.array([tokens]) for tokens in asked))
    assert ((prompt, output), what) == (left, cut)


LIMIT = st.integers(1, 300) | st.just(UNBOUNDED)
LENGTHS = st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400), st.integers(0, 400)), min_size=1, max_size=30)


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 300), LIMIT, LIMIT, LENGTHS)
def test_what_is_cut_fits_and_closed_loops_are_cut_as_open_arrivals_are(most, most_prompt, most_output, asked):
    asked = [(prompt, max(output, thought), thought) for prompt, output, thought in asked]
    bounds = Bounds(most, most_prompt, most_output)
    prompt, output, thought = (np.array(column) for column in zip(*asked, strict=True))
    classes = np.zeros(len(asked), dtype=np.int64)
    opened = OpenTraffic(np.arange(len(asked)) * 1.0, prompt, output, classes, thought)
    traffic = Traffic(opened, (ClosedTraffic(1, 1, 0.0, iter(asked)),), None, None, (None, None)).bounded(bounds)
    found = traffic.open
    assert (found.prompt_tokens <= min(most - 1, most_prompt)).all()
    assert (found.output_tokens <= most_output).all()
    assert (found.prompt_tokens + found.output_tokens <= most).all()
    assert (found.reasoning_tokens <= found.output_tokens).all()
    cut = np.zeros(len(asked), dtype=int) if found.cut is None else found.cut
    shorter = found.prompt_tokens < prompt, found.output_tokens < output
    assert np.array_equal(cut, CUT_PROMPT * shorter[0] + CUT_OUTPUT * shorter[1])
    columns = (found.prompt_tokens, found.output_tokens, found.reasoning_tokens, cut)
    assert [*traffic.closed[0].lengths] == [*zip(*(column.tolist() for column in columns), strict=True)]


def test_recorded_requests_are_never_cut():
    tokens, classes = np.array([500, 500]), np.array([0, 1])
    opened = OpenTraffic(np.zeros(2), tokens, tokens, classes)
    found = Traffic(opened, (), None, None, (None, None), recorded=frozenset({1})).bounded(Bounds(100, 100, 100)).open
    assert found.prompt_tokens.tolist() == [99, 500]
    assert found.output_tokens.tolist() == [1, 500]
    assert found.cut.tolist() == [BOTH, 0]


def test_what_fits_stays_as_it_is():
    opened = OpenTraffic(np.zeros(1), np.array([5]), np.array([5]), np.array([0]))
    traffic = Traffic(opened, (), None, None, (None,))
    assert traffic.bounded(Bounds(10, 5, 5)).open is opened
