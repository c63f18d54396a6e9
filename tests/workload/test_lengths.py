"""Lengths have the mean and cv that were asked for, before rounding and clipping, and are whole tokens after it.

A sample mean of n draws with standard deviation s is within 4·s/√n of the true mean but for one seed in 16,000.
"""

import math

import numpy as np
import pytest
from pydantic import TypeAdapter

from infersim.rng import stream
from infersim.spec.lengths import Length
from infersim.workload.lengths import sample

DRAWS = 100_000
CASES = {
    # kind and options: (mean, standard deviation) by the distribution's own formula
    "lognormal": ({"kind": "lognormal", "mean": 512, "cv": 0.8}, (512, 0.8 * 512)),
    "heavy lognormal": ({"kind": "lognormal", "mean": 2000, "cv": 1.5}, (2000, 1.5 * 2000)),
    "geometric": ({"kind": "geometric", "mean": 40}, (40, math.sqrt(40 * 39))),  # √(1-p)/p with p = 1/40
    "uniform": ({"kind": "uniform", "low": 10, "high": 29}, (19.5, math.sqrt((20**2 - 1) / 12))),
    "empirical": ({"kind": "empirical", "values": [10, 20, 60], "weights": [2, 1, 1]}, (25, math.sqrt(425))),
    "empirical, equal weights": ({"kind": "empirical", "values": [1, 3]}, (2, 1)),
    "fixed": ({"kind": "fixed", "value": 77}, (77, 0)),
}


def draw(spec: dict, count: int = DRAWS, seed: int = 1) -> np.ndarray:
    return sample(TypeAdapter(Length).validate_python(spec), stream(seed, "lengths"), count)


@pytest.mark.parametrize("name", CASES)
def test_the_mean_is_the_one_asked_for(name):
    spec, (mean, deviation) = CASES[name]
    drawn = draw(spec)
    assert drawn.dtype == np.int64
    assert drawn.shape == (DRAWS,)
    assert abs(drawn.mean() - mean) <= 4 * deviation / math.sqrt(DRAWS)


@pytest.mark.parametrize("name", [name for name, (_, (_, deviation)) in CASES.items() if deviation])
def test_the_cv_is_the_one_asked_for(name):
    spec, (mean, deviation) = CASES[name]
    drawn = draw(spec).astype(float)
    squares = (drawn - drawn.mean()) ** 2
    error = 4 * squares.std() / math.sqrt(DRAWS)  # of the sample variance
    assert abs(squares.mean() - deviation**2) <= error
    assert drawn.std() / drawn.mean() == pytest.approx(deviation / mean, rel=0.1)


def test_a_lognormal_without_spread_is_its_mean_rounded():
    assert set(draw({"kind": "lognormal", "mean": 99.6, "cv": 0}, 50)) == {100}


def test_lengths_are_clipped_not_drawn_again():
    loose = draw({"kind": "lognormal", "mean": 100, "cv": 1.0})
    tight = draw({"kind": "lognormal", "mean": 100, "cv": 1.0, "min": 50, "max": 120})
    assert np.array_equal(tight, np.clip(loose, 50, 120))


def test_no_length_is_below_one_token():
    assert draw({"kind": "lognormal", "mean": 0.4, "cv": 1.0}).min() == 1


def test_both_ends_of_a_uniform_are_drawn_and_alike():
    values, counts = np.unique(draw({"kind": "uniform", "low": 3, "high": 6}), return_counts=True)
    assert values.tolist() == [3, 4, 5, 6]
    assert np.abs(counts - DRAWS / 4).max() <= 4 * math.sqrt(DRAWS * 0.25 * 0.75)


def test_a_value_of_weight_zero_is_never_drawn():
    assert set(draw({"kind": "empirical", "values": [5, 6, 7], "weights": [1, 0, 3]})) == {5, 7}


def test_another_seed_draws_other_lengths_and_the_same_seed_the_same():
    spec = {"kind": "geometric", "mean": 40}
    assert np.array_equal(draw(spec, 100, seed=3), draw(spec, 100, seed=3))
    assert not np.array_equal(draw(spec, 100, seed=3), draw(spec, 100, seed=4))
