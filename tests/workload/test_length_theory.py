"""Every kind of length has the distribution that theory gives to it: moments, quantiles, the whole curve.

By Dvoretzky, Kiefer and Wolfowitz (Massart's constant) the curve of n draws is nowhere further than √(ln(2/α)/2n) from
the true one but for a share α of seeds; here α is 1e-5.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.rng import stream
from infersim.workload.lengths import quantile, sample
from infersim.workload.lengths.shares import share_up_to
from tests.workload.length_cases import CASES, MOST, TOKENS, length, masses

DRAWS = 100_000
FAR = math.sqrt(math.log(2 / 1e-5) / (2 * DRAWS))


def draw(name: str, count: int = DRAWS, seed: int = 5) -> np.ndarray:
    return sample(length(CASES[name]), stream(seed, "theory", name), count)


@pytest.mark.parametrize("name", CASES)
def test_theory_gives_all_of_the_probability_to_whole_tokens(name):
    assert masses(CASES[name]).sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_mean_and_variance_are_within_their_confidence_intervals(name):
    drawn, mass = draw(name).astype(float), masses(CASES[name])
    mean = float(mass @ TOKENS)
    variance = float(mass @ (TOKENS - mean) ** 2)
    fourth = float(mass @ (TOKENS - mean) ** 4)
    assert abs(drawn.mean() - mean) <= 4 * math.sqrt(variance / DRAWS) + 1e-6 * mean
    # of the sample variance: √((μ₄ − σ⁴) / n)
    error = 4 * math.sqrt(max(fourth - variance**2, 0.0) / DRAWS)
    assert abs(((drawn - mean) ** 2).mean() - variance) <= error + 1e-6 * mean**2


@pytest.mark.parametrize("name", CASES)
def test_the_whole_curve_is_that_of_theory(name):
    drawn, up_to = draw(name), np.cumsum(masses(CASES[name]))
    assert drawn.dtype == np.int64
    assert drawn.min() >= 1
    found = np.searchsorted(np.sort(drawn), TOKENS, side="right") / DRAWS
    assert np.abs(found - up_to).max() <= FAR


@pytest.mark.parametrize("name", CASES)
def test_a_quantile_is_the_least_length_that_reaches_its_share(name):
    up_to = np.cumsum(masses(CASES[name]))
    shares = (np.arange(5000) + 0.31830989) / 5000  # never where the curve stands level
    expected = 1 + np.searchsorted(up_to, shares)
    assert np.array_equal(quantile(length(CASES[name]), shares), np.minimum(expected, MOST))


@pytest.mark.parametrize("name", CASES)
def test_drawing_in_parts_gives_what_drawing_at_once_does(name):
    rng, spec = stream(9, "parts"), length(CASES[name])
    parts = np.concatenate([sample(spec, rng, 700), sample(spec, rng, 300)])
    assert np.array_equal(parts, sample(spec, stream(9, "parts"), 1000))


TOKEN = st.integers(1, 10**6)
SPREAD = {"mean": st.floats(1, 1e5), "cv": st.floats(0, 5)}
SIMPLE = st.one_of(
    st.builds(lambda value: {"kind": "fixed", "value": value}, TOKEN),
    st.builds(lambda a, b: {"kind": "uniform", "low": min(a, b), "high": max(a, b)}, TOKEN, TOKEN),
    st.builds(lambda mean, cv, low: {"kind": "lognormal", "mean": mean, "cv": cv, "min": low}, **SPREAD, low=TOKEN),
    st.builds(lambda mean, top: {"kind": "geometric", "mean": mean, "max": top}, SPREAD["mean"], TOKEN),
    st.builds(lambda s, top: {"kind": "zipf", "exponent": s, "max": top}, st.floats(0, 6), st.integers(1, 9999)),
    st.builds(lambda values: {"kind": "empirical", "values": values}, st.lists(TOKEN, min_size=1, max_size=6)),
    st.builds(
        lambda pairs: {"kind": "quantiles", "probabilities": sorted(pairs), "values": sorted(pairs.values())},
        st.dictionaries(st.floats(0, 1), TOKEN, min_size=1, max_size=6),
    ),
)
MIXTURE = st.builds(
    lambda parts: {"kind": "mixture", "components": [p for p, _ in parts], "weights": [w for _, w in parts]},
    st.lists(st.tuples(SIMPLE, st.floats(0.01, 9)), min_size=1, max_size=4),
)


def up_to(spec, lengths: np.ndarray) -> np.ndarray:
    parts = spec.components if spec.kind == "mixture" else (spec,)
    weights = np.array(spec.weights if spec.kind == "mixture" else (1.0,))
    return sum(w * share_up_to(part, lengths) for w, part in zip(weights / weights.sum(), parts, strict=True))


@settings(max_examples=300, deadline=None)
@given(SIMPLE | MIXTURE, st.lists(st.floats(0.001, 0.999), min_size=1, max_size=20))
def test_quantiles_and_shares_are_two_sides_of_one_curve(asked, shares):
    spec, shares = length(asked), np.sort(shares)
    found = quantile(spec, shares)
    assert (np.diff(found) >= 0).all()
    assert (up_to(spec, found) >= shares - 1e-9).all()
    assert (up_to(spec, found - 1) <= shares + 1e-9).all()


def test_the_ends_of_every_length_are_lengths():
    for spec in CASES.values():
        low, high = quantile(length(spec), np.array([0.0, 1.0]))
        assert 1 <= low <= high <= 10**8


def test_a_component_without_weight_is_never_drawn():
    parts = [{"kind": "fixed", "value": 5}, {"kind": "fixed", "value": 10**7}]
    asked = length({"kind": "mixture", "components": parts, "weights": [1, 0]})
    assert quantile(asked, np.array([0.0, 0.5, 1.0])).tolist() == [5, 5, 5]
