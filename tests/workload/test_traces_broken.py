"""Broken traces: one refusal that names file, line or row, field, value, and what is allowed."""

import gzip

import duckdb
import pytest
import zstandard

from infersim.errors import InputError
from infersim.spec.base import SpecError
from infersim.spec.trace import Trace
from tests.workload.trace_files import AZURE, OWN, PLAIN

GOOD = PLAIN + "0,1,1\n"
LINE = '{"arrival_s": 0, "prompt_tokens": 1, "output_tokens": 1}\n'
DAY = "2024-05-12"
CELLS = {  # the file → line, field, value, what is needed
    "hexadecimal time": (GOOD + "0x10,1,1\n", 3, "arrival_s", "'0x10'", "from 0 to 1e9 s"),
    "hexadecimal tokens": (GOOD + "1,0x10,1\n", 3, "prompt_tokens", "'0x10'", "from 1 to 100000000"),
    "1e308 seconds": (GOOD + "1e308,1,1\n", 3, "arrival_s", "'1e308'", "from 0 to 1e9 s"),
    "1e308 tokens": (GOOD + "1,1,1e308\n", 3, "output_tokens", "'1e308'", "from 1 to 100000000"),
    "zero tokens": (GOOD + "1,0,1\n", 3, "prompt_tokens", "'0'", "from 1 to 100000000"),
    "a first row of nan": (PLAIN + "nan,1,1\n", 2, "arrival_s", "'nan'", "from 0 to 1e9 s"),
    "a first row of nothing": (PLAIN + ",1,1\n", 2, "arrival_s", "''", "from 0 to 1e9 s"),
    "a unit": (GOOD + "1,512 tokens,1\n", 3, "prompt_tokens", "'512 tokens'", "whole number"),
    "a decimal comma": (GOOD + '"1,5",1,1\n', 3, "arrival_s", "'1,5'", "from 0 to 1e9 s"),
    "after a cell of two lines": ("note," + PLAIN + '"a\nb",0,1,1\nx,1,-1,1\n', 4, "prompt_tokens", "'-1'", "whole"),
    "with mixed line ends": (GOOD + "1,1,1\r\n2,x,1\n", 4, "prompt_tokens", "'x'", "whole number"),
    "a JSON text": (LINE + LINE.replace("1", '"x"', 1), 2, "prompt_tokens", "'x'", "whole number"),
    "a JSON list": (LINE + "\n" + LINE.replace("0", "[1]"), 3, "arrival_s", "[1]", "from 0"),
    "a JSON field left out": (LINE + '{"arrival_s": 1, "output_tokens": 1}', 2, "prompt_tokens", "nothing", "whole"),
    "a JSON null": (LINE + LINE.replace("1}", "null}"), 2, "output_tokens", "null", "whole number"),
    "two epochs": (PLAIN + "1700000000000,1,1\n1700000001,1,1\n", 3, "arrival_s", "'1700000001'", "epoch time in ms"),
    "a date alone": (AZURE + f"{DAY} 00:00:00,1,1\n{DAY},1,1\n", 3, "TIMESTAMP", f"'{DAY}'", "a timestamp like"),
    "a zone by name": (AZURE + f"{DAY} 00:00:00 CET,1,1\n", 2, "TIMESTAMP", "00 CET'", "a timestamp like"),
    "an offset too far": (AZURE + f"{DAY} 00:00:00+29:00,1,1\n", 2, "TIMESTAMP", "+29:00'", "a timestamp like"),
    "a 30th of February": (AZURE + "2024-02-30 00:00:00,1,1\n", 2, "TIMESTAMP", "'2024-02-30 ", "a timestamp like"),
    "unsorted": (GOOD + "2,1,1\n1.5,1,1\n", 4, "arrival_s", "'1.5'", "earlier than the row before it"),
}
ZSTD, GZIP = zstandard.compress(GOOD.encode() * 50), gzip.compress(GOOD.encode())
FILES = {  # the file, its name → line, what the message says
    "mixed with a row too short": (GOOD + "1,1\r\n", "t.csv", 3, "2 cells for 3 columns"),
    "a row too long": (GOOD + "1,1,1,x\n", "t.csv", 3, "4 cells for 3 columns"),
    "an open quote": (GOOD + '1,"1,1\n', "t.csv", 3, "is not CSV"),
    "bars": ("arrival_s|prompt_tokens|output_tokens\n", "t.csv", 1, "separated by bars"),
    "tabs": (PLAIN.replace(",", "\t"), "t.csv", 1, "separated by tabs"),
    "one name twice": ("prompt_tokens," + PLAIN + "1,0,1,1\n", "t.csv", 1, "two columns have this name"),
    "no known column": ("a,b,c\n1,2,3\n", "t.csv", 1, "columns: {arrival_s: NAME}"),
    "a JSON line cut": (LINE + '{"arrival_s": 1,', "t.jsonl", 2, "is not JSON"),
    "a JSON number": (LINE + "5\n", "t.jsonl", 2, "is no JSON object: 5"),
    "one JSON list": ("[" + LINE + "]", "t.json", 1, "one object a line"),
    "JSON cut in its first line": ('{"arrival_s": 1,', "t.jsonl", 1, "is not JSON"),
    "deep JSON": ('{"a":' * 100_000, "t.json", 1, "is not JSON"),
    "zstd cut short": (ZSTD[:-9], "t.csv.zst", 0, "it ends before its last frame does"),
    "zstd damaged": (ZSTD[:9] + b"\xff" * 40, "t.csv.zst", 0, "cannot be unpacked"),
    "gzip of half a member": (GZIP + GZIP[:20], "t.gz", 0, "cannot be unpacked"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "t.csv", 1, "this looks like a binary file"),
    "UTF-16 in gzip": (gzip.compress(GOOD.encode("utf-16")), "t.csv.gz", 1, "is UTF-16 text"),
    "a spreadsheet": (b"PK\x03\x04\x14\x00", "t.xlsx", 1, "this looks like a binary file"),
    "latin-1": (GOOD.encode() + b"\xfc,1,1\n", "t.csv", 3, "is not UTF-8 text"),
    "no Parquet": (GOOD, "t.parquet", 0, "cannot be read as Parquet"),
    "half a Parquet": (b"PAR1" + bytes(50), "t.parquet", 0, "cannot be read as Parquet"),
    "spaces": (" \n \n", "t.csv", 0, "the trace is empty"),
}  # fmt: skip


@pytest.mark.parametrize("what", CELLS)
def test_a_broken_cell_is_named(traced, what):
    text, line, field, value, needed = CELLS[what]
    with pytest.raises(InputError) as refusal:
        traced(text)
    error = refusal.value
    assert (error.line, error.field) == (line, field)
    assert value in error.value
    assert needed in str(error)
    assert error.file.endswith("t.csv")


@pytest.mark.parametrize("what", FILES)
def test_a_broken_file_is_named(traced, what):
    content, name, line, says = FILES[what]
    with pytest.raises(InputError) as refusal:
        traced(content, name)
    assert refusal.value.line == line
    assert says in str(refusal.value)
    assert refusal.value.file.endswith(name)
    assert len(str(refusal.value)) < 800


def test_a_broken_row_of_parquet_is_counted(traced, tmp_path):
    path = tmp_path / "p.parquet"
    duckdb.sql(f"COPY (SELECT * FROM (VALUES (0.5, 1, 1), (1, -7, 1)) t({PLAIN.strip()})) TO '{path}'")
    with pytest.raises(InputError, match="row 2: a whole number of tokens is needed") as refusal:
        traced(path.read_bytes(), "p.parquet")
    assert (refusal.value.field, refusal.value.value) == ("prompt_tokens", "-7")
    duckdb.sql(f"COPY (SELECT * FROM '{path}' LIMIT 0) TO '{path}.none' (FORMAT parquet)")
    with pytest.raises(InputError, match="no rows"):
        traced((tmp_path / "p.parquet.none").read_bytes(), "p.parquet")


def test_a_mapped_column_that_is_not_there_is_named_by_its_own_name(traced):
    with pytest.raises(InputError, match="no column 'ts'") as refusal:
        traced("tss,in,out\n1,2,3\n", columns=OWN)
    assert "Did you mean 'tss'?" in refusal.value.hint
    assert "columns: {arrival_s: NAME}" in refusal.value.hint


@pytest.mark.parametrize("zone", ["Europe/Berln", "", "../etc/passwd", "Mars"])
def test_a_time_zone_that_is_none_is_refused(zone):
    with pytest.raises((SpecError, ValueError)) as refusal:
        Trace(path="a.csv", time_zone=zone)
    assert zone != "Europe/Berln" or "no time zone 'Europe/Berln'" in str(refusal.value)
