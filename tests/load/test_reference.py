"""docs/scenario.md, the reference of scenario files: examples load, defaults are true, no key is left out."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from infersim.load import from_mapping
from infersim.load.allowed import members
from infersim.load.yaml12 import parse
from infersim.spec.engines import VllmEngine
from infersim.spec.fleet import Pool
from infersim.spec.scenario import Run, Scenario

TEXT = (Path(__file__).parents[2] / "docs" / "scenario.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def specs(annotation: object, found: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Every spec that a scenario can hold."""
    for member in members(annotation):
        if isinstance(member, type) and issubclass(member, BaseModel):
            if member not in found:
                found.add(member)
                for field in member.model_fields.values():
                    specs(field.annotation, found)
        else:
            for inner in get_args(member):
                specs(inner, found)
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=["whole", "lengths", "sessions", "prefixes", "trace", "model"])
def test_examples_load(example):
    data, _ = parse(example, "docs/scenario.md")
    assert from_mapping(data).scenario.fleet["main"].model == "llama-3.1-8b"


def test_every_key_is_told():
    everything = specs(Scenario, set())
    assert len(everything) > 15
    for spec in everything:
        for name, field in spec.model_fields.items():
            key = field.alias or name
            assert re.search(rf"\b{key}\b", TEXT), f"{spec.__name__}.{key}"


def test_every_kind_is_told():
    for spec in specs(Scenario, set()):
        for kind in get_args(spec.model_fields["kind"].annotation) if "kind" in spec.model_fields else ():
            assert re.search(rf"\b{kind}\b", TEXT), f"{spec.__name__}.kind = {kind}"


def test_defaults_are_those_of_the_specs():
    data, _ = parse(EXAMPLES[0], "docs/scenario.md")
    for spec, told in ((VllmEngine, data["fleet"]["main"]["engine"]), (Run, data["run"])):
        for key, value in told.items():
            if key != "duration_s":
                assert spec.model_fields[key].default == value, key
    assert Pool.model_fields["parallel"].default.model_dump() == data["fleet"]["main"]["parallel"]
