"""Means and intervals over replications, held against scipy and against what they promise."""

import numpy as np
import pytest
from scipy import stats

from infersim.metrics import replicated


@pytest.mark.parametrize("values", [[1.0, 2.0], [3, 5, 10], [0.1, 0.1, 0.4, 0.2, 0.3]])
def test_the_interval_of_a_mean_is_students(values):
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert replicated.ci95(values) == pytest.approx([low, high], rel=1e-12)
    assert replicated.mean(values) == pytest.approx(np.mean(values), rel=1e-15)


def test_intervals_cover_the_mean_as_often_as_they_say():
    draws = np.random.default_rng(1).exponential(2.0, (2000, 40)).mean(axis=1).reshape(400, 5)
    covered = sum(low <= 2.0 <= high for low, high in (replicated.ci95(row.tolist()) for row in draws))
    assert 0.92 <= covered / 400 <= 0.98


def test_trees_keep_their_shape():
    runs = [
        {"counts": {"sent": 10, "size": 16}, "slo": {"ttft_s": 1.0}, "attained": True, "kind": "a", "none": None},
        {"counts": {"sent": 13, "size": 16}, "slo": {"ttft_s": 1.0}, "attained": False, "kind": "a", "none": None},
    ]
    assert replicated.mean(runs) == {
        "counts": {"sent": 11.5, "size": 16},
        "slo": {"ttft_s": 1.0},
        "attained": None,
        "kind": "a",
        "none": None,
    }
    half = 12.706204736432095 * 1.5  # t(0.975, 1) times the standard error
    bounds = replicated.ci95(runs)
    assert bounds["counts"] == {"sent": pytest.approx([11.5 - half, 11.5 + half]), "size": [16, 16]}
    assert (bounds["slo"], bounds["attained"], bounds["kind"], bounds["none"]) == ({"ttft_s": [1.0, 1.0]}, *[None] * 3)


def test_what_some_runs_do_not_have_is_the_mean_of_the_others():
    values = [None, 4.0, 6.0]
    assert replicated.mean(values) == 5.0
    assert replicated.ci95(values)[0] < 5.0
    assert replicated.ci95([None, 4.0]) is None
    assert replicated.mean([None, {"low": 1}, {"low": 2}]) == {"low": 1.5}
    assert replicated.gaps([{"a": {"b": 1, "c": None}}, {"a": {"b": 2, "c": 3}}]) == {"a.c": 1}


def test_ranges_are_averaged_end_by_end_and_texts_are_not():
    assert replicated.mean([[1.0, 2.0], [3.0, 4.0]]) == [2.0, 3.0]
    assert replicated.mean(["a", "b"]) is None
    assert replicated.mean([True, True]) is True


def test_warnings_that_differ_in_numbers_are_one():
    runs = [["overload: 1,200 waiting", "slow"], [], ["overload: 7.5 waiting", "slow"]]
    assert replicated.told(runs) == [
        "overload: 1,200 waiting (2 of 3 replications; numbers of the first)",
        "slow (2 of 3 replications)",
    ]


def test_extrapolations_are_widened():
    seen = [{"curve": "gemm", "argument": "m", "range": [1, 8], "seen": list(bounds)} for bounds in ((9, 10), (8, 9))]
    assert replicated.extrapolated([seen[:1], [], seen[1:]]) == [seen[0] | {"seen": [8, 10]}]
