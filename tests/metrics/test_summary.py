"""The figures of five requests and three steps, each by its definition."""

import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from infersim.cost.energy import Power
from infersim.metrics.usage import Usage
from infersim.records import COMPLETED, IN_SYSTEM, REJECTED
from infersim.spec.fleet import Purchase
from infersim.spec.scenario import Scenario
from infersim.summary import PoolFacts, Run, Span, summarise
from tests.metrics.segments import Accounting, columns

NAN = float("nan")
LENGTHS = {"prompt_tokens": {"kind": "fixed", "value": 10}, "output_tokens": {"kind": "fixed", "value": 10}}
CLASS = {"arrivals": {"kind": "poisson", "rate_per_s": 1}, **LENGTHS}
SLO = {"ttft_s": 1.0, "tpot_s": 0.05}
WHAT = {"model": "any", "device": "any"}
# two replicas, four devices at 3 USD an hour
POOL = PoolFacts("main", 2, 4, 100, 1616, 16, 1e3, 1e2, Purchase(price_usd_per_h=3.0), WHAT)

# arrival, scheduled, first token, finish, prompt, output, class, preemptions, status
ROWS = [
    (0.0, 0.0, 0.5, 1.5, 10, 11, 0, 0, COMPLETED),  # TPOT 0.1: misses
    (1.0, 1.5, 2.0, 2.0, 10, 1, 0, 0, COMPLETED),  # TTFT 1.0, no TPOT: meets
    (2.0, NAN, NAN, NAN, 10, 9, 0, 0, REJECTED),
    (3.0, 3.0, 3.2, 4.0, 10, 41, 1, 2, COMPLETED),  # TTFT 0.2, TPOT 0.02: meets
    (4.0, NAN, NAN, NAN, 10, 9, 1, 0, IN_SYSTEM),
]
NAMES = ("arrival_s", "scheduled_s", "first_token_s", "finish_s", "prompt_tokens", "output_tokens")
NAMES += ("traffic_class", "preemptions", "status")
# A prompt for 1 s; ten steps of two decodes for 2 s; a window that ends at 5 s.
STEPS = (
    {"start_s": 0.0, "first_s": 1.0, "prefill_chunks": 1, "sampled_seqs": 1, "kv_block_steps": 5, "kv_last_blocks": 5},
    {"start_s": 1.0, "first_s": 0.2, "steps": 10, "decode_seqs": 2, "sampled_seqs": 2, "kv_block_steps": 100}
    | {"kv_last_blocks": 12, "paced_seqs.0": 2, "paced_seqs.1": 0},
)


# Devices of 10 W idle and 30 W in a step, two to a replica: 60 W a replica in a step.
POWERED = replace(POOL, power=Power(50.0, 10.0, 20.0, 0.0, 0.0, {}))
JOULES = partial(POWERED.power.step_joules, 2)


def summary(rows=ROWS, steps=STEPS, begin_s=0.0, end_s=5.0, slos=(SLO, None), pool=POOL, unsent=(0, 0)):
    workload = {name: CLASS | {"slo": slo} for name, slo in zip(("chat", "batch"), slos, strict=False)}
    fleet = {"main": {"model": "any", "device": "any"}}
    scenario = Scenario(name="story", workload=workload, fleet=fleet, run={"duration_s": 5.0, "seed": 7})
    usage = Usage(Accounting(), begin_s, end_s, len(workload), JOULES if pool.power else None)
    if steps:
        usage.add(columns(*steps))
    table = {name: np.array([row[i] for row in rows]) for i, name in enumerate(NAMES)}
    for name in NAMES[4:]:
        table[name] = table[name].astype(np.int64)
    table |= {"reasoning_tokens": table["output_tokens"] // 2, "cut": table["traffic_class"] * 3}
    nothing = (np.zeros(0), np.zeros(0))
    return summarise(Run(scenario, Path(), table, np.array(unsent), 0.0, nothing, usage, pool, Span(begin_s, end_s)))


def test_requests_tokens_and_throughput():
    figures = summary()
    assert figures["scenario"] == "story"
    assert figures["seed"] == 7
    assert figures["requests"]["arrived"] == 5
    assert (figures["requests"]["completed"], figures["requests"]["rejected"], figures["requests"]["in_system"]) == (
        3,
        1,
        1,
    )
    assert figures["tokens"] == {"prompt": 30, "output": 11 + 1 + 41, "reasoning": 5 + 20}  # of completed requests
    assert figures["requests"]["cut"] == {"prompts": 2, "outputs": 2}
    assert figures["classes"]["chat"]["requests"]["cut"] == {"prompts": 0, "outputs": 0}
    assert figures["throughput"]["requests_per_s"] == 3 / 5
    assert figures["throughput"]["output_tokens_per_s"] == pytest.approx((1 + 10 * 2) / 5)  # sampled by the steps
    assert figures["throughput"]["input_tokens_per_s"] == 30 / 5  # prompts that had their first token
    assert figures["span"] == {"begin_s": 0.0, "end_s": 5.0, "warmup": "none"}


def test_a_prompt_counts_where_its_first_token_lies():
    for begin_s, end_s, prompts in ((0.5, 5.0, 2), (0.4, 5.0, 3), (0.0, 3.1, 2)):
        figures = summary(begin_s=begin_s, end_s=end_s)
        assert figures["throughput"]["input_tokens_per_s"] == pytest.approx(10 * prompts / (end_s - begin_s))
    classes = summary()["classes"]
    assert classes["chat"]["throughput"]["input_tokens_per_s"] == 20 / 5


def test_an_end_to_end_bound_is_an_slo_like_the_others():
    # E2E of the completed: 1.5, 1.0 and 1.0 s; one is rejected, one has waited for a second when the run ends.
    figures = summary(slos=({"e2e_s": 1.2, "attainment": 0.3}, {"e2e_s": 0.9}))
    assert figures["goodput"]["fraction"] == 1 / 5
    chat = figures["classes"]["chat"]["goodput"]
    assert (chat["requests_per_s"], chat["fraction"], chat["attained"]) == (1 / 5, 1 / 3, True)
    assert figures["classes"]["batch"]["goodput"]["attained"] is False
    assert figures["goodput"]["slo"]["batch"] == {"e2e_s": 0.9, "attainment": 0.99}


def test_energy_is_that_of_the_steps_and_of_idle_devices():
    # 3 s of steps at 60 W, and 4 devices × 5 s less 6 device seconds at 10 W.
    energy = summary(pool=POWERED)["energy"]
    assert energy["joules_total"] == pytest.approx(3 * 60 + 14 * 10)
    assert energy["joules_per_request"] == pytest.approx(320 / 3)
    assert energy["joules_per_output_token"] == pytest.approx(320 / 21)
    assert energy["device_power_w"] == pytest.approx({"mean": 320 / 20, "peak": 30.0})
    assert summary()["energy"] is None


def test_energy_of_a_window_leaves_out_the_warm_up():
    # From 2.5 s: half a second of steps, and 4 × 2.5 s less one device second idle; one request is completed.
    figures = summary(pool=POWERED, begin_s=2.5)
    assert figures["energy"]["joules_total"] == pytest.approx(0.5 * 60 + 9 * 10)
    assert figures["energy"]["joules_per_request"] == pytest.approx(120)
    assert figures["pools"]["main"]["energy"] == figures["energy"]


def test_without_a_span_there_is_no_power():
    energy = summary([], (), end_s=0.0, pool=POWERED)["energy"]
    assert energy == {
        "joules_total": 0.0,
        "joules_per_request": None,
        "joules_per_output_token": None,
        "device_power_w": {"mean": None, "peak": None},
    }


def test_latencies_are_those_of_completed_requests():
    figures = summary()
    assert figures["ttft_s"]["mean"] == pytest.approx((0.5 + 1.0 + 0.2) / 3)
    assert figures["tpot_s"]["mean"] == pytest.approx((0.1 + 0.02) / 2)
    assert figures["itl_s"]["p50"] == pytest.approx(0.2)


def test_a_pool_is_measured_over_the_span_and_all_its_replicas():
    figures = summary()
    assert figures["utilisation"]["busy"] == pytest.approx((1 + 2) / (2 * 5))
    assert figures["utilisation"]["mfu"] == pytest.approx(11 * 100 / (2 * 1e3 * 5))
    assert figures["utilisation"]["mbu"] == pytest.approx(11 * 7 / (2 * 1e2 * 5))
    assert figures["kv_cache"]["mean_fraction"] == pytest.approx((5 * 1 + 10 * 2) / (2 * 100 * 5))
    assert figures["kv_cache"]["peak_fraction"] == 12 / 100
    assert figures["kv_cache"]["capacity_tokens"] == 1616  # the null block's, too, as the engine says it
    assert figures["batch"] == {"mean": pytest.approx((1 * 1 + 2 * 2) / 3), "peak": 2}
    # One waits from 1 to 1.5 s, one from 4 s to the end.
    assert figures["queue"] == {"mean": pytest.approx((0.5 + 1.0) / 5), "peak": 1}
    assert figures["pools"]["main"]["utilisation"] == figures["utilisation"]


def test_cost_is_that_of_the_devices_over_the_span():
    cost = summary()["cost"]
    total = 4 * 3.0 * 5 / 3600
    assert cost["usd_total"] == pytest.approx(total)
    assert cost["usd_per_request"] == pytest.approx(total / 3)
    assert cost["usd_per_million_output_tokens"] == pytest.approx(total / 21 * 1e6)


def test_rejected_and_unanswered_requests_miss_their_slo():
    figures = summary(slos=(SLO, SLO))
    assert figures["goodput"]["requests_per_s"] == 2 / 5
    assert figures["goodput"]["fraction"] == 2 / 5  # of five arrivals
    assert figures["classes"]["chat"]["goodput"]["fraction"] == 1 / 3
    assert figures["classes"]["batch"]["goodput"]["fraction"] == 1 / 2


@pytest.mark.parametrize(("attainment", "attained"), [(1 / 3, True), (0.34, False)])
def test_an_slo_is_attained_by_the_share_that_it_asks_for(attainment, attained):
    figures = summary(slos=(SLO | {"attainment": attainment}, None))  # one of three requests of its class keeps it
    assert figures["goodput"]["attained"] is attained
    assert figures["classes"]["chat"]["goodput"]["attained"] is attained


def test_every_class_must_attain_its_own_slo():
    easy, hard = SLO | {"attainment": 0.1}, SLO | {"attainment": 0.6}
    assert summary(slos=(easy, easy))["goodput"]["attained"] is True
    assert summary(slos=(hard, easy))["goodput"]["attained"] is False  # one of three
    # Of class batch one meets it, and one has waited for a second when the run ends at 5 s: 0.6 may come yet.
    assert summary(slos=(easy, hard))["goodput"]["attained"] is None
    assert summary(slos=(hard, hard))["goodput"]["attained"] is False
    assert summary(slos=(easy, hard), end_s=5.1)["goodput"]["attained"] is False  # over its TTFT bound by now


def test_requests_that_were_not_even_sent_leave_the_verdict_open():
    easy = SLO | {"attainment": 0.3}
    assert summary(slos=(easy, None))["goodput"]["attained"] is True  # one of three
    assert summary(slos=(easy, None), unsent=(1, 0))["goodput"]["attained"] is None  # of four, 1.2 must
    assert summary(slos=(easy, None), unsent=(0, 9))["goodput"]["attained"] is True  # another class's


def test_figures_say_what_was_simulated():
    assert summary()["pools"]["main"]["deployment"] == WHAT


def test_a_class_without_an_slo_is_not_in_the_goodput():
    figures = summary(slos=(SLO, None))
    assert figures["goodput"]["fraction"] == 1 / 3
    assert figures["classes"]["batch"]["goodput"] is None
    assert summary(slos=(None, None))["goodput"] is None


def test_classes_are_told_apart():
    classes = summary()["classes"]
    assert classes["chat"]["requests"]["completed"] == 2
    assert classes["batch"]["requests"]["preemptions"] == 2
    assert classes["batch"]["ttft_s"]["mean"] == pytest.approx(0.2)
    assert classes["chat"]["itl_s"]["mean"] == pytest.approx(0.2)
    assert classes["batch"]["itl_s"]["mean"] is None


def test_a_warm_up_leaves_out_those_that_came_before_it():
    figures = summary(begin_s=1.8, slos=(SLO, SLO))
    # Arrived after 1.8 s: the rejected, the one of class batch, the unanswered. Completed after it: two.
    assert figures["ttft_s"]["mean"] == pytest.approx(0.2)
    assert figures["goodput"]["fraction"] == 1 / 3
    assert figures["throughput"]["requests_per_s"] == pytest.approx(2 / 3.2)
    assert figures["utilisation"]["busy"] == pytest.approx(1.2 / (2 * 3.2))
    assert figures["cost"]["usd_total"] == pytest.approx(4 * 3.0 * 3.2 / 3600)
    assert figures["cost"]["usd_per_request"] == pytest.approx(4 * 3.0 * 3.2 / 3600 / 2)  # completed after it: two


def test_a_run_that_completes_nothing_has_nulls_and_no_nan():
    unanswered = [(row[0], NAN, NAN, NAN, *row[4:8], IN_SYSTEM) for row in ROWS]
    for rows, span in ((unanswered, 5.0), (unanswered, 0.0), ([], 0.0)):
        figures = summary(rows, (), end_s=span, slos=(SLO, SLO))
        text = json.dumps(figures, allow_nan=False)
        assert "NaN" not in text
        assert figures["ttft_s"] == figures["itl_s"] == dict.fromkeys(("mean", "p50", "p90", "p95", "p99"))
        assert figures["throughput"]["requests_per_s"] == (0.0 if span else None)
        assert figures["cost"]["usd_per_request"] is None


def test_without_a_price_there_is_no_cost():
    pool = PoolFacts("main", 1, 1, 100, 1616, 16, 1e3, 1e2, Purchase(), WHAT)
    assert summary(pool=pool)["cost"] is None


def test_an_infinite_window_end_is_that_of_a_drained_run():
    drained = summary(end_s=math.nextafter(4.0, 5.0))
    assert drained["throughput"]["requests_per_s"] == pytest.approx(3 / 4)
