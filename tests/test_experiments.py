"""Experiments: complete folders, and a check that sees a number move."""

import pandas as pd
import pytest

from experiments.check import HOME, check, drift, moved
from infersim.load.study import read_study
from infersim.sweep.points import points_of

STUDIES = sorted(HOME.glob("*/study.yaml"))


def table(mean=100.0, status="ok", replicas=1):
    return pd.DataFrame(
        {
            "fleet.main.replicas": [replicas, 2],
            "status": [status, "does_not_fit"],
            "reason": [None, "too large"],
            "simulated.ttft_s.p99": [mean, None],
            "ci95_low.ttft_s.p99": [95.0, None],
            "ci95_high.ttft_s.p99": [105.0, None],
        }
    )


@pytest.mark.parametrize("mean", [95.0, 100.0, 104.9])
def test_a_number_within_the_committed_interval_has_not_moved(mean):
    assert moved("load", table(), table(mean)) == []


def test_a_number_outside_is_told_with_both_values():
    assert moved("load", table(), table(106.0)) == [
        "load, row 0 (replicas 1): ttft_s.p99 100 committed (95% interval 95 to 105), 106 now"
    ]


def test_a_number_that_is_gone_has_moved():
    assert "nan now" in moved("load", table(), table(float("nan")))[0]


def test_what_always_was_the_same_may_differ_in_its_last_digit_alone():
    fixed = table().assign(**{"ci95_low.ttft_s.p99": [100.0, None], "ci95_high.ttft_s.p99": [100.0, None]})
    assert moved("load", fixed, table(100.0005)) == []
    assert len(moved("load", fixed, table(100.01))) == 1


def test_a_study_of_one_replication_has_no_intervals_and_its_numbers_must_be_equal():
    one, other = (table(mean).drop(columns=["ci95_low.ttft_s.p99", "ci95_high.ttft_s.p99"]) for mean in (100.0, 100.1))
    assert moved("load", one, one) == []
    assert len(moved("load", one, other)) == 1


def test_what_is_within_wide_intervals_and_not_equal_is_told_too():
    assert drift("load", table(), table(100.0005)) == []
    assert drift("load", table(), table(104.0)) == [
        "load: 1 figures are not what they were, simulated.ttft_s.p99 by up to 4%"
    ]
    assert drift("load", table(), None) == drift("load", table(), table()[:1]) == []


def test_another_status_another_point_and_another_shape_are_told():
    assert "status 'ok' committed, 'overload' now" in moved("load", table(), table(status="overload"))[0]
    assert "fleet.main.replicas 1 committed, 4 now" in moved("load", table(), table(replicas=4))[0]
    assert "2 rows committed, 1 now" in moved("load", table(), table()[:1])[0]


def test_a_table_that_was_not_made_is_told(tmp_path):
    (tmp_path / "committed" / "load").mkdir(parents=True)
    (tmp_path / "committed" / "load" / "study.yaml").touch()
    table().to_csv(tmp_path / "committed" / "load" / "results.csv", index=False)
    assert check(tmp_path, tmp_path / "committed") == ["load: no results.csv was made"]
    assert check(tmp_path / "committed", tmp_path / "committed") == []


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.parent.name)
def test_an_experiment_is_complete(path):
    assert {"README.md", "picture.png", "results.csv", "run.py"} <= {file.name for file in path.parent.iterdir()}
    committed = pd.read_csv(path.with_name("results.csv"))
    points = points_of(read_study(path))
    assert len(committed) == len(points)
    assert set(committed.columns[: len(points.paths)]) == set(points.paths)
    assert committed.status.isin(["ok", "overload", "does_not_fit", "refused"]).all()
