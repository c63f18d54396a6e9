"""Broken traces and run tables as a user meets them: one message by file and line, and nothing is written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import pytest
import zstandard

from tests.cli.refusals import refuse, refused
from tests.load.scenarios import CHAT, write

SOURCE = CHAT[CHAT.index("    arrivals") : CHAT.index("    slo")]
PLAIN = "arrival_s,prompt_tokens,output_tokens\n"
GOOD = PLAIN + "0,100,10\n1,200,5\n1,300,20\n"
LINE = '{"arrival_s": 0, "prompt_tokens": 9, "output_tokens": 1}\n'
WHOLE, TIME = "a whole number of tokens is needed, from 1 to 100000000", "must be a time from 0 to 1e9 s"
BROKEN = {  # name and content of the file → what follows its name, what the message says
    "truncated gzip": ("t.csv.gz", gzip.compress(GOOD.encode() * 9)[:50], "", "pack it again with gzip"),
    "truncated zstd": ("t.csv.zst", zstandard.compress(GOOD.encode() * 9)[:-6], "", "pack it again with zstd"),
    "nothing": ("t.csv", "", "", "the trace is empty"),
    "a header alone": ("t.csv", PLAIN, "", "no rows"),
    "nan": ("t.csv", GOOD + "nan,1,1\n", ":5: arrival_s = 'nan'", TIME),
    "infinity": ("t.csv", GOOD + "inf,1,1\n", ":5: arrival_s = 'inf'", TIME),
    "1e308": ("t.csv", GOOD + "1e308,1,1\n", ":5: arrival_s = '1e308'", TIME),
    "a negative time": ("t.csv", PLAIN + "-1,1,1\n", ":2: arrival_s = '-1'", TIME),
    "a negative length": ("t.csv", GOOD + "2,-5,1\n", ":5: prompt_tokens = '-5'", WHOLE),
    "a length of zero": ("t.csv", GOOD + "2,1,0\n", ":5: output_tokens = '0'", WHOLE),
    "half a token": ("t.csv", GOOD + "2,1.5,1\n", ":5: prompt_tokens = '1.5'", WHOLE),
    "hexadecimal": ("t.csv", GOOD + "2,0x10,1\n", ":5: prompt_tokens = '0x10'", WHOLE),
    "10,000 digits": ("t.csv", GOOD + f"2,{'9' * 10_000},1\n", ":5: prompt_tokens = '999999999", WHOLE),
    "10,000 digits of JSON": ("t.jsonl", LINE.replace("9", "9" * 10_000), ":1: prompt_tokens = .inf", WHOLE),
    "a unit": ("t.csv", GOOD + "2s,1,1\n", ":5: arrival_s = '2s'", TIME),
    "a cell left empty": ("t.csv", GOOD + "2,,1\n", ":5: prompt_tokens = ''", WHOLE),
    "unsorted": ("t.csv", GOOD + "0.5,1,1\n", ":5: arrival_s = '0.5'", "sort the file by arrival"),
    "semicolons": ("t.csv", GOOD.replace(",", ";"), ":1\n", "Separate the columns by commas"),
    "a missing column": ("t.csv", GOOD.replace("output_t", "out_t"), ":1\n", "Did you mean 'out_tokens'?"),
    "a short row": ("t.csv", GOOD + "2,1\n", ":5\n", "2 cells for 3 columns"),
    "UTF-16": ("t.csv", GOOD.encode("utf-16"), ":1:1\n", "save the file as UTF-8"),
    "latin-1": ("t.csv", GOOD.encode() + b"\xfc,1,1\n", ":5:1\n", "save the file as UTF-8"),
    "a zip": ("t.zip", b"PK\x03\x04" + bytes(30), ":1:3\n", "this looks like a binary file"),
    "JSON cut off": ("t.jsonl", LINE + LINE[:20], ":2\n", "is not JSON"),
    "JSON's NaN": ("t.jsonl", LINE.replace("9", "NaN"), ":1: prompt_tokens = .nan", WHOLE),
    "JSON's true": ("t.jsonl", LINE.replace("9", "true"), ":1: prompt_tokens = true", WHOLE),
    "half a Parquet": ("t.parquet", b"PAR1" + bytes(50), "\n", "cannot be read as Parquet"),
}  # fmt: skip
OPTIONS = {  # options of the trace → path and value, what the message says
    "format: azur": ("trace.format = 'azur'", "Did you mean 'azure'?"),
    "columns: {arival_s: ts}": ("trace.columns.arival_s", "Did you mean 'arrival_s'?"),
    "start_s: 1h": ("trace.start_s = 3600", "its last one arrives at 1 s"),
    "limit: 1h": ("trace.limit = '1h'", "a number is needed, without a unit"),
    "limit: 0": ("trace.limit = 0", "must be ≥ 1"),
    "speed: 0": ("trace.speed = 0", "must be > 0"),
    "speed: 2x": ("trace.speed = '2x'", "a number is needed, without a unit"),
    "duration_s: 1GB": ("trace.duration_s = '1GB'", "unknown unit 'GB' here; units: ns, us, ms, s"),
    "rate_per_s: 1e9": ("trace.rate_per_s = 1e+09", "lower it, or set limit"),
    "time_zone: Europe/Berln": ("trace.time_zone", "Did you mean 'Europe/Berlin'?"),
}
PARQUET = {  # a row → field and value
    "('a', 1, 1)": "arrival_s = 'a'",
    "(0.0, NULL::INT, 1)": "prompt_tokens = null",
    "(0.0, 'NaN'::DOUBLE, 1)": "prompt_tokens = .nan",
    "(0.0, 1, [1])": "output_tokens = [1]",
}
FINE = {  # files that hold the same as GOOD
    "a byte-order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "mixed line ends": GOOD.replace("\n", "\r\n", 2).encode(),
    "no last line end": GOOD.rstrip().encode(),
    "quotes": GOOD.replace("200", '"200"').encode(),
    "exponents": GOOD.replace("1,200", "1e0,200").encode(),
    "packed and not called so": gzip.compress(GOOD.encode()),
}


def scenario(folder: Path, name: str, content: str | bytes, options: str = "") -> Path:
    """A scenario that plays a trace."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    more = f", {options}" if options else ""
    return write(folder, SOURCE, f"    trace: {{path: {name}{more}}}\n")


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_trace_is_refused(infersim, tmp_path, what):
    name, content, place, says = BROKEN[what]
    message = refuse(infersim, scenario(tmp_path, name, content))
    assert message.startswith(f"{tmp_path / name}{place}")
    assert says in message
    assert len(message) < 800


@pytest.mark.parametrize("options", OPTIONS)
def test_a_broken_option_of_a_trace_is_told_by_the_scenario_s_line(infersim, tmp_path, options):
    field, says = OPTIONS[options]
    message = refuse(infersim, scenario(tmp_path, "t.csv", GOOD, options))
    assert message.startswith(f"{tmp_path / 'chat.yaml'}:5:")
    assert f": workload.chat.{field}" in message.splitlines()[0]
    assert says in message


@pytest.mark.parametrize("row", PARQUET)
def test_a_broken_row_of_parquet_is_told_by_its_number(infersim, tmp_path, row):
    path = tmp_path / "t.parquet"
    duckdb.execute(f"COPY (SELECT * FROM (VALUES {row}) t({PLAIN.strip()})) TO '{path}'")
    message = refuse(infersim, scenario(tmp_path, path.name, path.read_bytes()))
    assert message.startswith(f"{path}: {PARQUET[row]}\n  row 1: ")


@pytest.mark.parametrize("what", FINE)
def test_what_is_fine_is_read_alike(infersim, tmp_path, what):
    path = scenario(tmp_path, "t.csv", GOOD)
    expected = json.loads(infersim("run", path, "--json").out)
    (tmp_path / "t.csv").write_bytes(FINE[what])
    answer = infersim("run", path, "--json")
    assert answer.code == 0
    found = json.loads(answer.out)
    assert found["requests"]["arrived"] == 3  # two of them at one time, which is no fault
    for part in ("requests", "tokens", "ttft_s", "e2e_s", "throughput"):
        assert found[part] == expected[part]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--where", '"group" ='), "a condition over the columns of mine.csv"),
        (("--limit", "tpot_s.mean=8%"), "is not FIGURE=FRACTION"),
        (("--by", "grop"), "Did you mean 'group'?"),
        (("--set", "fleet.main.divice=l4-24gb"), "Did you mean 'fleet.main.device'?"),
        (("--base", "nowhere.yaml"), "no such file"),
        (("--jobs", "0"), "0 is not in the range"),
    ],
)
def test_a_validation_that_cannot_be_is_refused_before_it_begins(infersim, tmp_path, args, says):
    table = tmp_path / "mine.csv"
    table.write_text("id,group,workload.chat.prompt_tokens.mean,measured.ttft_s.mean\na,g,300,0.05\n")
    write(tmp_path, name="mine.base.yaml")
    assert says in refused(infersim, "validate", table, "--json", "--out", tmp_path / "out", *args)
