"""JSON Schemas of the files that people write, for editors that complete and check while they type."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from pydantic import TypeAdapter

from infersim.load.profiles import spec_of
from infersim.spec.scenario import Scenario
from infersim.spec.study import Study

_QUESTIONS = {"scenario": Scenario, "study": Study}
_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a kind of files.

    Args:
        kind: `scenario`, `study`, or a kind of profiles: `device`, `model`, `engine`, `workload`.
    """
    spec = _QUESTIONS[kind] if kind in _QUESTIONS else spec_of(kind)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"infersim/{kind}/1"}
    members = spec.values() if isinstance(spec, dict) else [spec]
    return head | _named_bounds(TypeAdapter(reduce(or_, members)).json_schema())


def _named_bounds(node: Any) -> Any:
    """Pydantic writes bounds behind a validator under its own names; JSON Schema has others."""
    if isinstance(node, list):
        return [_named_bounds(item) for item in node]
    if not isinstance(node, dict):
        return node
    renamed = {_BOUNDS.get(key, key) if isinstance(value, (int, float)) else key: value for key, value in node.items()}
    return {key: _named_bounds(value) for key, value in renamed.items()}
