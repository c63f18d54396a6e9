"""The classes of a scenario become one stream of requests, and none of them changes what another one draws."""

import numpy as np
import pytest

from infersim.errors import InputError
from infersim.spec.scenario import Scenario
from infersim.workload.traffic import generate

CHAT = {
    "arrivals": {"kind": "poisson", "rate_per_s": 6},
    "prompt_tokens": {"kind": "lognormal", "mean": 512, "cv": 0.8},
    "output_tokens": {"kind": "geometric", "mean": 128},
}
BATCH = {**CHAT, "arrivals": {"kind": "deterministic", "rate_per_s": 2}}
LOOP = {**CHAT, "arrivals": {"kind": "closed_loop", "clients": 4, "think_s": 0.5}}
FLEET = {"main": {"model": "any", "device": "any"}}


def traffic_of(workload: dict, folder="/", **run):
    return generate(Scenario(workload=workload, fleet=FLEET, run=run), folder)


def of_class(opened, number: int) -> list[np.ndarray]:
    which = opened.traffic_class == number
    return [opened.arrival_s[which], opened.prompt_tokens[which], opened.output_tokens[which]]


@pytest.mark.parametrize("others", [{"batch": BATCH}, {"loop": LOOP}, {"batch": BATCH, "loop": LOOP, "more": CHAT}])
def test_a_class_draws_the_same_requests_whatever_other_classes_exist(others):
    alone = traffic_of({"chat": CHAT}, duration_s=200).open
    first = traffic_of({"chat": CHAT, **others}, duration_s=200).open
    last = traffic_of({**others, "chat": CHAT}, duration_s=200).open
    for mixed, number in ((first, 0), (last, len(others))):
        for ours, theirs in zip(of_class(alone, 0), of_class(mixed, number), strict=True):
            assert ours.tobytes() == theirs.tobytes()


def test_two_classes_of_equal_settings_draw_different_requests():
    both = traffic_of({"a": CHAT, "b": CHAT}, duration_s=200).open
    assert not np.array_equal(of_class(both, 0)[1][:20], of_class(both, 1)[1][:20])


def test_changing_the_output_lengths_leaves_arrivals_and_prompts():
    longer = {**CHAT, "output_tokens": {"kind": "fixed", "value": 900}}
    one, other = traffic_of({"chat": CHAT}, duration_s=99).open, traffic_of({"chat": longer}, duration_s=99).open
    assert np.array_equal(one.arrival_s, other.arrival_s)
    assert np.array_equal(one.prompt_tokens, other.prompt_tokens)
    assert set(other.output_tokens) == {900}


def test_classes_are_merged_by_arrival_and_ties_stand_in_the_classes_order():
    at = {"arrivals": {"kind": "deterministic", "rate_per_s": 1}, "prompt_tokens": {"kind": "fixed", "value": 1}}
    slow = {**at, "arrivals": {"kind": "deterministic", "rate_per_s": 0.5}}
    length = {"output_tokens": {"kind": "fixed", "value": 1}}
    opened = traffic_of({"fast": at | length, "slow": slow | length}, duration_s=4).open
    assert opened.arrival_s.tolist() == [0, 0, 1, 2, 2, 3]
    assert opened.traffic_class.tolist() == [0, 1, 0, 0, 1, 0]


def test_run_requests_counts_all_classes_together():
    opened = traffic_of({"chat": CHAT, "batch": BATCH}, requests=800).open
    assert opened.arrival_s.size == 800
    # Six and two a second: three quarters are chat, ± 4 · √(800 · ¾ · ¼).
    assert abs(np.count_nonzero(opened.traffic_class == 0) - 600) < 49
    longer = traffic_of({"chat": CHAT, "batch": BATCH}, requests=900).open
    assert np.array_equal(longer.arrival_s[:800], opened.arrival_s)


def test_the_seed_changes_everything_and_only_the_seed():
    first, again, other = (traffic_of({"chat": CHAT}, requests=50, seed=seed).open for seed in (1, 1, 2))
    assert np.array_equal(first.arrival_s, again.arrival_s)
    assert not np.array_equal(first.arrival_s, other.arrival_s)
    assert not np.array_equal(first.prompt_tokens, other.prompt_tokens)


def test_a_closed_loop_hands_out_the_lengths_that_an_open_class_of_its_name_would_have():
    (loop,) = traffic_of({"chat": LOOP}, requests=5000).closed
    opened = traffic_of({"chat": CHAT}, requests=5000).open
    drawn = [next(loop.lengths)[:2] for _ in range(5000)]  # more than one block of draws
    assert drawn == list(zip(opened.prompt_tokens.tolist(), opened.output_tokens.tolist(), strict=True))
    assert (loop.clients, loop.think_s, loop.traffic_class) == (4, 0.5, 0)


def test_max_in_flight_is_kept_by_class():
    capped = {**CHAT, "arrivals": {"kind": "poisson", "rate_per_s": 6, "max_in_flight": 3}}
    traffic = traffic_of({"chat": CHAT, "loop": LOOP, "capped": capped}, requests=10)
    assert traffic.max_in_flight == (None, None, 3)
    assert (traffic.limit, traffic.until_s) == (10, None)


@pytest.mark.parametrize(
    ("run", "kept"), [({}, 4), ({"requests": 3}, 3), ({"duration_s": 2.0}, 2), ({"duration_s": 9}, 4)]
)
def test_a_trace_runs_to_its_end_or_to_the_runs(tmp_path, run, kept):
    rows = "0,10,1\n1,20,2\n2,30,3\n3,40,4\n"
    (tmp_path / "t.csv").write_text("arrival_s,prompt_tokens,output_tokens\n" + rows)
    opened = traffic_of({"t": {"trace": {"path": "t.csv", "max_in_flight": 2}}}, tmp_path, **run).open
    assert opened.prompt_tokens.tolist() == [10, 20, 30, 40][:kept]


def test_a_trace_that_is_not_there_says_so(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        traffic_of({"t": {"trace": {"path": "t.csv"}}}, tmp_path)
