"""The store: what is in it, once and whole."""

from __future__ import annotations

import time

import numpy as np
import pytest

from infersim.errors import InputError
from infersim.runs.store import RUNS, SYNC_S, Outcome, Store

FINE = Outcome("ok", "", ("a", "b"), np.array([1.5, np.nan]).tobytes())
NOT = Outcome("does_not_fit", "too large")


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_what_is_added_is_found_at_once_by_others(tmp_path):
    store, other = Store(tmp_path), Store(tmp_path)
    for number in range(700):
        store.add(key(number), NOT if number == 3 else FINE)
        assert other.count() == number + 1
    found = other.outcomes([key(number) for number in range(900)])
    assert len(found) == 700
    assert found[key(0)] == FINE
    assert found[key(3)] == NOT
    assert [*found[key(5)].values[:1]] == [1.5]
    assert [*other.new_keys()] == [key(number) for number in range(700)]
    assert [*other.new_keys()] == []
    other.add(key(0), FINE)
    assert other.count() == 700
    store.close()
    other.close()
    assert [path.name for path in tmp_path.iterdir()] == [RUNS]


def test_a_run_that_cannot_be_written_is_not_there_and_can_be_added_again(tmp_path):
    store, large = Store(tmp_path), Outcome("ok", "", ("a",), bytes(80_000))
    store._database.execute("PRAGMA max_page_count = 20")
    with pytest.raises(InputError, match="database or disk is full"):
        store.add(key(0), large)
    assert store.count() == 0
    store.add(key(1), FINE)
    store._database.execute("PRAGMA max_page_count = 100000")
    store.add(key(0), large)
    assert store.outcomes([key(0), key(1)]) == {key(0): large, key(1): FINE}
    store.close()


def test_runs_go_on_to_the_disk_now_and_then(tmp_path):
    store, said = Store(tmp_path), []
    store._database.set_trace_callback(lambda sql: said.append(sql) if "synchronous" in sql else None)
    store.add(key(0), FINE)
    store.add(key(1), FINE)  # within a fifth of a second of the first
    time.sleep(SYNC_S)
    store.add(key(2), FINE)
    assert said == ["PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"] * 2
    store.close()


def test_a_reader_changes_nothing(tmp_path):
    Store(tmp_path).close()
    before = (tmp_path / RUNS).read_bytes()
    reader = Store(tmp_path, write=False)
    with pytest.raises(InputError, match="readonly"):
        reader.say("this", "that")
    reader.close()
    assert (tmp_path / RUNS).read_bytes() == before


def test_a_folder_without_a_store_is_told(tmp_path):
    with pytest.raises(InputError, match="is no folder of a study"):
        Store(tmp_path, write=False)
