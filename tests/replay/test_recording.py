"""A file that is no recording is refused by file, line and field."""

import gzip
import json

import pytest

from infersim.errors import InputError
from infersim.replay import replay_file
from tests.replay.recordings import RECORDING, changed, written

BROKEN = {
    # what is wrong: (place, new value or None to leave it out, the field named)
    "no id": ("id", None, "id"),
    "no requests": ("requests", [], "requests"),
    "a step without a start": ("steps.2.start_s", None, "steps.2.start_s"),
    "a step without a schedule": ("steps.0.scheduled", None, "steps.0.scheduled"),
    "a schedule that is a list": ("steps.0.scheduled", ["a"], "steps.0.scheduled"),
    "a time that is a word": ("steps.0.end_s", "soon", "steps.0.end_s"),
    "a time that is not a number": ("steps.0.end_s", float("nan"), "steps.0.end_s"),
    "an arrival at infinity": ("requests.0.arrival_s", float("inf"), "requests.0.arrival_s"),
    "a prompt of no tokens": ("requests.0.prompt_tokens", 0, "requests.0.prompt_tokens"),
    "one result too few": ("results", lambda old: old[:1], "results"),
    "results in another order": ("results", lambda old: old[::-1], "results"),
    "a result without a finish": ("results.0.finish_s", None, "results.0.finish_s"),
    "two requests of one id": ("requests.1.id", "a", "requests"),
    "a summary without an end": ("summary.end", None, "summary.end"),
    "a summary that is a word": ("summary", "fine", "summary"),
    "no block": ("config.num_gpu_blocks", 1, "config.num_gpu_blocks"),
    "a watermark above all": ("config.watermark", 2.0, "config.watermark"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_scenario_is_named_by_line_and_field(tmp_path, what):
    place, value, field = BROKEN[what]
    path = written(tmp_path, RECORDING, changed(place, value))
    with pytest.raises(InputError) as caught:
        replay_file(path)
    assert (caught.value.file, caught.value.line) == (str(path), 2)
    assert caught.value.field == field


LINES = {
    "no JSON": ('{"id": ', "not JSON"),
    "a list": ("[1, 2]", "not a recorded scenario"),
    "a word": ('"hello"', "not a recorded scenario"),
    "ten thousand digits": ('{"id": ' + "9" * 10_000 + "}", "not JSON"),
    "brackets without end": ("[" * 100_000, "not JSON"),
}


@pytest.mark.parametrize("what", LINES)
def test_a_line_that_is_no_scenario_is_named(tmp_path, what):
    line, said = LINES[what]
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps(RECORDING) + "\n\n" + line + "\n")
    with pytest.raises(InputError, match=said) as caught:
        replay_file(path)
    assert caught.value.line == 3  # a blank line counts and says nothing
    assert len(str(caught.value)) < 1000


FILES = {
    "empty": (b"", "no scenario"),
    "blank": (b"\n \n", "no scenario"),
    "truncated gzip": (gzip.compress(json.dumps(RECORDING).encode())[:-30], "cannot be unpacked"),
    "UTF-16": (json.dumps(RECORDING).encode("utf-16"), "is UTF-16 text"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_is_no_recording_is_refused(tmp_path, what):
    content, said = FILES[what]
    path = tmp_path / "s.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        replay_file(path)
    assert caught.value.file == str(path)


def test_a_gzipped_file_is_read_alike(tmp_path):
    path = tmp_path / "s.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(RECORDING).encode()))
    assert replay_file(path)["scenarios"][0]["agrees"]


@pytest.mark.parametrize("name", [".", "absent.jsonl", "a\0b"])
def test_a_file_that_cannot_be_opened_is_refused(tmp_path, name):
    with pytest.raises(InputError):
        replay_file(tmp_path / name)
