"""Points of a study: which there are, in which order, and what each sets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from infersim.load.study import read_study
from infersim.sweep.points import points_of
from tests.sweep.studies import RATE, REPLICAS, write

REQUESTS, CHUNK, SEQS = "run.requests", "fleet.main.engine.max_num_batched_tokens", "fleet.main.engine.max_num_seqs"
ALL = f"""\
scenario: tiny.yaml
axes:
  {REPLICAS}: [1, 2]
zip:
  {SEQS}: [8, 16]
  {CHUNK}: [512, 1024]
cases:
  - {{name: short, set: {{{REQUESTS}: 5}}}}
  - {{name: long, set: {{{REQUESTS}: 9}}}}
table: rows.csv
"""


def points(folder, text):
    return points_of(read_study(write(folder, text)))


def test_factors_make_a_product_the_last_fastest(tmp_path):
    (tmp_path / "rows.csv").write_text("id,measured.ttft_s.mean,run.seed\na,1.5,1\nb,,2\nc,2,\n")
    found = points(tmp_path, ALL)
    assert len(found) == 2 * 2 * 2 * 3
    assert found.paths == [REPLICAS, SEQS, CHUNK, REQUESTS, "run.seed"]
    assert found.settings(0) == {REPLICAS: 1, REQUESTS: 5, "run.seed": 1, SEQS: 8, CHUNK: 512}
    assert found.settings(1)["run.seed"] == 2
    assert "run.seed" not in found.settings(2)
    assert [found.name(number) for number in (0, 1, 5, 23)] == ["short / a", "short / b", "long / c", "long / c"]
    assert found.settings(23) == {REPLICAS: 2, REQUESTS: 9, SEQS: 16, CHUNK: 1024}
    for number in range(len(found)):
        assert found.number(found.levels(number)) == number


def test_a_study_of_a_scenario_alone_is_one_point(tmp_path):
    found = points(tmp_path, "scenario: tiny.yaml\n")
    assert len(found) == 1
    assert found.settings(0) == {}


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("{from: 2, to: 4, points: 3}", [2.0, 3.0, 4.0]),
        ("{from: 1, to: 100, points: 3, scale: log}", [1.0, 10.0, 100.0]),
        ("{from: 0.1, to: 0.7, points: 4}", [0.1, 0.3, 0.5, 0.7]),
        ("{from: 1, to: 8, points: 4, scale: log, whole: true}", [1, 2, 4, 8]),
        ("{from: 1, to: 3, points: 5, whole: true}", [1, 2, 3]),  # 1.5 and 2.5 go to the even neighbour
    ],
)
def test_a_range_has_round_values_and_both_ends(tmp_path, written, values):
    found = points(tmp_path, f"scenario: tiny.yaml\naxes: {{{RATE}: {written}}}\n")
    assert [found.settings(number)[RATE] for number in range(len(found))] == values


def test_outer_paths_are_set_before_those_inside_them(tmp_path):
    engine = "fleet.main.engine"
    found = points(
        tmp_path, f"scenario: tiny.yaml\naxes: {{{SEQS}: [4, 8], {engine}: [{{kind: vllm}}, {{kind: sglang}}]}}\n"
    )
    assert [*found.settings(0)] == [engine, SEQS]


def sampled(folder, kind, count, seed=1):
    axes = f"{{{RATE}: {{from: 1, to: 16, scale: log}}, {REPLICAS}: {{from: 1, to: 9, whole: true}}}}"
    text = f"scenario: tiny.yaml\nsample: {{kind: {kind}, points: {count}, seed: {seed}, axes: {axes}}}\n"
    found = points(folder, text)
    return np.array([[found.settings(number)[path] for path in (RATE, REPLICAS)] for number in range(len(found))])


@pytest.mark.parametrize("kind", ["random", "latin_hypercube", "sobol"])
def test_a_sample_is_within_its_bounds_and_the_same_for_a_seed(tmp_path, kind):
    values = sampled(tmp_path, kind, 48)
    assert values.shape == (48, 2)
    rates, replicas = values.T
    assert rates.min() >= 1
    assert rates.max() <= 16
    assert {*replicas.tolist()} <= {*range(1, 10)}
    assert (values == sampled(tmp_path, kind, 48)).all()
    assert (values != sampled(tmp_path, kind, 48, seed=2)).any()


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol"])
def test_samples_that_fill_the_space_have_one_point_in_each_of_as_many_strips(tmp_path, kind):
    rates = sampled(tmp_path, kind, 16)[:, 0]
    strips = np.floor(np.log2(rates) / math.log2(16) * 16)
    assert sorted(strips.tolist()) == [*range(16)]
