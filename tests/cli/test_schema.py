"""`infersim schema`: what the readers take, the schemas take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from infersim.cli.schema import KINDS
from infersim.load import list_profiles
from infersim.load.profiles import profile_file
from infersim.load.yaml12 import parse
from tests.load.scenarios import CHAT
from tests.load.test_reference import EXAMPLES


def faults(schema: dict[str, Any], data: Any) -> list[str]:
    """What a schema finds wrong with data."""
    Draft202012Validator.check_schema(schema)
    return [error.message for error in Draft202012Validator(schema).iter_errors(data)]


def printed(infersim, kind: str) -> dict[str, Any]:
    answer = infersim("schema", kind)
    assert answer.code == 0
    schema = json.loads(answer.out)
    assert schema["$id"] == f"infersim/{kind}/1"
    return schema


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("scenario", "study")])
def test_every_shipped_profile_is_valid(infersim, kind):
    schema = printed(infersim, kind)
    names = list_profiles(kind)
    assert names
    for name in names:
        file = profile_file(kind, name)
        data, _ = parse(file.read_text(encoding="utf-8"), str(file))
        assert not faults(schema, data), name
        assert faults(schema, {**data, "colour": "red"}), name
    assert faults(schema, {})


def test_scenarios_are_valid(infersim):
    schema = printed(infersim, "scenario")
    files = [*(Path(__file__).parents[2] / "experiments").glob("*/*.yaml")]
    for text in (CHAT, *EXAMPLES, *(file.read_text(encoding="utf-8") for file in files)):
        data = parse(text, "")[0]
        assert not faults(schema, data.get("scenario", data))  # of a study: its base


@pytest.mark.parametrize(
    ("old", "new"),
    [("rate_per_s: 6", "rate_per_s: -6"), ("50ms", "50GB"), ("max_num_seqs", "max_num_seq"), ("seed: 1", "seed: one")],
)
def test_mistakes_are_not(infersim, old, new):
    assert faults(printed(infersim, "scenario"), parse(CHAT.replace(old, new), "")[0])


def test_an_unknown_kind_names_those_that_are(infersim):
    answer = infersim("schema", "scenarios")
    assert (answer.code, answer.out) == (2, "")
    for kind in KINDS:
        assert f"'{kind}'" in answer.err


def test_studies_are_valid(infersim):
    schema = printed(infersim, "study")
    files = sorted((Path(__file__).parents[2] / "experiments").glob("*/study.yaml"))
    assert files
    for file in files:
        data, _ = parse(file.read_text(encoding="utf-8"), str(file))
        assert faults(schema, data) == []
        assert faults(schema, {**data, "axis": {}})
