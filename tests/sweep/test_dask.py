"""A sweep on a Dask cluster of three processes that the test starts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from infersim.errors import InfersimError, InputError
from infersim.load.study import read_study
from infersim.runs.answer import Given
from infersim.runs.crew import KILLED, Lost
from infersim.runs.dask import Cluster
from infersim.sweep.sweep import on_cluster, sweep_study
from tests.sweep.studies import write
from tests.sweep.test_sweep import MANY, deadly_once, sweep, tables, times

pytestmark = [
    pytest.mark.skipif(find_spec("distributed") is None, reason="the extra infersim[dask] is not installed"),
    pytest.mark.filterwarnings("default"),  # what other people's packages warn of is not ours
]

WORKERS = 3


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a scheduler with three workers, processes that come again when they are killed."""
    import dask
    from distributed import LocalCluster

    failures = dask.config.set({"distributed.scheduler.allowed-failures": 1})
    with (
        failures,
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None, silence_logs=50) as started,
    ):
        yield started.scheduler_address


def test_it_makes_the_same_bytes(tmp_path, cluster):
    path = write(tmp_path)
    sweep(path, tmp_path / "here")
    loaded = read_study(path)
    sweep_study(loaded, tmp_path / "there", doer=on_cluster(loaded, cluster))
    assert tables(tmp_path / "there") == tables(tmp_path / "here")


def test_a_worker_that_is_killed_costs_its_runs_alone(tmp_path, cluster):
    path = write(tmp_path, MANY)
    loaded = read_study(path)
    given = Given(loaded.base, loaded.file), tmp_path / "marker"
    sweep_study(loaded, tmp_path / "out", doer=Cluster(cluster, deadly_once, given))
    assert (tmp_path / "marker").exists()
    assert times(tmp_path / "out") == [1] * 72
    sweep(path, tmp_path / "here")
    assert tables(tmp_path / "out") == tables(tmp_path / "here")


def always_deadly(given, task) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_run_that_kills_its_workers_is_given_up(cluster):
    with Cluster(cluster, always_deadly, None) as workers:
        assert [done for done in workers.do(iter([(0, 0)])) if done is not None] == [(0, KILLED)]


def test_where_no_scheduler_answers_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("infersim.runs.dask.PATIENCE_S", 1)
    loaded = read_study(write(tmp_path))
    with pytest.raises(InputError, match="no scheduler answers"):
        sweep_study(loaded, None, doer=on_cluster(loaded, "tcp://127.0.0.1:9"))


def slow(given, task) -> int:
    time.sleep(0.05)
    return task


@pytest.mark.parametrize("gone", ["workers", "scheduler"])
def test_a_cluster_that_is_gone_is_told_and_not_waited_for(gone, monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr("infersim.runs.dask.PATIENCE_S", 3)
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
    ) as own:
        says = "has no workers left" if gone == "workers" else "answers no more"
        began_s, done = time.monotonic(), []

        def work_on() -> None:
            with Cluster(own.scheduler_address, slow, None) as workers:
                for answer in workers.do((number, number) for number in range(10_000)):
                    done.append(answer)
                    if len(done) == 3:
                        own.scale(0) if gone == "workers" else own.close()

        with pytest.raises(InfersimError, match=says):
            work_on()
        assert len(done) >= 3
        assert time.monotonic() - began_s < 60


def test_what_dask_says_of_a_run_that_it_loses_is_the_reason(cluster):
    with Cluster(cluster, failing, None) as workers:
        found = [done for done in workers.do(iter([(0, 0)])) if done is not None]
    assert found == [(0, Lost("Dask lost it, twice: ValueError: no such thing"))]


def failing(given, task) -> None:
    raise ValueError("no such thing")
