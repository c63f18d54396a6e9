"""Traces are read as written, and what cannot be read is refused by file and line."""

import gzip

import numpy as np
import pytest

from infersim.errors import InputError
from infersim.spec.trace import Trace
from infersim.workload.traces import read

HEADER = "arrival_s,prompt_tokens,output_tokens\n"
ROWS = "0.5,100,10\n0.5,200,20\n1.25,300,30\n"


@pytest.fixture
def trace(tmp_path):
    """Writes a trace and reads it."""

    def write_and_read(content: str | bytes, name: str = "t.csv", **options):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        requests = read(Trace(path=name, **options), tmp_path)
        return requests.arrival_s, requests.prompt_tokens, requests.output_tokens

    return write_and_read


def test_a_plain_trace_is_read_as_stated(trace):
    arrival, prompt, output = trace(HEADER + ROWS)
    assert arrival.tolist() == [0.5, 0.5, 1.25]
    assert prompt.tolist() == [100, 200, 300]
    assert output.tolist() == [10, 20, 30]
    assert prompt.dtype == output.dtype == np.int64


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + ROWS).replace("\n", "\r\n"),
        "\ufeff" + HEADER + ROWS,
        HEADER + ROWS + "\n\n",
        (HEADER + ROWS).rstrip("\n"),
        HEADER.replace(",", " , ") + ROWS.replace(",", " , "),
        "output_tokens,note,arrival_s,prompt_tokens\n10,x,0.5,100\n20,y,0.5,200\n30,,1.25,300\n",
        gzip.compress((HEADER + ROWS).encode()),
    ],
    ids=["CRLF", "byte order mark", "blank end", "no last newline", "spaces", "other columns", "gzipped"],
)
def test_spelling_does_not_matter(trace, content):
    for ours, plain in zip(trace(content), trace(HEADER + ROWS), strict=True):
        assert np.array_equal(ours, plain)


def test_an_azure_trace_starts_at_its_first_timestamp(trace):
    rows = "2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n2023-11-17 18:15:46.6805900,1,1\n"
    arrival, prompt, output = trace("TIMESTAMP,ContextTokens,GeneratedTokens\n" + rows, format="azure")
    assert arrival.tolist() == [0.0, pytest.approx(4.314579), pytest.approx(86400.0)]
    assert (prompt.tolist(), output.tolist()) == ([374, 396, 1], [44, 109, 1])


def test_timestamps_that_say_utc_are_read_alike(trace):
    rows = "2024-05-10 00:00:00.009930+00:00,374,44\n2024-05-10T00:00:01.009930Z,396,109\n"
    assert trace("TIMESTAMP,ContextTokens,GeneratedTokens\n" + rows, format="azure")[0].tolist() == [0.0, 1.0]


def test_speed_two_plays_it_twice_as_fast(trace):
    assert trace(HEADER + ROWS, speed=2.0)[0].tolist() == [0.25, 0.25, 0.625]


BROKEN = {
    # content of line 3, the field named, a part of the message
    "not a number": ("soon,100,10", "arrival_s", "'soon'"),
    "NaN": ("nan,100,10", "arrival_s", "'nan'"),
    "infinite": ("1e999,100,10", "arrival_s", "'1e999'"),
    "negative time": ("-1,100,10", "arrival_s", "from 0"),
    "negative tokens": ("1,-5,10", "prompt_tokens", "from 1"),
    "no tokens": ("1,100,0", "output_tokens", "from 1"),
    "a fraction of a token": ("1,1.5,10", "prompt_tokens", "whole number"),
    "ten thousand digits": ("1," + "9" * 10_000 + ",10", "prompt_tokens", "whole number"),
    "twenty digits": ("1," + "9" * 20 + ",10", "prompt_tokens", "whole number"),
    "too many tokens": ("1,100000001,10", "prompt_tokens", "100000000"),
    "empty cell": ("1,,10", "prompt_tokens", "whole number"),
    "too few cells": ("1,100", "", "2 cells for 3 columns"),
    "too many cells": ("1,100,10,9", "", "4 cells for 3 columns"),
    "blank line": ("", "", "1 cells for 3 columns"),
    "earlier than the row before": ("0.25,100,10", "arrival_s", "earlier"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_row_is_named(trace, what):
    line, field, message = BROKEN[what]
    with pytest.raises(InputError) as caught:
        trace(HEADER + "0.5,1,1\n" + line + "\n2,1,1\n")
    error = caught.value
    assert error.file.endswith("t.csv")
    assert error.line == 3
    assert error.field == field
    assert message in str(error)
    assert len(str(error)) < 1000


def test_a_missing_column_comes_with_the_nearest_name(trace):
    with pytest.raises(InputError, match="Did you mean 'prompt_token'") as caught:
        trace("arrival_s,prompt_token,output_tokens\n1,1,1\n")
    assert caught.value.line == 1


def test_the_wrong_format_lists_what_is_needed(trace):
    with pytest.raises(InputError, match="TIMESTAMP, ContextTokens, GeneratedTokens"):
        trace(HEADER + ROWS, format="azure")


@pytest.mark.parametrize("stamp", ["yesterday", "NaT", "", "2700-01-01 00:00:00", "today", "2023-11-16 25:00:00"])
def test_a_broken_timestamp_is_named(trace, stamp):
    head = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,1\n"
    with pytest.raises(InputError) as caught:
        trace(f"{head}{stamp},1,1\n", format="azure")
    assert (caught.value.line, caught.value.field) == (3, "TIMESTAMP")


WHOLE = {
    "empty": (b"", "empty"),
    "header alone": (HEADER.encode(), "no rows"),
    "truncated gzip": (gzip.compress((HEADER + ROWS * 50).encode())[:-20], "cannot be unpacked"),
    "damaged gzip": (gzip.compress(b"x" * 500)[:12] + b"\xff" * 40, "cannot be unpacked"),
    "UTF-16": ((HEADER + ROWS).encode("utf-16"), "is UTF-16 text"),
    "bytes": (bytes(range(128, 256)), "not UTF-8"),
}


@pytest.mark.parametrize("what", WHOLE)
def test_a_file_that_is_no_trace_is_refused(trace, what):
    content, message = WHOLE[what]
    with pytest.raises(InputError, match=message) as caught:
        trace(content)
    assert caught.value.file.endswith("t.csv")


def test_a_folder_is_no_trace(tmp_path):
    with pytest.raises(InputError, match="is a folder, not a file") as caught:
        read(Trace(path="."), tmp_path)
    assert caught.value.file == str(tmp_path)


def test_an_absent_file_comes_with_the_nearest_name(tmp_path):
    (tmp_path / "conv.csv.gz").write_bytes(b"")
    with pytest.raises(InputError, match=r"Did you mean 'conv.csv.gz'\?"):
        read(Trace(path="conv.csv"), tmp_path)


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    with pytest.raises(InputError):
        read(Trace(path="a\0b"), tmp_path)


@pytest.mark.parametrize(("name", "rows"), [("conv", 19_366), ("code", 8_819)])
def test_azures_traces_are_read_whole(shared_data, name, rows):
    path = shared_data / "traces" / f"AzureLLMInferenceTrace_{name}.csv.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    requests = read(Trace(path=str(path), format="azure"), path.parent)
    arrival = requests.arrival_s
    assert arrival.size == requests.prompt_tokens.size == requests.output_tokens.size == rows
    assert arrival[0] == 0.0
    assert 3000 < arrival[-1] < 3700  # an hour
    assert (np.diff(arrival) >= 0).all()


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n", "format: azure"),
        ("arrival_s;prompt_tokens;output_tokens\n0;1;1\n", "by commas"),
        ("arrival,prompt_tokens,output_tokens\n0,1,1\n", "Did you mean 'arrival'?"),
    ],
)
def test_a_missing_column_tells_what_to_change(trace, content, remedy):
    with pytest.raises(InputError) as refusal:
        trace(content, format="plain")
    assert remedy in refusal.value.hint
