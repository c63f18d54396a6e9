"""Fits of workload models: what they recover from traffic of a known kind, and what they refuse."""

import numpy as np
import pytest
from scipy.stats import gamma, kstest

from infersim.calibrate.traffic import fit as fitting
from infersim.calibrate.traffic.fit import fit
from infersim.calibrate.traffic.profile import text
from infersim.calibrate.traffic.tables import joint, quantiles, sizes, with_mean
from infersim.errors import InputError
from infersim.load.messages import validated
from infersim.load.places import Places
from infersim.load.profiles import load_profile
from infersim.load.yaml12 import parse
from infersim.spec.workload_model import FittedModel
from infersim.workload.burstiness import dispersion
from infersim.workload.models import requests
from infersim.workload.models.tables import at_shares, mean, mean_size
from infersim.workload.requests import Blocks, Requests
from tests.workload.recorded import FILES, recorded

CV, RATE = 2.0, 4.0


def gamma_traffic(count=3000) -> Requests:
    rng = np.random.default_rng(7)
    shape = 1 / CV**2
    arrival_s = 100.0 + np.cumsum(rng.gamma(shape, 1 / (shape * RATE), count))
    prompts = np.maximum(np.rint(rng.lognormal(6, 1, count)), 1).astype(np.int64)
    return Requests(arrival_s, prompts, rng.geometric(1 / 100, count) + prompts // 10)


def fitted(trace: Requests) -> FittedModel:
    return fit(trace, "mine", "made for a test", "2026-11-25", "none")


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return fitted(gamma_traffic())


def test_a_gamma_process_is_recovered(model):
    trace = gamma_traffic()
    drawn = requests(model, 3, "x", None, None, 20 * model.span_s)
    gaps = np.diff(drawn.arrival_s)
    assert kstest(gaps, gamma(1 / CV**2, scale=CV**2 / RATE).cdf).statistic <= 0.05
    assert gaps.std() / gaps.mean() == pytest.approx(CV, rel=0.1)
    assert model.rate_per_s == pytest.approx(2999 / np.ptp(trace.arrival_s), rel=1e-3)
    assert model.arrivals.memory.weights[0] >= 0.8  # gaps that are independent of each other
    assert model.arrivals.sizes is None


def test_the_errors_of_the_profile_are_those_of_what_it_draws(model):
    assert max(model.in_sample.ks.model_dump().values()) <= 0.05
    assert max(model.in_sample.dispersion.values()) <= 0.25
    assert set(model.in_sample.dispersion) == {"1s", "10s", "60s"}
    assert model.held_out.ks.prompt_tokens >= model.in_sample.ks.prompt_tokens
    assert model.halves.seeds == 0


def test_the_dependence_of_outputs_on_prompts_is_kept(model):
    trace, drawn = gamma_traffic(), requests(model, 3, "x", None, 3000, None)
    wanted, found = (
        np.corrcoef(np.log(each.prompt_tokens), np.log(each.output_tokens))[0, 1] for each in (trace, drawn)
    )
    assert wanted > 0.3
    assert found == pytest.approx(wanted, abs=0.06)


def test_a_fit_is_always_the_same_and_its_text_loads_again(model):
    again = fitted(gamma_traffic())
    assert text(again) == text(model)
    data, places = parse(text(model), "mine.yaml")
    assert validated(FittedModel, data, places if isinstance(places, Places) else Places()) == model
    assert max(map(len, text(model).splitlines())) <= 120


def test_times_in_whole_seconds_stay_in_whole_seconds():
    """Seven Poisson requests a second, stamped to the second: one instant a second, Poisson numbers of requests."""
    rng = np.random.default_rng(3)
    arrival_s = np.floor(np.cumsum(rng.exponential(1 / 7, 4000)))
    ones = np.ones(4000, dtype=np.int64)
    trace = Requests(arrival_s - arrival_s[0], ones, ones * 5)
    arrivals, _ = fitting.parts(trace)
    assert arrivals.sizes is not None
    assert mean_size(arrivals.sizes) == pytest.approx(7, rel=0.05)
    model = fitted(trace)
    drawn = requests(model, 1, "x", None, None, model.span_s)
    gaps = np.diff(drawn.arrival_s)
    assert np.allclose(gaps, np.rint(gaps), atol=1e-3)
    assert dispersion(drawn.arrival_s + 0.5, 10.0, model.span_s) == pytest.approx(1.0, abs=0.4)
    assert set(drawn.prompt_tokens) == {1}
    assert set(drawn.output_tokens) == {5}


def test_what_prompts_share_is_counted_and_said_not_to_be_reproduced():
    trace = gamma_traffic(600)
    ids = np.tile(np.arange(3), 600)  # every request has the same three blocks
    model = fitted(
        Requests(trace.arrival_s, trace.prompt_tokens, trace.output_tokens, Blocks(512, ids, np.arange(601) * 3))
    )
    assert model.prefix_sharing is not None
    assert model.prefix_sharing.seen_before == pytest.approx(1 - 3 / 1800, abs=1e-4)
    assert any("share nothing" in each for each in model.not_reproduced)


@pytest.mark.parametrize(
    ("arrival_s", "problem"),
    [
        (np.zeros(0), "0 requests are too few"),
        (np.arange(399.0), "399 requests are too few"),
        (np.arange(1000) / 100, "9.99 s from the first request to the last are too short"),
        (
            np.append(np.arange(1000) / 100, 1e4),
            "1,000 requests come in the first half of the time and 1 in the second",
        ),
    ],
)
def test_too_short_traces_are_refused(arrival_s, problem):
    lengths = np.ones(len(arrival_s), dtype=np.int64)
    with pytest.raises(InputError, match=problem):
        fitted(Requests(arrival_s, lengths, lengths))


def test_a_table_of_quantiles_follows_jumps_and_tails():
    rng = np.random.default_rng(5)
    values = np.where(rng.random(20_000) < 0.4, 0.0, rng.pareto(1.5, 20_000))
    table = with_mean(quantiles(values, whole=False), float(values.mean()))
    assert len(table.at) <= 110
    assert mean(table) == pytest.approx(values.mean(), rel=1e-4)
    drawn = at_shares(table, (np.arange(100_000) + 0.5) / 100_000)
    assert (drawn == 0).mean() == pytest.approx((values == 0).mean(), abs=0.001)
    for bound in np.quantile(values, [0.45, 0.6, 0.8, 0.95, 0.99, 0.999]):
        assert (drawn <= bound).mean() == pytest.approx((values <= bound).mean(), abs=0.005)


def test_whole_numbers_are_drawn_as_often_as_they_were_counted():
    values = np.repeat([1, 2, 7, 500], [400, 300, 200, 100])
    drawn = np.rint(at_shares(quantiles(values, whole=True), (np.arange(100_000) + 0.5) / 100_000))
    for value in (1, 2, 7, 500):
        assert (drawn == value).mean() == pytest.approx((values == value).mean(), abs=0.01)


def test_very_many_sizes_become_a_hundred_of_the_same_mean():
    counts = np.random.default_rng(2).integers(1, 5000, 20_000)
    table = sizes(counts)
    assert len(table.values) <= 100
    assert sum(table.counts) == 20_000
    assert mean_size(table) == pytest.approx(counts.mean(), rel=0.01)


def test_cells_of_equal_columns_lie_on_the_diagonal():
    cells = np.array(joint(np.arange(1000), np.arange(1000)))
    assert np.array_equal(cells, np.diag(np.full(10, 100)))


@pytest.mark.parametrize("name", FILES)
def test_the_shipped_tables_are_those_of_the_traces(shared_data, name):
    model, trace = load_profile("workload", name), recorded(name, shared_data)
    assert (model.requests, model.span_s) == (len(trace), round(float(trace.arrival_s[-1]), 6))
    assert model.lengths.prompt_tokens == quantiles(trace.prompt_tokens, whole=True)
    assert model.lengths.output_tokens == quantiles(trace.output_tokens, whole=True)
    assert model.lengths.joint == joint(trace.prompt_tokens, trace.output_tokens)
    held = zip(model.arrivals.dispersion.window_s, model.arrivals.dispersion.index, strict=True)
    for window_s, index in held:
        assert index == pytest.approx(dispersion(trace.arrival_s, window_s, model.span_s), rel=1e-4)
