"""What a reader must not miss is said, and only then."""

import numpy as np
import pytest

from infersim.caveats import caveats, growing_queue
from infersim.records import COMPLETED, CUT_OUTPUT, CUT_PROMPT, REJECTED
from infersim.spec.scenario import Scenario
from infersim.summary import Span
from infersim.workload.requests import Blocks

FLEET = {"main": {"model": "any", "device": "any"}}


def scenario(prompt=None, **run) -> Scenario:
    fixed = {"kind": "fixed", "value": 10}
    chat = {"arrivals": {"kind": "poisson", "rate_per_s": 1}, "prompt_tokens": prompt or fixed, "output_tokens": fixed}
    return Scenario(workload={"chat": chat}, fleet=FLEET, run={"duration_s": 60.0} | run)


def table(prompt=(10, 10), status=COMPLETED) -> dict[str, np.ndarray]:
    count = len(prompt)
    times = np.arange(count, dtype=float)
    whole = {"prompt_tokens": np.array(prompt, dtype=int), "output_tokens": np.full(count, 10)}
    whole |= {"traffic_class": np.zeros(count, dtype=int), "status": np.full(count, status)}
    whole |= {name: np.zeros(count, dtype=int) for name in ("reasoning_tokens", "cut")}
    return {
        "due_s": times,
        "arrival_s": times,
        "scheduled_s": times,
        "first_token_s": times + 1,
        "finish_s": times + 2,
    } | whole


def said(asked, requests, held=0, begin_s=0.0) -> list[str]:
    span = Span(begin_s, 60.0)
    return caveats(asked, requests, held, 20, span, growing_queue(asked, requests, np.zeros(held)).sentence)


def test_nothing_is_said_of_an_ordinary_run():
    assert said(scenario(), table()) == []


def test_rejections_name_the_limit():
    assert said(scenario(), table(prompt=(11, 11), status=REJECTED)) == [
        "2 of 2 requests were rejected: their prompt and output are more than max_model_len = 20 tokens."
    ]
    assert said(scenario(), table(prompt=(11, 10, 10), status=REJECTED)) == [
        "1 of 3 requests were rejected: their prompt and output are more than max_model_len = 20 tokens.",
        "2 of 3 requests were rejected: their prompt or their output alone is longer than the engine's options allow.",
    ]


def test_lengths_that_their_bounds_cut_are_named():
    spec = {"kind": "lognormal", "mean": 512, "cv": 1, "min": 4, "max": 100}
    # four of five stand at the maximum
    assert said(scenario(spec), table([100] * 4 + [50])) == [
        "workload.chat.prompt_tokens: 80% are at max 100, so their mean is 90 tokens and not 512."
    ]
    assert said(scenario(spec), table([100] + [50] * 29)) == []  # one in thirty is what a maximum is for


def test_bounds_are_held_against_what_was_drawn_of_a_copula_and_of_reasoning():
    spec = {"kind": "geometric", "mean": 90, "max": 10}
    fixed = {"kind": "fixed", "value": 10}
    tied = {"kind": "joint", "form": "copula", "spearman": 0.5, "prompt_tokens": fixed, "output_tokens": spec}
    chat = {"arrivals": {"kind": "poisson", "rate_per_s": 1}, "lengths": tied, "reasoning_tokens": spec}
    asked = Scenario(workload={"chat": chat}, fleet=FLEET, run={"duration_s": 60.0})
    told = "100% are at max 10, so their mean is 10 tokens and not 90."
    thought = table() | {"output_tokens": np.full(2, 20), "reasoning_tokens": np.full(2, 10)}
    assert said(asked, thought) == [f"workload.chat.{p}: {told}" for p in ("reasoning_tokens", "lengths.output_tokens")]
    assert said(asked, thought | {"output_tokens": np.full(2, 19), "reasoning_tokens": np.full(2, 9)})[1:] == []


def test_lengths_that_were_cut_are_counted():
    (sentence,) = said(scenario(), table() | {"cut": np.array([CUT_OUTPUT, CUT_PROMPT + CUT_OUTPUT])})
    assert sentence.startswith("1 prompts and 2 outputs of 2 requests were drawn longer than a replica takes")
    assert "max_model_len is 20 tokens" in sentence


def test_a_class_that_sends_nothing_and_requests_held_back_are_named():
    nothing = table([])
    assert said(scenario(), nothing) == ["class 'chat' sent no request before run.duration_s = 60 s."]
    assert "3 requests were due but held back" in said(scenario(), table(), held=3)[0]


def test_requests_that_their_client_held_back_are_named():
    late = table() | {"due_s": np.array([0.0, 0.5])}  # sent at 0 and 1 s
    (sentence,) = said(scenario(), late)
    assert sentence.startswith("1 requests were sent later than they were due")
    assert "for 500 ms in the mean" in sentence


def test_what_ended_the_run_is_named():
    other = table() | {"traffic_class": np.array([0, 0])}
    chat = scenario().model_dump(by_alias=True)["workload"]["chat"]
    both = Scenario(workload={"chat": chat, "rare": chat}, fleet=FLEET, run={"requests": 2, "duration_s": 60.0})
    assert said(both, other) == ["class 'rare' sent no request before run.requests = 2 were sent."]


def test_an_overload_at_the_client_is_no_overload_of_the_server():
    count = 600  # one a second, each begun 1.5 s after the one before
    grows = np.arange(count) * 1.5
    requests = table([10] * count) | {"due_s": np.arange(count, dtype=float), "scheduled_s": grows}
    for arrival, end in ((requests["due_s"], "not a steady state."), (grows, "keeps it out of the latencies.")):
        told = growing_queue(scenario(), requests | {"arrival_s": arrival}, np.zeros(0)).sentence
        assert end in told
        assert told.endswith("--set fleet.main.replicas=2")
        assert told in caveats(scenario(), requests, 0, 20, Span(0.0, 900.0), told)


def test_a_warm_up_that_leaves_nothing_is_named():
    (sentence,) = said(scenario(), table(), begin_s=90.0)
    assert sentence.startswith("nothing was completed after the warm-up")


@pytest.mark.parametrize(("asked", "sentence"), [(5, ["5 requests were asked for, and the traces hold 2."]), (2, [])])
def test_a_trace_shorter_than_asked_for_is_named(asked, sentence):
    traced = Scenario(workload={"a": {"trace": {"path": "a.csv"}}}, fleet=FLEET, run={"requests": asked})
    assert said(traced, table()) == sentence


def test_a_warm_up_that_takes_all_it_may_is_said():
    # Two requests, the last at 1 s: of a drained run half of that is the most.
    asked = scenario(warmup="auto")
    assert "no steady state" in said(asked, table(), begin_s=0.5)[0]
    assert said(asked, table(), begin_s=0.4) == []
    assert said(scenario(warmup=0.5), table(), begin_s=0.5) == []
    assert said(scenario(warmup="auto", until="horizon"), table(), begin_s=0.5) == []  # of 60 s
    assert "no steady state" in said(scenario(warmup="auto", until="horizon"), table(), begin_s=30.0)[0]


def test_a_horizon_at_the_beginning_is_said():
    requests = table() | {"status": np.zeros(2, dtype=int)}
    found = caveats(scenario(), requests, 0, 20, Span(0.0, 0.0), "")
    assert found == ["the last request was sent at time 0, which is the horizon: there is nothing to report."]


def test_what_recorded_blocks_have_in_common_is_said():
    """Of three prompts two were sent; the second begins with the first block of the first."""
    blocks = {0: Blocks(10, np.array([1, 2, 1, 3, 1, 3]), np.array([0, 2, 4, 6]))}
    found = caveats(scenario(), table((20, 20)), 0, 100, Span(0.0, 60.0), "", blocks=blocks)
    assert [sentence.partition(" of the")[0] for sentence in found] == ["25%"]
    refused = table((20, 20)) | {"status": np.array([COMPLETED, REJECTED])}
    found = caveats(scenario(), refused, 0, 100, Span(0.0, 60.0), "", blocks=blocks)
    assert not any("of the prompt tokens" in sentence for sentence in found)
