"""Titles and units of figures come from their paths."""

import pytest

from infersim.metrics.naming import lower_first, named, short
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
