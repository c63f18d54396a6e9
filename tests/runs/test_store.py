"""The store: what is in it, once and whole."""

from __future__ import annotations

import numpy as np
import pytest

from infersim.errors import InputError
from infersim.runs.store import RUNS, Outcome, Store

FINE = Outcome("ok", "", ("a", "b"), np.array([1.5, np.nan]).tobytes())
NOT = Outcome("does_not_fit", "too large")


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_what_is_added_is_found_after_a_flush_alone(tmp_path):
    store, other = Store(tmp_path), Store(tmp_path)
    for number in range(700):
        store.add(key(number), NOT if number == 3 else FINE)
    store.flush()
    found = other.outcomes([key(number) for number in range(900)])
    assert len(found) == 700
    assert found[key(0)] == FINE
    assert found[key(3)] == NOT
    assert [*found[key(5)].values[:1]] == [1.5]
    assert [*other.new_keys()] == [key(number) for number in range(700)]
    assert [*other.new_keys()] == []
    other.add(key(0), FINE)
    other.flush()
    assert other.count() == 700
    store.close()
    other.close()
    assert [path.name for path in tmp_path.iterdir()] == [RUNS]


def test_a_flush_that_fails_writes_nothing_and_can_be_tried_again(tmp_path):
    store = Store(tmp_path)
    store._database.execute("PRAGMA max_page_count = 20")
    for number in range(3000):
        store._waiting.append((key(number), FINE))
    with pytest.raises(InputError, match="database or disk is full"):
        store.flush()
    assert store.count() == 0
    store._database.execute("PRAGMA max_page_count = 100000")
    store.flush()
    assert store.count() == 3000
    assert store.outcomes([key(2999)])[key(2999)] == FINE
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
