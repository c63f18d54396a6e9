"""Prompts and outputs drawn together keep their own distributions, and are as alike as was asked for."""

import math

import numpy as np
import pytest
from scipy import stats

from infersim.rng import stream
from infersim.workload.lengths import pairs
from tests.workload.length_cases import CASES, TOKENS, joint, masses

DRAWS = 100_000
FAR = math.sqrt(math.log(2 / 1e-5) / (2 * DRAWS))  # as in test_length_theory
PROMPT, OUTPUT = CASES["lognormal"], {"kind": "lognormal", "mean": 300, "cv": 1.2}


def copula(prompt: dict = PROMPT, output: dict = OUTPUT, **tie) -> dict:
    return {"kind": "joint", "form": "copula", "prompt_tokens": prompt, "output_tokens": output, **tie}


def draw(spec: dict, count: int = DRAWS, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    return pairs(joint(spec), stream(seed, "joint"), count)


@pytest.mark.parametrize("spearman", [-0.95, -0.6, -0.2, 0.0, 0.1, 0.35, 0.7, 0.9])
def test_the_rank_correlation_is_the_one_asked_for(spearman):
    prompt, output = draw(copula(spearman=spearman))
    # Fisher's z of a rank correlation has a standard deviation of about √(1.06 / (n − 3)) (Fieller and others, 1957).
    error = math.atanh(stats.spearmanr(prompt, output).statistic) - math.atanh(spearman)
    assert abs(error) <= 4 * math.sqrt(1.06 / (DRAWS - 3)) + 1e-3  # rounding to tokens makes a few ties


@pytest.mark.parametrize("rho", [-0.8, 0.3, 0.6])
def test_rho_is_the_correlation_of_the_logarithms_of_two_lognormals(rho):
    large = {"kind": "lognormal", "cv": 0.7, "mean": 50_000}  # so large that rounding does nothing
    prompt, output = (np.log(lengths) for lengths in draw(copula(large, large, rho=rho)))
    error = math.atanh(np.corrcoef(prompt, output)[0, 1]) - math.atanh(rho)
    assert abs(error) <= 4 / math.sqrt(DRAWS - 3) + 1e-4


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("spearman", [-0.5, 0.8])
def test_both_marginals_are_those_asked_for(name, spearman):
    theory = np.cumsum(masses(CASES[name]))
    for drawn in draw(copula(CASES[name], CASES[name], spearman=spearman)):
        found = np.searchsorted(np.sort(drawn), TOKENS, side="right") / DRAWS
        assert np.abs(found - theory).max() <= FAR


def test_full_correlation_is_one_rank_for_both_and_its_opposite():
    same, other = draw(copula(PROMPT, PROMPT, spearman=1))
    assert np.array_equal(same, other)
    prompt, output = draw(copula(spearman=-1))
    assert stats.spearmanr(prompt, output).statistic == pytest.approx(-1, abs=1e-4)  # but for equal prompts


def test_another_output_leaves_the_prompts():
    one, other = draw(copula(spearman=0.5)), draw(copula(output=CASES["zipf, one"], spearman=0.2))
    assert np.array_equal(one[0], other[0])
    assert not np.array_equal(one[1], other[1])


PAIRS = {"kind": "joint", "form": "empirical", "values": [[10, 1], [20, 500], [10, 7]], "weights": [1, 3, 0]}


def test_pairs_are_drawn_whole_and_by_their_weights():
    prompt, output = draw(PAIRS)
    found, counts = np.unique(np.stack([prompt, output]), axis=1, return_counts=True)
    assert found.T.tolist() == [[10, 1], [20, 500]]
    assert abs(counts[1] - 0.75 * DRAWS) <= 4 * math.sqrt(DRAWS * 0.75 * 0.25)
    without = {key: value for key, value in PAIRS.items() if key != "weights"}
    prompt, output = draw(without)
    assert abs(np.count_nonzero(output == 7) - DRAWS / 3) <= 4 * math.sqrt(DRAWS * 2 / 9)


@pytest.mark.parametrize("spec", [PAIRS, copula(spearman=0.4), copula(CASES["mixture"], CASES["zipf, one"], rho=0.4)])
def test_the_same_seed_gives_the_same_pairs_however_they_are_asked_for(spec):
    rng = stream(2, "joint")
    parts = [pairs(joint(spec), rng, count) for count in (300, 700)]
    for whole, *cut in zip(draw(spec, 1000), *parts, strict=True):
        assert np.array_equal(whole, np.concatenate(cut))
        assert whole.dtype == np.int64
    assert not np.array_equal(draw(spec, 1000)[1], draw(spec, 1000, seed=3)[1])
