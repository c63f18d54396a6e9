"""Each format is recognised by its columns and read as it is meant; files of one's own are mapped onto them."""

import json
import time

import duckdb
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.errors import InputError
from infersim.spec.trace import Trace
from infersim.workload.traces import read
from tests.workload.trace_files import AZURE, BURSTGPT, OWN, PLAIN, reader

ROWS = [(0.5, 100, 10), (0.5, 200, 20), (1.25, 300, 30)]
MOONCAKE = [
    {"timestamp": 0, "input_length": 1025, "output_length": 7, "hash_ids": [46, 47, 48]},
    {"timestamp": 3000, "input_length": 512, "output_length": 8, "hash_ids": [46]},
    {"timestamp": 3000, "input_length": 600, "output_length": 9, "hash_ids": []},
]


def as_text(rows=ROWS, names=PLAIN) -> dict[str, bytes]:
    """The same rows in every form of table, by file name."""
    table = names + "".join(",".join(map(str, row)) + "\n" for row in rows)
    keys = names.strip().split(",")
    lines = "".join(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in rows)
    return {"t.csv": table.encode(), "t.csv.zst": zstandard.compress(table.encode()), "t.jsonl": lines.encode()}


def parquet(path, query: str) -> bytes:
    duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def columns(requests) -> list[list]:
    return [requests.arrival_s.tolist(), requests.prompt_tokens.tolist(), requests.output_tokens.tolist()]


@pytest.mark.parametrize("name", as_text())
def test_one_table_is_read_alike_in_every_form(traced, name):
    assert columns(traced(as_text()[name], name)) == [list(column) for column in zip(*ROWS, strict=True)]


def test_parquet_is_told_by_its_bytes_and_numbers_may_be_of_any_type(traced, tmp_path):
    rows = "(0.5::FLOAT, 100::SMALLINT, 10::DECIMAL(6, 2)), (0.5, 200, 20), (1.25, 300, 30)"
    data = parquet(tmp_path / "p", f"SELECT * FROM (VALUES {rows}) t({PLAIN.strip()})")
    assert columns(traced(data, "no ending")) == [list(column) for column in zip(*ROWS, strict=True)]


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.floats(0, 1e9, allow_subnormal=False), st.integers(1, 10**8), st.integers(1, 10**8)), min_size=1
    )
)
def test_what_was_written_is_read(tmp_path_factory, rows):
    traced = reader(tmp_path_factory.mktemp("trace"))
    rows = sorted(rows, key=lambda row: row[0])
    for name, data in as_text(rows).items():
        assert columns(traced(data, name)) == [list(column) for column in zip(*rows, strict=True)], name


def test_azures_stamps_of_2024_may_leave_fractions_out(traced):
    rows = "2024-05-12 00:00:00.001163+00:00,1452,3\n2024-05-12 00:00:01+00:00,584,3\n"
    assert traced(AZURE + rows).arrival_s.tolist() == [0.0, pytest.approx(0.998837, abs=1e-9)]


def test_mooncakes_block_hashes_are_kept(traced):
    requests = traced("".join(json.dumps(row) + "\n" for row in MOONCAKE), "m.jsonl")
    assert columns(requests) == [[0.0, 3.0, 3.0], [1025, 512, 600], [7, 8, 9]]
    assert requests.blocks.block_tokens == 512
    assert requests.blocks.ids.tolist() == [46, 47, 48, 46]
    assert requests.blocks.starts.tolist() == [0, 3, 4, 4]


def test_without_hashes_mooncakes_columns_are_read_all_the_same(traced):
    assert traced("timestamp,input_length,output_length\n250,5,6\n").blocks is None


@pytest.mark.parametrize("hashes", [[1, 2], {"passages": [1]}, "x", ["a"], None])
def test_hashes_that_no_prompt_of_that_length_has_are_refused(traced, hashes):
    rows = [MOONCAKE[0], MOONCAKE[1] | {"hash_ids": hashes}]
    with pytest.raises(InputError, match="at most one for each 512 tokens") as refusal:
        traced("".join(json.dumps(row) + "\n" for row in rows), "m.jsonl")
    assert (refusal.value.line, refusal.value.field) == (2, "hash_ids")


def test_burstgpts_failures_are_left_out_and_counted(traced):
    rows = "19440110.0,a,43,GPT-4,906,446,1352,Conversation log\n19440161.0,,2,ChatGPT,36,0,36,API log\n"
    rows += "19440161.0,,2,ChatGPT,0,0,0,API log\n19440192.0,,2,ChatGPT,36,29,65,API log\n"
    requests = traced(BURSTGPT + rows)
    assert columns(requests) == [[0.0, 82.0], [906, 36], [446, 29]]
    assert requests.notes == ("2 of 4 requests failed when they were recorded (no output tokens): left out",)
    with pytest.raises(InputError, match="no request was answered"):
        traced(BURSTGPT + "5,,2,ChatGPT,36,0,36,API log\n")
    with pytest.raises(InputError, match="from 1 to") as refusal:
        traced(BURSTGPT + rows + "19440199,,2,ChatGPT,0,5,5,API log\n")
    assert (refusal.value.line, refusal.value.field) == (6, "Request tokens")


STAMPS = {  # arrivals as they stand there → seconds from the first
    "seconds": (["7", "8.5"], [7.0, 8.5]),
    "epoch": (["1700000000.25", "1700000002"], [0.0, 1.75]),
    "epoch in ms": (["1700000000250", "1700000002000"], [0.0, 1.75]),
    "epoch in µs": (["1700000000250000", "1700000002000000"], [0.0, 1.75]),
    "epoch in ns": (["1700000000250000000", "1700000002000000000"], [0.0, 1.75]),
    "ISO": (["2024-03-30T23:59:59", "2024-03-31T00:00:01.5"], [0.0, 2.5]),
    "offsets": (["2024-03-31 01:59:00+01:00", "2024-03-31 03:00:00+0200", "2024-03-31T01:01:00Z"], [0.0, 60.0, 120.0]),
    "nine digits": (["2024-03-31 00:00:00.000001000", "2024-03-31 00:00:00.000003000"], [0.0, 2e-6]),
}


@pytest.mark.parametrize("kind", STAMPS)
def test_a_mapped_arrival_may_be_seconds_an_epoch_or_a_timestamp(traced, kind):
    stamps, seconds = STAMPS[kind]
    rows = "ts,in,out,note\n" + "".join(f"{stamp},5,6,x\n" for stamp in stamps)
    assert traced(rows, columns=OWN).arrival_s.tolist() == pytest.approx(seconds, abs=1e-6 if "epoch" in kind else 0)


def test_a_column_that_is_not_mapped_keeps_its_name(traced):
    rows = "when,prompt_tokens,output_tokens\n1,5,6\n"
    assert columns(traced(rows, columns={"arrival_s": "when"})) == [[1.0], [5], [6]]
    assert traced(
        "at,ContextTokens,GeneratedTokens\n2024-05-12 00:00:01,5,6\n", format="azure", columns={"arrival_s": "at"}
    )


def test_a_time_zone_says_what_stamps_without_an_offset_mean(traced):
    # At 03:00 of 27 October 2024 clocks in Berlin were set back to 02:00: the hour from 02:00 came twice.
    hours = ["00:30", "02:30", "02:59", "02:00", "02:30", "03:00"]
    rows = AZURE + "".join(f"2024-10-27 {hour}:00,5,6\n" for hour in hours)
    there = traced(rows, time_zone="Europe/Berlin").arrival_s / 60
    assert there.tolist() == [0, 120, 149, 150, 180, 210]
    with pytest.raises(InputError, match="earlier than the row before it"):
        traced(rows)


def test_stamps_over_several_years_are_each_set_back_once(traced):
    days = ["2023-10-29 02:30", "2023-10-29 02:10", "2024-10-27 02:30", "2024-10-27 02:10", "2024-10-27 03:10"]
    rows = AZURE + "".join(f"{day}:00,5,6\n" for day in days)
    gaps = np.diff(traced(rows, time_zone="Europe/Berlin").arrival_s) / 60
    # 364 days from the one Sunday to the other; what comes in the doubled hour is its first time, until it steps back.
    assert gaps.tolist() == [40, 364 * 1440 - 40, 40, 60]


def test_times_that_clocks_skipped_are_refused(traced):
    rows = AZURE + "2024-03-31 01:59:00,5,6\n2024-03-31 02:30:00,5,6\n"
    with pytest.raises(InputError, match="no such time in Europe/Berlin") as refusal:
        traced(rows, time_zone="Europe/Berlin")
    assert refusal.value.line == 3
    assert traced(rows).arrival_s.tolist() == [0.0, 31 * 60]


def test_parquets_timestamps_are_taken_with_and_without_a_zone(traced, tmp_path):
    rows = "(TIMESTAMP '2024-10-27 00:00:00', 5, 6), (TIMESTAMP '2024-10-27 04:00:00', 5, 6)"
    naive, fixed = tmp_path / "n.parquet", tmp_path / "f.parquet"
    parquet(naive, f"SELECT * FROM (VALUES {rows}) t(ts, prompt_tokens, output_tokens)")
    parquet(fixed, f"SELECT * REPLACE (ts AT TIME ZONE 'UTC' AS ts) FROM '{naive}'")
    options = {"columns": {"arrival_s": "ts"}, "time_zone": "Europe/Berlin"}
    assert traced(naive.read_bytes(), "n.parquet", **options).arrival_s[1] == 5 * 3600  # an hour came twice
    assert traced(fixed.read_bytes(), "f.parquet", **options).arrival_s[1] == 4 * 3600


@pytest.mark.parametrize(
    "text",
    [
        PLAIN + "0.5,100,10\r\n0.5,200,20\n1.25,300,30\r\n",
        PLAIN.replace("\n", "\r") + "0.5,100,10\r0.5,200,20\r1.25,300,30\r",
        PLAIN + ' 0.5 ,"100",10\n"0.5",200,"20"\n1.25,300, 30\n',
        "," + PLAIN + "0,0.5,100,10\n1,0.5,200,20\n2,1.25,300,30\n",
        'note,' + PLAIN + '"a, ""b""\n\nc",0.5,100,10\n,0.5,200,20\n,1.25,300,30\n',
    ],
    ids=["mixed line ends", "old Mac", "spaces and quotes", "a column without a name", "a cell of several lines"],
)  # fmt: skip
def test_spelling_does_not_matter(traced, text):
    assert columns(traced(text)) == [list(column) for column in zip(*ROWS, strict=True)]


@pytest.mark.parametrize("name", ["tr[1]*?.csv", "it's.csv", "a b;.csv", "{x}.csv"])
def test_a_name_with_signs_is_that_file_alone(traced, name):
    assert len(traced(as_text()["t.csv"], name)) == 3


def test_a_line_of_several_frames_or_members_is_one_file(traced):
    head, tail = as_text()["t.csv"][:50], as_text()["t.csv"][50:]
    assert len(traced(zstandard.compress(head) + zstandard.compress(tail), "t.zst")) == 3


def test_a_million_rows_take_less_than_three_seconds(tmp_path):
    count = 1_000_000
    made = "SELECT i * 0.1 AS arrival_s, 1 + i % 4000 AS prompt_tokens, 1 + i % 300 AS output_tokens"
    made += f" FROM range({count}) t(i)"
    duckdb.sql(f"COPY ({made}) TO '{tmp_path / 'm.csv'}' (HEADER)")
    began = time.process_time()
    requests = read(Trace(path="m.csv"), tmp_path)
    assert time.process_time() - began < 3.0  # of all threads together
    assert requests.output_tokens.sum() == sum(1 + i % 300 for i in range(count))
    assert requests.arrival_s[-1] == pytest.approx(99_999.9)
