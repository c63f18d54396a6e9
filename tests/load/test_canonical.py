"""The resolved form reads back, and equal scenarios have equal hashes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from infersim.load import canonical_hash, dump_scenario, from_mapping, from_scenario, load_scenario
from infersim.load.canonical import to_yaml
from infersim.load.text import is_printable
from infersim.load.yaml12 import parse
from tests.load.scenarios import CHAT, write

TEXT = st.text(st.characters(codec="utf-8").filter(is_printable), max_size=20)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)


def test_a_scenario_reads_back_from_its_resolved_form(tmp_path):
    scenario = load_scenario(write(tmp_path)).scenario
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(dump_scenario(scenario), encoding="utf-8")
    again = load_scenario(resolved).scenario
    assert again == scenario
    assert dump_scenario(again) == dump_scenario(scenario)
    assert "max_num_batched_tokens: 8192" in resolved.read_text()


@given(st.dictionaries(TEXT, SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(TEXT, SCALARS), max_size=5))
def test_any_plain_data_reads_back(data):
    assert parse(to_yaml({"root": 1, **data}), "f.yaml")[0] == {"root": 1, **data}


def test_relative_traces_are_written_out_from_their_folder(tmp_path):
    text = CHAT.replace(CHAT[CHAT.index("    arrivals") : CHAT.index("    slo")], "    trace: {path: a.csv}\n")
    path = tmp_path / "trace.yaml"
    path.write_text(text)
    loaded = load_scenario(path)
    assert loaded.folder == tmp_path
    assert f"path: {tmp_path / 'a.csv'}" in dump_scenario(loaded.scenario, loaded.folder).replace('"', "")


def test_the_hash_is_of_the_meaning_and_not_of_the_file(tmp_path):
    one = load_scenario(write(tmp_path)).scenario
    same = load_scenario(write(tmp_path, "tpot_s: 50ms", "tpot_s: 0.05, attainment: 99e-2")).scenario
    other = load_scenario(write(tmp_path), seed=2).scenario
    assert canonical_hash(one) == canonical_hash(same)
    assert canonical_hash(one) != canonical_hash(other)


def test_mappings_and_objects_are_relative_to_the_working_folder():
    data, _ = parse(CHAT, "chat.yaml")
    loaded = from_mapping(data)
    assert loaded.folder == Path()
    assert from_scenario(loaded.scenario).scenario == loaded.scenario


def test_large_numbers_are_written_as_people_write_them():
    assert to_yaml({"flops": 3.35e12, "seconds": 2.7e-6, "clients": 3000000}) == (
        "flops: 3.35e12\nseconds: 2.7e-06\nclients: 3000000\n"
    )
