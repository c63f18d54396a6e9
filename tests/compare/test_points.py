"""Points of a sweep compared: from its runs, and those that are missing."""

from __future__ import annotations

import json
import sqlite3

import pytest

import infersim as sim
from infersim.errors import InputError
from infersim.runs.store import RUNS, Store
from infersim.sweep.folder import is_written
from tests.sweep.studies import RATE, REPLICAS, STUDY, write

FIGURES = ["e2e_s.mean", "batch.mean"]
NAMED = STUDY.replace("replications: 2", "cases:\n  - {name: few, set: {fleet.main.engine.max_num_seqs: 4}}\n") + (
    "  - {name: many, set: {fleet.main.engine.max_num_seqs: 64}}\nreplications: 2\n"
)
NAMED_ALONE = "\n".join(line for line in NAMED.splitlines() if not line.startswith(("axes", "  fleet", "  workload")))


@pytest.fixture
def swept(tmp_path):
    sim.sweep(write(tmp_path), out=tmp_path / "out")
    return tmp_path / "out"


def count(folder):
    database = sqlite3.connect(folder / RUNS)
    found = database.execute("SELECT count(*), sum(times) FROM runs").fetchone()
    database.close()
    return found


def test_differences_are_those_of_the_scenarios_and_nothing_is_simulated(swept, tmp_path, monkeypatch):
    path = tmp_path / "tiny.yaml"
    given = [(path, {REPLICAS: 1, RATE: 500.0}), (path, {REPLICAS: 2, RATE: 500.0})]
    expected = sim.compare(*given, replications=2, figures=FIGURES)
    monkeypatch.setattr("infersim.runs.answer.simulate", None)
    found = sim.compare_points(swept, [2, 5], figures=FIGURES)
    assert found.names == ["point 2: replicas=1", "point 5: replicas=2"]
    own = ("of", "against")
    assert [{key: row[key] for key in row if key not in own} for row in found.differences] == [
        {key: row[key] for key in row if key not in own} for row in expected.differences
    ]
    assert found.seeds == expected.seeds
    assert count(swept) == (12, 12)


def test_what_is_missing_is_simulated_and_kept_and_the_table_stays(swept):
    before = (swept / "results.parquet").read_bytes()
    told = []
    found = sim.compare_points(swept, [0, 3], replications=5, progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (10, 10)
    assert len(found.seeds) == 5
    assert count(swept) == (12 + 2 * 3, 12 + 2 * 3)
    again = sim.compare_points(swept, [0, 3])
    assert json.dumps(again.summary()) == json.dumps(found.summary())
    assert count(swept) == (18, 18)
    store = Store(swept, write=False)
    assert is_written(swept, store)
    store.close()
    assert (swept / "results.parquet").read_bytes() == before


def test_a_sweep_of_one_replication_gets_ten(tmp_path):
    sim.sweep(write(tmp_path, STUDY.replace("replications: 2", "replications: 1")), out=tmp_path / "out")
    assert len(sim.compare_points(tmp_path / "out", [0, 3], figures=FIGURES).seeds) == 10


def test_points_of_a_budget_that_was_spent_can_be_compared_and_the_table_is_made_anew(tmp_path):
    sim.sweep(write(tmp_path, STUDY + "budget: {runs: 3}\n"), out=tmp_path / "out")
    assert len(sim.compare_points(tmp_path / "out", [0, 4]).seeds) == 2
    store = Store(tmp_path / "out", write=False)
    assert not is_written(tmp_path / "out", store)
    store.close()


def test_points_have_names(tmp_path):
    sim.sweep(write(tmp_path, NAMED_ALONE), out=tmp_path / "out")
    found = sim.compare_points(tmp_path / "out", ["many", 0], figures=FIGURES)
    assert found.names == ["point 1: many", "point 0: few"]
    with pytest.raises(InputError, match="Did you mean 'many'"):
        sim.compare_points(tmp_path / "out", ["manny", 0])


def test_a_name_of_several_points_is_told(tmp_path):
    sim.sweep(write(tmp_path, NAMED.replace("replications: 2", "replications: 1")), out=tmp_path / "out")
    with pytest.raises(InputError, match=r"6 points have this name(.|\n)*give numbers: 1, 3, 5, 7, 9, …"):
        sim.compare_points(tmp_path / "out", ["many", 0])


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ([3], "two points or more"),
        ([3, 3], "stands twice"),
        ([3, 6], "numbered from 0 to 5"),
        (["3", "three"], "no such point"),
    ],
)
def test_what_is_no_choice_is_refused(swept, points, says):
    with pytest.raises(InputError, match=says):
        sim.compare_points(swept, points)


def test_points_without_figures_and_with_seeds_of_their_own_are_refused(tmp_path):
    path = write(
        tmp_path, STUDY.replace("fleet.main.replicas: [1, 2]", "fleet.main.model: [llama-3.1-8b, llama-3.1-405b]")
    )
    sim.sweep(path, out=tmp_path / "out")
    with pytest.raises(InputError, match="does_not_fit: "):
        sim.compare_points(tmp_path / "out", [0, 3])
    sim.sweep(write(tmp_path, STUDY.replace("fleet.main.replicas: [1, 2]", "run.seed: [1, 2]")), out=tmp_path / "seeds")
    with pytest.raises(InputError, match="seeds of their own"):
        sim.compare_points(tmp_path / "seeds", [0, 3])


def test_a_folder_of_no_sweep_is_refused(tmp_path):
    with pytest.raises(InputError, match="is no folder of a sweep"):
        sim.compare_points(tmp_path, [0, 1])
