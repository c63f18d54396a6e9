"""What a latency is, and who meets an SLO."""

import numpy as np
import pytest

from infersim.metrics.latency import Verdict, counts, describe_latencies, latencies, verdict, within
from infersim.records import COMPLETED, CUT_OUTPUT, CUT_PROMPT, IN_SYSTEM, REJECTED
from infersim.spec.workload import Slo

# Sent at 1 s, scheduled at 1.25 s, first token at 2 s; the second request's only token is its first and last.
REQUESTS = {
    "arrival_s": np.array([1.0, 1.0]),
    "scheduled_s": np.array([1.25, 1.0]),
    "first_token_s": np.array([2.0, 2.0]),
    "finish_s": np.array([4.0, 2.0]),
    "output_tokens": np.array([5, 1]),
}


def test_latencies_count_from_the_sending():
    values = latencies(REQUESTS, 0.0)
    assert values["ttft_s"].tolist() == [1.0, 1.0]
    assert values["e2e_s"].tolist() == [3.0, 1.0]
    assert values["queue_s"].tolist() == [0.25, 0.0]
    assert values["tpot_s"][0] == (3.0 - 1.0) / 4  # four gaps between five tokens


def test_the_front_end_delays_every_token_alike():
    values = latencies(REQUESTS, 0.5)
    assert values["ttft_s"].tolist() == [1.5, 1.5]
    assert values["e2e_s"].tolist() == [3.5, 1.5]
    assert values["queue_s"].tolist() == [0.25, 0.0]
    assert values["tpot_s"][0] == (3.0 - 1.0) / 4


def test_an_output_of_one_token_has_no_tpot():
    values = latencies(REQUESTS, 0.0)
    assert np.isnan(values["tpot_s"][1])
    assert describe_latencies(values)["tpot_s"] == dict.fromkeys(("mean", "p50", "p90", "p95", "p99"), 0.5)


def test_outputs_of_one_token_alone_leave_tpot_null():
    only = {name: column[1:] for name, column in REQUESTS.items()}
    described = describe_latencies(latencies(only, 0.0))
    assert described["tpot_s"]["mean"] is None
    assert described["ttft_s"]["mean"] == 1.0


@pytest.mark.parametrize(
    ("slo", "met"),
    [
        ({"ttft_s": 1.0}, [True, True]),  # exactly on the bound is within it
        ({"ttft_s": 0.999}, [False, False]),
        ({"tpot_s": 0.5}, [True, True]),
        ({"tpot_s": 0.499}, [False, True]),  # an output of one token meets any TPOT
        ({"e2e_s": 2.0}, [False, True]),
        ({"ttft_s": 5.0, "tpot_s": 0.1, "e2e_s": 2.0}, [False, True]),
    ],
)
def test_a_request_meets_an_slo_if_it_keeps_every_bound(slo, met):
    assert within(Slo(**slo), latencies(REQUESTS, 0.0)).tolist() == met


def test_every_request_that_arrived_is_counted_once():
    status = np.array([COMPLETED, REJECTED, IN_SYSTEM, COMPLETED, COMPLETED])
    cut = np.array([0, CUT_PROMPT, CUT_OUTPUT, CUT_PROMPT + CUT_OUTPUT, CUT_OUTPUT], dtype=np.int8)
    assert counts({"status": status, "preemptions": np.array([0, 0, 2, 1, 0]), "cut": cut}) == {
        "arrived": 5,
        "completed": 3,
        "rejected": 1,
        "in_system": 1,
        "preempted": 2,  # requests
        "preemptions": 3,  # times
        "cut": {"prompts": 2, "outputs": 3},
    }


NAN = float("nan")
# Two completed, one rejected, one that got its first token, one that did not; all sent at 0 s, the run ends at 10 s.
MIXED = {
    "arrival_s": np.zeros(5),
    "scheduled_s": np.array([0, 0, NAN, 0, NAN]),
    "first_token_s": np.array([1, 3, NAN, 2, NAN]),
    "finish_s": np.array([4, 9, NAN, NAN, NAN]),
    "output_tokens": np.array([5, 5, 5, 5, 5]),
    "status": np.array([COMPLETED, COMPLETED, REJECTED, IN_SYSTEM, IN_SYSTEM]),
}


@pytest.mark.parametrize(
    ("slo", "expected"),
    [
        ({"ttft_s": 2}, Verdict(1, 3, 1)),  # the last has waited for ten seconds: missed already
        ({"ttft_s": 20}, Verdict(2, 1, 2)),
        ({"e2e_s": 5}, Verdict(1, 4, 0)),
        ({"tpot_s": 1.2}, Verdict(1, 2, 2)),
    ],
)
def test_a_verdict_knows_what_is_missed_already_and_what_is_open(slo, expected):
    assert verdict(Slo(**slo), MIXED, 0.0, 10.0) == expected


@pytest.mark.parametrize(
    ("counted", "share", "attained"),
    [
        (Verdict(99, 1, 0), 0.99, True),
        (Verdict(98, 2, 0), 0.99, False),
        (Verdict(55, 45, 0), 0.55, True),  # 0.55 · 100 is 55.000000000000007
        (Verdict(90, 0, 10), 0.99, None),
        (Verdict(90, 2, 10), 0.99, False),
        (Verdict(0, 0, 0), 0.99, None),
    ],
)
def test_a_share_is_attained_missed_or_not_decided(counted, share, attained):
    assert counted.attained(share) is attained
