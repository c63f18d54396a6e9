"""The store: what is in it, once and whole."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    assert other.has(key(699))
    assert not other.has(key(700))
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


@contextmanager
def nobody() -> Iterator[None]:
    """Without permission to write, which root always has."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_who_may_not_write_reads_what_a_writer_has_added_by_now():
    folder = Path(tempfile.mkdtemp())
    (copy := folder / "copy").mkdir()
    store = Store(folder)
    try:
        store.add(key(0), FINE)
        for name in (RUNS, f"{RUNS}-wal"):
            shutil.copy(folder / name, copy)
        for each in (copy, folder):
            each.chmod(0o555)
        with nobody():
            reader = Store(folder, write=False)
            assert reader.count() == 1
            reader.close()
            with pytest.raises(InputError, match="unable to open"):  # its log cannot be read, and it is not passed over
                Store(copy, write=False)
    finally:
        for each in (folder, copy):
            each.chmod(0o755)
        store.close()
        shutil.rmtree(folder)


def test_who_may_not_write_reads_a_store_that_nobody_writes():
    folder = Path(tempfile.mkdtemp())
    try:
        store = Store(folder)
        store.add(key(0), FINE)
        store._database.close()  # without its farewell, which makes it a single file of another kind
        for end in ("-wal", "-shm"):
            (folder / f"{RUNS}{end}").unlink(missing_ok=True)
        folder.chmod(0o555)
        with nobody():
            reader = Store(folder, write=False)
            assert reader.count() == 1
            reader.close()
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
