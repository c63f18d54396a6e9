"""Shipped workload models: what they draw, at which rate, and how near it is to the traces behind them."""

import time
import tracemalloc

import numpy as np
import pytest
from scipy.stats import ks_2samp, spearmanr

from infersim.errors import InputError
from infersim.load.profiles import load_profile
from infersim.workload.burstiness import dispersion
from infersim.workload.models import requests
from infersim.workload.models.fitted import arrivals
from infersim.workload.models.periods import WITHIN, Periods, own_rate_per_s
from infersim.workload.models.tables import joint_shares
from tests.workload.recorded import FILES, recorded

SEEDS = (11, 12, 13)
"""Others than those by which the profiles' own errors were found."""


@pytest.fixture(params=FILES)
def model(request):
    return load_profile("workload", request.param)


def test_requests_come_in_order_at_the_model_s_rate_within_its_lengths(model):
    drawn = requests(model, 1, "chat", None, None, 8 * model.span_s)
    assert (np.diff(drawn.arrival_s) >= 0).all()
    assert drawn.arrival_s[0] >= 0
    assert drawn.arrival_s[-1] < 8 * model.span_s
    assert len(drawn) == pytest.approx(8 * model.requests, rel=0.03)
    for lengths, table in (
        (drawn.prompt_tokens, model.lengths.prompt_tokens),
        (drawn.output_tokens, model.lengths.output_tokens),
    ):
        assert lengths.dtype == np.int64
        assert lengths.min() >= max(1, table.values[0] - 0.5)
        assert lengths.max() <= table.values[-1] + 0.5


def test_the_tables_hold_the_trace_s_rate(model):
    assert own_rate_per_s(model.arrivals) == pytest.approx(model.rate_per_s, rel=1e-4)
    assert model.rate_per_s == pytest.approx(model.requests / model.span_s, rel=1e-3)


def test_a_seed_and_a_name_fix_the_requests(model):
    one, again = (requests(model, 1, "chat", None, 500, None) for _ in range(2))
    for column in ("arrival_s", "prompt_tokens", "output_tokens"):
        assert getattr(one, column).tobytes() == getattr(again, column).tobytes()
    for other in (requests(model, 2, "chat", None, 500, None), requests(model, 1, "code", None, 500, None)):
        assert not np.array_equal(one.arrival_s, other.arrival_s)
        assert not np.array_equal(one.prompt_tokens, other.prompt_tokens)


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_the_first_requests_are_the_same_however_the_run_ends(model, factor):
    rate = factor * model.rate_per_s
    by_count = requests(model, 1, "chat", rate, 300, None).arrival_s
    by_time = requests(model, 1, "chat", rate, None, 2000.0).arrival_s
    both = requests(model, 1, "chat", rate, 300, 2000.0).arrival_s
    assert len(by_count) == len(both) == 300
    assert np.array_equal(by_count, by_time[:300])
    assert np.array_equal(by_count, both)


@pytest.mark.parametrize("factor", [0.05, 0.4, 2.0, 2.5])
def test_another_rate_is_met(model, factor):
    span_s = 6 * model.span_s
    count = len(arrivals(model.arrivals, 3, "chat", factor * model.rate_per_s, None, span_s))
    assert count == pytest.approx(factor * model.rate_per_s * span_s, rel=0.05)


def test_a_lower_rate_leaves_out_requests_and_moves_none(model):
    """A request kept with probability p: the index of dispersion I becomes 1 + p(I - 1)."""
    whole = arrivals(model.arrivals, 5, "chat", None, None, model.span_s)
    kept = arrivals(model.arrivals, 5, "chat", 0.5 * model.rate_per_s, None, model.span_s)
    assert np.isin(kept, whole).all()
    for window_s in (1.0, 10.0):
        full = dispersion(whole, window_s, model.span_s)
        assert dispersion(kept, window_s, model.span_s) == pytest.approx(1 + 0.5 * (full - 1), rel=0.15)


@pytest.mark.parametrize("factor", [1.0, 1.01, 1.05, 4.0])
def test_a_higher_rate_lays_independent_copies_over_each_other(model, factor):
    """Variance and mean of counts add up alike, so the index of dispersion stays; stretched time would change it."""
    span_s = 20 * model.span_s
    own, more = (arrivals(model.arrivals, 1, "chat", rate, None, span_s) for rate in (None, factor * model.rate_per_s))
    assert len(more) == pytest.approx(factor * len(own), rel=2e-3 * factor)
    if factor == 1.0:  # six digits, as a profile prints it
        assert more.tobytes() == own.tobytes()
    assert np.isin(own, more).all()
    for window_s in (1.0, 60.0):
        assert dispersion(more, window_s, span_s) == pytest.approx(dispersion(own, window_s, span_s), rel=0.1)


def test_another_rate_is_told_with_what_it_does_to_burstiness():
    model = load_profile("workload", "azure-chat-2023")  # index of dispersion 16.1 at 60 s

    def note(factor):
        return requests(model, 1, "chat", factor * model.rate_per_s, 10, None).notes

    assert requests(model, 1, "chat", None, 10, None).notes == note(1.0) == note(1.000001) == ()
    (fewer,) = note(0.5)
    assert "leaving requests out at random" in fewer
    assert "at 60 s 16.1 → 8.56" in fewer
    (more,) = note(2.5)
    assert "3 independent copies" in more
    assert "the last thinned to 0.5" in more
    assert "at 60 s 16.1 → 14.6" in more  # (2 · 16.128 + 0.5 · 8.564) / 2.5
    (whole,) = note(4.0)
    assert "at 60 s 16.1 → 16.1" in whole


@pytest.mark.parametrize("name", FILES)
def test_a_model_reproduces_its_trace(shared_data, name):
    """The promise of docs/workloads.md: KS distances up to 0.05, index of dispersion within 25%, whatever the seed."""
    model, trace = load_profile("workload", name), recorded(name, shared_data)
    span_s = float(trace.arrival_s[-1])
    for seed in SEEDS:
        drawn = requests(model, seed, "chat", None, None, span_s)
        for column in ("prompt_tokens", "output_tokens"):
            assert ks_2samp(getattr(drawn, column), getattr(trace, column)).statistic <= 0.05
        gaps = [np.round(np.diff(each.arrival_s), 9) for each in (drawn, trace)]
        assert ks_2samp(*gaps).statistic <= 0.05
        for window_s in (1.0, 10.0, 60.0):
            wanted = dispersion(trace.arrival_s, window_s, span_s)
            assert dispersion(drawn.arrival_s, window_s, span_s) == pytest.approx(wanted, rel=0.25)
        dependence = [spearmanr(each.prompt_tokens, each.output_tokens).statistic for each in (drawn, trace)]
        assert dependence[0] == pytest.approx(dependence[1], abs=0.05)


@pytest.mark.parametrize(
    ("name", "window_s"),
    [
        ("azure-chat-2023", 3.0),
        ("azure-chat-2023", 30.0),
        ("azure-code-2023", 3.0),
        ("azure-code-2023", 30.0),
        ("mooncake-conversation", 30.0),
        ("mooncake-synthetic", 3.0),
    ],
)
def test_burstiness_is_the_trace_s_at_scales_that_no_period_is_held_to(shared_data, name, window_s):
    """Not all: docs/workloads.md names the two that are further off."""
    model, trace = load_profile("workload", name), recorded(name, shared_data)
    assert window_s not in model.arrivals.dispersion.window_s
    span_s = float(trace.arrival_s[-1])
    wanted = dispersion(trace.arrival_s, window_s, span_s)
    for seed in SEEDS:
        drawn = requests(model, seed, "chat", None, None, span_s)
        assert dispersion(drawn.arrival_s, window_s, span_s) == pytest.approx(wanted, rel=0.25)


@pytest.mark.parametrize("name", FILES)
def test_how_often_a_period_is_accepted_is_told(name):
    model = load_profile("workload", name)
    told, periods, rng = model.in_sample.conditioning, Periods.of(model.arrivals), np.random.default_rng(9)
    accepted = np.mean([periods.off(*periods.once(rng)) <= WITHIN for _ in range(100)])
    assert accepted == pytest.approx(told.accepted, abs=4 * 0.5 * (1 / 100 + 1 / 200) ** 0.5)
    assert told.median["60s"] <= told.p95["60s"]


def test_a_copula_s_shares_are_uniform_and_depend_on_each_other():
    rng = np.random.default_rng(0)
    one, other = joint_shares([[1, 0], [0, 3]], rng, 20_000)  # a row is as likely as another, whatever its sum
    assert np.array_equal(one < 0.5, other < 0.5)
    for shares in (one, other):
        counts = np.histogram(shares, 10, (0.0, 1.0))[0]
        assert counts == pytest.approx(np.full(10, 2000), abs=200)  # 4.5 standard deviations


@pytest.mark.parametrize("name", FILES)
def test_a_million_requests_take_a_second_and_a_half_and_100_mb(name):
    model = load_profile("workload", name)
    least_s = np.inf
    for _ in range(3):  # the best of three: a busy machine is no failure
        begin_s = time.process_time()
        drawn = requests(model, 1, "chat", None, 10**6, None)
        least_s = min(least_s, time.process_time() - begin_s)
    assert len(drawn) == 10**6
    assert least_s <= 1.5
    del drawn
    tracemalloc.start()
    requests(model, 1, "chat", None, 10**6, None)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes <= 100e6


def test_more_requests_than_a_machine_holds_are_refused():
    model = load_profile("workload", "azure-chat-2023")
    with pytest.raises(InputError, match="are more than") as refused:
        requests(model, 1, "chat", 1e6, None, 1e6)
    assert refused.value.field == "workload.chat.rate_per_s"
