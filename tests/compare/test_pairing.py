"""Common random numbers make differences sure with few runs, where the scenarios are alike enough to be compared."""

from pathlib import Path

import pytest

import infersim as sim

CHAT = Path(__file__).parent / "cases" / "chat.yaml"
REPLICATIONS = 12
BUSY = {"workload.chat.arrivals.rate_per_s": 30, "fleet.main.replicas": 2}
CASES = {
    "sequences": ({}, {"fleet.main.engine.max_num_seqs": 32}, ["tpot_s.mean", "e2e_s.mean", "e2e_s.p99"]),
    "tokens a step": ({}, {"fleet.main.engine.max_num_batched_tokens": 1024}, ["tpot_s.mean", "e2e_s.mean"]),
    "device": ({}, {"fleet.main.device": "h200-sxm-141gb"}, ["ttft_s.mean", "ttft_s.p99", "tpot_s.mean", "e2e_s.p99"]),
    "precision": ({}, {"fleet.main.precision.weights": "fp8"}, ["ttft_s.mean", "tpot_s.mean", "e2e_s.p99"]),
    "replicas": (
        BUSY,
        BUSY | {"fleet.main.replicas": 3},
        ["e2e_s.mean", "e2e_s.p99", "energy.joules_total"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_variance_of_a_difference_is_at_most_a_quarter(case):
    first, second, figures = CASES[case]
    found = sim.compare((CHAT, first), (CHAT, second), names=["a", "b"], replications=REPLICATIONS, figures=figures)
    for row in found.differences:
        assert row["variance_ratio"] >= 4.0, row["figure"]
        assert row["runs_saved"] >= 3 * REPLICATIONS


def test_pairing_spares_nothing_where_one_queues_and_the_other_does_not():
    """The page must say so: what varies is the queue of the one, and the other has none to take from it."""
    second = {"fleet.main.engine.max_num_seqs": 32}
    found = sim.compare(CHAT, (CHAT, second), replications=REPLICATIONS, figures=["ttft_s.p99"])
    assert 0.5 < found.differences[0]["variance_ratio"] < 2.0
