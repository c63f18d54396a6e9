"""Traces of sessions: read as they say, refused by line where they cannot be."""

import gzip
import json

import duckdb
import numpy as np
import pytest

from infersim.errors import InputError
from infersim.records import GOES_ON, LAST_TURN
from infersim.spec.trace import Trace
from infersim.workload.traces.sessions import read

HEAD = "session,turn,arrival_s,gap_s,prompt_tokens,shared_prefix_tokens,output_tokens"
ROWS = ["a,0,5,,100,0,10", "b,0,2,,50,20,5", "a,1,,1.5,130,110,20", "b,2,,0.5,60,55,1", "b,5,9,,70,60,2"]


def traced(tmp_path, rows=ROWS, clients=0, head=HEAD, speed=1.0, **options):
    (tmp_path / "talks.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return read(Trace(path="talks.csv", format="sessions", speed=speed), tmp_path, 3, clients, **options)


def told(traffic) -> list[list[tuple]]:
    """Parts of sessions as turns of (gap, prompt, output, session, turn, shared, ends)."""
    return [[(turn[0], turn[1], turn[2], *turn[5:]) for turn in part] for part in traffic.sessions()]


def test_each_arrival_begins_a_part_of_its_session_at_its_time(tmp_path):
    traffic = traced(tmp_path)
    assert traffic.start_s.tolist() == [2, 5, 9]
    assert (traffic.traffic_class, traffic.clients, traffic.total, traffic.recorded) == (3, 0, 5, True)
    assert told(traffic) == [
        [(0, 50, 5, 1, 0, 20, GOES_ON), (0.5, 60, 1, 1, 2, 55, GOES_ON)],
        [(0, 100, 10, 0, 0, 0, GOES_ON), (1.5, 130, 20, 0, 1, 110, LAST_TURN)],
        [(0, 70, 2, 1, 5, 60, LAST_TURN)],
    ]


def test_clients_take_whole_sessions_in_the_order_of_the_file(tmp_path):
    rows = ["9,0,0.25,10,0,1", "4,0,1,20,0,1", "9,1,2,30,11,1"]
    head = HEAD.replace("arrival_s,", "")
    traffic = traced(tmp_path, rows, clients=2, head=head, think_s=7.0)
    assert (traffic.start_s, traffic.clients, traffic.think_s) == (None, 2, 7.0)
    assert told(traffic) == [
        [(0.25, 10, 1, 0, 0, 0, GOES_ON), (2, 30, 1, 0, 1, 11, LAST_TURN)],
        [(1, 20, 1, 1, 0, 0, LAST_TURN)],
    ]


def test_speed_divides_times_and_gaps(tmp_path):
    traffic = traced(tmp_path, speed=2.0)
    assert traffic.start_s.tolist() == [1, 2.5, 4.5]
    assert [part[-1][0] for part in told(traffic)] == [0.25, 0.75, 0]


def test_more_in_common_than_the_prompt_is_long_is_the_whole_prompt(tmp_path):
    traffic = traced(tmp_path, ["a,0,0,,10,999,1"])
    assert told(traffic)[0][0][5] == 10


def test_columns_may_stand_in_any_order_and_files_may_be_gzipped(tmp_path):
    text = "output_tokens,note,session,turn,arrival_s,shared_prefix_tokens,prompt_tokens\n4,x,1,0,3,0,9\n\n"
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text.encode()))
    traffic = read(Trace(path="t.csv.gz", format="sessions"), tmp_path, 0)
    assert told(traffic) == [[(0, 9, 4, 0, 0, 0, LAST_TURN)]]
    assert traffic.start_s.tolist() == [3]


def test_quoted_cells_json_lines_and_parquet_are_read_alike(tmp_path):
    rows = ['"a, or ""A""",0,3,,9,0,4', " b ,0, 4 ,,7,0,2", '"a, or ""A""",1,,1.5,"20",13,1']
    told_csv = told(traced(tmp_path, rows))
    names = HEAD.split(",")
    cells = [("a", 0, 3, None, 9, 0, 4), ("b", 0, 4, None, 7, 0, 2), ("a", 1, None, 1.5, 20, 13, 1)]
    records = [dict(zip(names, row, strict=True)) for row in cells]
    lines = [json.dumps({name: value for name, value in row.items() if value is not None}) for row in records]
    (tmp_path / "talks.jsonl").write_text("\n".join(lines) + "\n")
    told_jsonl = told(read(Trace(path="talks.jsonl", format="sessions"), tmp_path, 0))
    sql = ", ".join(str(row).replace("None", "NULL") for row in cells)
    duckdb.sql(f"COPY (FROM (VALUES {sql}) rows({HEAD})) TO '{tmp_path / 'talks.parquet'}' (FORMAT parquet)")
    told_parquet = told(read(Trace(path="talks.parquet", format="sessions"), tmp_path, 0))
    assert told_csv == told_jsonl == told_parquet
    assert told_csv == [
        [(0, 9, 4, 0, 0, 0, GOES_ON), (1.5, 20, 1, 0, 1, 13, LAST_TURN)],
        [(0, 7, 2, 1, 0, 0, LAST_TURN)],
    ]


@pytest.mark.parametrize("name", ["session", "gap_s"])
def test_a_column_that_stands_there_twice_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="two columns have this name") as caught:
        traced(tmp_path, ["a,0,1,,10,0,1,9"], head=f"{HEAD},{name}")
    assert (caught.value.line, caught.value.field) == (1, name)


def test_a_row_of_json_lines_is_refused_by_its_line(tmp_path):
    row = {"session": "a", "turn": 0, "arrival_s": 1, "prompt_tokens": 5, "shared_prefix_tokens": 0, "output_tokens": 2}
    rows = [row, {**row, "session": 7, "arrival_s": None, "gap_s": "soon"}]
    (tmp_path / "talks.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(InputError, match="a number of seconds") as caught:
        read(Trace(path="talks.jsonl", format="sessions"), tmp_path, 0)
    assert (caught.value.line, caught.value.field) == (2, "gap_s")


@pytest.mark.parametrize(
    ("rows", "line", "field", "says"),
    [
        (["a,0,1,,ten,0,1"], 2, "prompt_tokens", "a whole number from 1"),
        (["a,0,1,,10,0,1", "a,1,,2,0,0,1"], 3, "prompt_tokens", "a whole number from 1"),
        (["a,0,1,,10,-1,1"], 2, "shared_prefix_tokens", "a whole number from 0"),
        (["a,0,1,,10,0,1.5"], 2, "output_tokens", "a whole number from 1"),
        (["a,0,soon,,10,0,1"], 2, "arrival_s", "a number of seconds"),
        (["a,0,1,,10,0,1", "a,1,,-2,10,0,1"], 3, "gap_s", "a number of seconds"),
        (["a,0,nan,,10,0,1"], 2, "arrival_s", "a number of seconds"),
        (["a,0,1,,10,0,1", "a,1,1,2,10,0,1"], 3, "gap_s", "stands beside an arrival_s"),
        (["a,0,1,,10,0,1", "a,1,,,10,0,1"], 3, "gap_s", "neither arrival_s nor gap_s"),
        (["a,1,1,,10,0,1", "b,0,1,,10,0,1", "a,1,,2,10,0,1"], 4, "turn", "is not after the turn"),
        (["a,0,1,,10,0,1", "b,0,,3,10,0,1"], 3, "gap_s", "no answer comes before the first turn"),
        (["a,0,1,,10,0,1", " ,0,1,,10,0,1"], 3, "session", "a name or a number"),
        (["a,0,1,,10,0"], 2, "", "6 cells for 7 columns"),
        ([], 1, "", "a header and no rows"),
    ],
)
def test_what_is_no_turn_is_refused_by_its_line(tmp_path, rows, line, field, says):
    with pytest.raises(InputError, match=says) as caught:
        traced(tmp_path, rows)
    assert (caught.value.line, caught.value.field) == (line, field)
    assert caught.value.file.endswith("talks.csv")


def test_clients_take_no_sessions_with_times(tmp_path):
    with pytest.raises(InputError, match="whose sessions clients are to take") as caught:
        traced(tmp_path, clients=2)
    assert (caught.value.line, caught.value.field, caught.value.value) == (2, "arrival_s", "'5'")


@pytest.mark.parametrize(
    ("head", "missing"),
    [
        (HEAD.replace("shared_prefix_tokens", "shared_prefix"), "shared_prefix_tokens"),
        (HEAD.replace("arrival_s", "at").replace("gap_s", "after"), "arrival_s"),
    ],
)
def test_a_missing_column_is_named(tmp_path, head, missing):
    with pytest.raises(InputError, match=f"no column '{missing}'") as caught:
        traced(tmp_path, head=head)
    assert caught.value.line == 1


def test_sessions_of_a_large_file_keep_together(tmp_path):
    rng = np.random.default_rng(4)
    session = rng.integers(300, size=5000)
    turn = [int(np.count_nonzero(session[:k] == session[k])) for k in range(5000)]
    rows = [f"s{s},{t},,{0.5},{t + 1},0,{s + 1}" for s, t in zip(session, turn, strict=True)]
    parts = told(traced(tmp_path, rows, clients=5))
    assert [turn for part in parts for *_, turn, _, _ in part] == [t for part in parts for t in range(len(part))]
    names = [part[0][2] - 1 for part in parts]
    assert names == [*dict.fromkeys(session.tolist())]
    assert [len(part) for part in parts] == [int(np.count_nonzero(session == name)) for name in names]
