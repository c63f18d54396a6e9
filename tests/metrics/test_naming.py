"""Titles and units of figures come from their paths."""

import pytest

from infersim.metrics.naming import lower_first, named, settings_named, short, unit_of_seconds
from infersim.runs.figures import POOL, TRAFFIC


@pytest.mark.parametrize(
    ("figure", "title", "unit"),
    [
        ("ttft_s.p99", "TTFT p99", "s"),
        ("queue_s.mean", "Time in queue mean", "s"),
        ("classes.chat.tpot_s.p50", "Chat: TPOT p50", "s"),
        ("throughput.output_tokens_per_s", "Throughput", "output tokens/s"),
        ("goodput.requests_per_s", "Goodput", "requests/s"),
        ("goodput.fraction", "Within the SLO", "share"),
        ("utilisation.mfu", "Utilisation MFU", "share"),
        ("kv_cache.peak_fraction", "KV memory held, peak", "share"),
        ("cost.usd_per_million_output_tokens", "Cost", "USD per million output tokens"),
        ("cost.usd_total", "Cost", "USD"),
        ("cost.price_usd_per_h", "Price of a device", "USD/h"),
        ("energy.joules_per_output_token", "Energy", "J per output token"),
        ("energy.joules_per_request", "Energy", "J a request"),
        ("energy.device_power_w.mean", "Power of a device, mean", "W"),
        ("batch.mean", "Batch mean", "requests"),
        ("requests.preemptions", "Requests preemptions", "requests"),
    ],
)
def test_titles_and_units(figure, title, unit):
    assert named(figure) == (title, unit)


def test_every_figure_has_a_title_of_its_own_or_a_unit():
    figures = (*TRAFFIC, *POOL)
    assert len({named(figure) for figure in figures}) == len(figures)


def test_names_in_sentences_and_in_few_letters():
    assert [lower_first(name) for name in ("Cost", "TTFT p99", "E2E p50")] == ["cost", "TTFT p99", "E2E p50"]
    assert short(["a.b.rate", "a.c.rate", "d.size"]) == ["b.rate", "c.rate", "size"]
    assert short(["fleet.main.replicas", "workload.chat.prompt_tokens.mean"]) == ["replicas", "prompt_tokens.mean"]


def test_settings_have_short_names_and_units():
    paths = ["workload.chat.arrivals.rate_per_s", "fleet.main.purchase.price_usd_per_h", "fleet.main.device"]
    assert settings_named(paths) == [("rate", "per s"), ("price", "USD/h"), ("device", "")]
    assert settings_named(["workload.chat.prompt_tokens.mean"]) == [("prompt_tokens.mean", "tokens")]
    alike = ["workload.chat.think_s", "workload.chat.think"]  # without their units they would be one
    assert settings_named(alike) == [("think_s", ""), ("think", "")]


def test_times_have_a_unit_that_shows_them_in_few_digits():
    assert [unit_of_seconds(each) for each in (2e-4, 0.02, 3.0)] == [("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)]
