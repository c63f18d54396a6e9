"""Broken run tables: exit code 2, and the column or row, the value and the nearest match are named."""

from __future__ import annotations

import gzip

import pytest

from infersim.errors import InputError
from infersim.runs import read_table
from tests.runs.tables import BASE, CLIENTS, write, write_text

GOOD = f"id,{CLIENTS},measured.ttft_s.mean\na,1,0.5\n"
BROKEN = {  # the table as typed → what the message says
    "a misspelt path": ("id,fleet.main.divice\na,h100\n", ("fleet.main.divice", "Did you mean 'fleet.main.device'?")),
    "a misspelt option": (
        "id,fleet.main.engine.max_num_seq\na,1\n",
        ("column 2", "Did you mean 'fleet.main.engine.max_num_seqs'?"),
    ),
    "a misspelt root": ("id,flet.main.device\na,1\n", ("flet.main.device", "Did you mean 'fleet.main.device'?")),
    "a misspelt class": (
        "id,workload.laod.arrivals.clients\na,1\n",
        ("workload.laod.arrivals.clients", "no traffic class 'laod'", "Did you mean 'load'?"),
    ),
    "a misspelt pool": (
        "id,fleet.mian.replicas\na,1\n",
        ("fleet.mian.replicas", "no pool 'mian'", "Did you mean 'main'?"),
    ),
    "a misspelt prefix": (
        "id,mesured.ttft_s.mean\na,1\n",
        ("mesured.ttft_s.mean", "Did you mean 'measured.ttft_s.mean'?"),
    ),
    "a path into a list": ("id,workload.load.output_tokens.values.0\na,1\n", ("values.0", "no such path")),
    "an unknown figure": (
        "id,measured.ttft_s.p98\na,1\n",
        ("measured.ttft_s.p98", "no such figure", "Did you mean 'measured.ttft_s.p99'?"),
    ),
    "a figure in milliseconds": (
        "id,measured.ttft_ms.mean\na,1\n",
        ("measured.ttft_ms.mean", "Did you mean 'measured.ttft_s.mean'?", "SI units"),
    ),
    "a figure with its unit": (
        "id,measured.ttft_s.mean [s]\na,1\n",
        ("measured.ttft_s.mean [s]", "Did you mean 'measured.ttft_s.mean'?"),
    ),
    "a figure of a class": (
        "id,measured.classes.load.ttft.mean\na,1\n",
        ("Did you mean 'measured.classes.load.ttft_s.mean'?",),
    ),
    "a doubled column": (f"id,{CLIENTS},{CLIENTS}\na,1,2\n", (CLIENTS, "columns 2 and 3 have one name")),
    "a column in two cases": ("id,Id\na,1\n", ("differ in case only",)),
    "a column without a name": ("id,\na,1\n", ("column 2 has no name",)),
    "a unit in a cell": (
        GOOD + "b,2,250ms\n",
        (":3: measured.ttft_s.mean = '250ms'", "row 1", "without its unit"),
    ),
    "text for a figure": (GOOD + "b,2,fast\n", ("measured.ttft_s.mean = 'fast'", "row 1")),
    "nan for a figure": (GOOD + "b,2,nan\n", ("measured.ttft_s.mean = 'nan'", "an empty cell")),
    "an infinite figure": (GOOD + "b,2,.inf\n", ("measured.ttft_s.mean = '.inf'",)),
    "a negative figure": (GOOD + "b,2,-1\n", ("measured.ttft_s.mean = '-1'",)),
    "no rows": (f"id,{CLIENTS}\n", ("the table has no rows",)),
    "nothing": ("", ("the file is empty",)),
    "a short row": (GOOD + "b,2\n", (":3", "row 1 has 2 cells", "3 columns")),
    "a long row": (GOOD + "b,2,1,4\n", (":3", "row 1 has 4 cells")),
    "an open quote": (GOOD + 'b,2,"1\n', (":3", "is not CSV")),
    "semicolons": (GOOD.replace(",", ";"), (":1", "separated by semicolons", "with commas")),
    "tabs": (GOOD.replace(",", "\t"), ("separated by tabs",)),
    "UTF-16": (GOOD.encode("utf-16"), ("is UTF-16 text", "UTF-8")),
    "latin-1": (GOOD.encode() + b"\xfc,2,1\n", ("is not UTF-8 text",)),
    "zeros": (bytes(100), ("control character",)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_table_is_refused(infersim, tmp_path, name):
    text, says = BROKEN[name]
    path = write_text(tmp_path, text)
    answer = infersim("validate", path, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(str(path))
    for part in says:
        assert part in answer.err
    assert "Traceback" not in answer.err


def test_several_faults_are_told_together(tmp_path):
    path = write_text(tmp_path, "id,fleet.main.divice,measured.ttft\na,1,2\n")
    with pytest.raises(InputError) as caught:
        read_table(path)
    assert "fleet.main.divice" in str(caught.value)
    assert "measured.ttft" in str(caught.value)


@pytest.mark.parametrize("cut", [20, -12])
def test_a_truncated_gzip_is_refused(tmp_path, cut):
    path = write_text(tmp_path, gzip.compress(GOOD.encode() * 50)[:cut], "mine.csv.gz")
    with pytest.raises(InputError, match="cannot be unpacked"):
        read_table(path)


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    path = write_text(tmp_path, GOOD, "mine.parquet")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_table(path)


def test_a_missing_table_names_the_nearest(tmp_path):
    write(tmp_path)
    for name in ("mien.csv", "mien.parquet"):
        write(tmp_path, name=name.replace("mien", "mine"))
        with pytest.raises(InputError, match="Did you mean 'mine"):
            read_table(tmp_path / name)


def test_a_missing_base_is_told_by_its_name(infersim, tmp_path):
    path = write(tmp_path, base=None)
    answer = infersim("validate", path)
    assert answer.code == 2
    assert "mine.base.yaml is not beside it" in answer.err
    assert "--base FILE" in answer.err
    assert "no such file" in infersim("validate", path, "--base", tmp_path / "nowhere.yaml").err


def test_a_key_that_no_scenario_has_is_a_fault_of_the_base(tmp_path):
    path = write(tmp_path, base=BASE.replace("device:", "devise:"))
    with pytest.raises(InputError) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{tmp_path}/mine.base.yaml:8:")
    assert "Did you mean 'fleet.main.device'?" in str(caught.value)


def test_a_base_that_is_no_mapping_is_refused(tmp_path):
    with pytest.raises(InputError, match="must be a mapping"):
        read_table(write(tmp_path, base="- a\n"))
