"""Studies of many points: what is in memory, how the table is written in pieces, and how little of it is read."""

from __future__ import annotations

import importlib
import time
import tracemalloc

import duckdb
import numpy as np
import pytest

from infersim.errors import InputError
from infersim.load.study import read_study
from infersim.runs.figures import GROWTH
from infersim.runs.store import Outcome
from infersim.sweep.folder import RESULTS
from infersim.sweep.opened import TableFile
from infersim.sweep.points import Points, Values
from infersim.sweep.sweep import sweep_study
from infersim.sweep.table import Row
from infersim.text.sweep import FIGURES
from tests.sweep.studies import RATE, write

pieces = importlib.import_module("infersim.sweep.pieces")
NAMES = (GROWTH, *(f"figure_{number}" for number in range(149)))


class Constant:
    """Answers every run with the same 150 figures; what is allocated is traced from then on."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def do(self, tasks):
        tracemalloc.start()
        for number, _ in tasks:
            yield number, Outcome("ok", "", NAMES, np.arange(float(len(NAMES))).tobytes())


def most_bytes(folder, count: int) -> int:
    """The most that Python and NumPy take at once in a sweep of so many points, from its first run on."""
    text = f"scenario: tiny.yaml\naxes: {{{RATE}: {{from: 1, to: 100, points: {count}}}}}\nreplications: 1\n"
    path = write(folder, text)
    try:
        found = sweep_study(read_study(path), folder / "out", doer=Constant())
        assert len(found) == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_point_that_is_finished_leaves_next_to_nothing_in_memory(tmp_path, monkeypatch):
    """Its 150 figures have 1,200 bytes, a row of them with intervals 3,600; pieces are as large in both."""
    monkeypatch.setattr(pieces, "PIECE_ROWS", 16)
    most_bytes(tmp_path / "warm", 20)
    few, many = most_bytes(tmp_path / "few", 50), most_bytes(tmp_path / "many", 250)
    assert (many - few) / 200 < 400


def test_axes_of_a_million_values_are_lists_of_numbers():
    values = np.arange(1_000_000.0).tolist()
    points = Points((Values({"a.b": values}, {"a.b": "axes.a.b"}, False), Values({"c": [1, 2]}, {"c": "axes.c"}, True)))
    assert len(points) == 2_000_000
    assert points.settings(1_999_999) == {"c": 2, "a.b": 999_999.0}
    assert points.factors[1][1].fields == {"c": "axes.c.1"}
    assert points.paths == ["a.b", "c"]


def rows(count: int) -> list[Row]:
    """Rows of unlike figures: `b` only in late rows, an interval of `a` in a single one, some without any."""
    found = []
    for number in range(count):
        value, nothing = float(number), np.nan
        if number % 7 == 3:
            found.append(Row("refused", f"invalid: {number}"))
        elif number < count // 2:
            interval = (value - 1, value + 1) if number == 12 else (nothing, nothing)
            found.append(Row("ok", "", 2, ("a",), np.array([[value], [interval[0]], [interval[1]]])))
        else:
            found.append(Row("ok", "", 2, ("b", "a"), np.array([[-value, value], [nothing] * 2, [nothing] * 2])))
    return found


def written(folder, piece_rows: int, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_ROWS", piece_rows)
    folder.mkdir()
    points = Points((Values({"x.y": ["1", *range(99)]}, {"x.y": "axes.x.y"}, True),))
    pieces.write_table(points, iter(rows(100)), folder / "t.parquet", folder / "t.csv")
    return folder


def test_a_table_is_the_same_in_any_pieces(tmp_path, monkeypatch):
    whole = written(tmp_path / "whole", 1_000, monkeypatch)
    parts = written(tmp_path / "parts", 3, monkeypatch)
    assert {path.name for path in parts.iterdir()} == {"t.parquet", "t.csv"}
    assert (parts / "t.csv").read_bytes() == (whole / "t.csv").read_bytes()
    assert (parts / "t.csv").read_text().splitlines()[0] == (
        "point,x.y,status,reason,replications,simulated.a,simulated.b,ci95_low.a,ci95_high.a"
    )
    tables = [TableFile(folder / "t.parquet").columns() for folder in (whole, parts)]
    for name, column in tables[0].items():
        np.testing.assert_array_equal(column, tables[1][name])
    assert tables[1]["point"].tolist() == [*range(100)]
    assert tables[1]["x.y"][:3].tolist() == ['"1"', "0", "1"]
    assert tables[1]["simulated.b"][90] == -90.0
    assert (tables[1]["ci95_low.a"][12], np.isnan(tables[1]["ci95_low.a"]).sum()) == (11.0, 99)


def test_an_opened_table_stays_what_it_was(tmp_path, monkeypatch):
    table = TableFile(written(tmp_path / "one", 50, monkeypatch) / "t.parquet")
    (tmp_path / "another").write_bytes(b"another")
    (tmp_path / "another").replace(tmp_path / "one" / "t.parquet")
    assert table["simulated.a"][99] == 99.0
    assert "simulated.c" not in table
    with pytest.raises(KeyError):
        table["simulated.c"]


def grown(path, count: int) -> None:
    """A table of so many rows from a small one, whose rows it repeats."""
    with duckdb.connect() as database:
        database.execute(f"CREATE TABLE few AS FROM read_parquet('{path}')")
        rows = "SELECT range AS point, few.* EXCLUDE (point) FROM range(?) JOIN few ON few.point = range % ?"
        least = database.execute("SELECT count(*) FROM few").fetchone()[0]
        options = f"FORMAT parquet, ROW_GROUP_SIZE {pieces.GROUP_ROWS}"
        database.execute(f"COPY ({rows} ORDER BY range) TO '{path}' ({options})", [count, least])


def test_only_what_is_shown_is_read(infersim, tmp_path):
    """The bytes of all figures are gone that are not shown, and of those that are in all but the first rows."""
    out = tmp_path / "out"
    sweep_study(read_study(write(tmp_path)), out)
    table = out / RESULTS[1]
    grown(table, 20_000)
    expected = infersim("results", out)
    assert expected.code == 0
    assert "19,960 more" in expected.out
    with duckdb.connect() as database:
        chunks = database.execute(
            "SELECT path_in_schema, row_group_id, coalesce(dictionary_page_offset, data_page_offset), "
            f"total_compressed_size FROM parquet_metadata('{table}')"
        ).fetchall()
    data, gone = bytearray(table.read_bytes()), 0
    for name, group, at, size in chunks:
        kind, _, figure = name.partition(".")
        if kind in ("simulated", "ci95_low", "ci95_high") and (group > 0 or figure not in FIGURES):
            data[at : at + size] = bytes(size)
            gone += 1
    assert gone > 0.8 * len(chunks)
    table.write_bytes(data)
    assert infersim("results", out).out == expected.out
    with pytest.raises(InputError):
        TableFile(table)["simulated.ttft_s.p99"]


def test_a_million_rows_open_in_two_seconds(tmp_path):
    count, path = 1_000_000, tmp_path / "results.parquet"
    figures = ", ".join(f"range / {each} AS f{each}" for each in range(1, 6))
    with duckdb.connect() as database:
        database.execute(f"COPY (SELECT range AS point, range % 64 AS n, {figures} FROM range({count})) TO '{path}'")
    began_s = time.process_time()
    table = TableFile(path)
    assert table.query.run("SELECT count(*) FROM results")[1] == [(count,)]
    assert len(table.query.run("SELECT n, min(f5) FROM results GROUP BY 1")[1]) == 64
    assert time.process_time() - began_s < 2.0
