"""JSON Schema of a scenario, for editors that complete and check while people type."""

from __future__ import annotations

from typing import Any

from infersim.spec.scenario import Scenario

_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}


def scenario_schema() -> dict[str, Any]:
    """The scenario's JSON Schema (draft 2020-12)."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "infersim/scenario/1"}
    return head | _named_bounds(Scenario.model_json_schema())


def _named_bounds(node: Any) -> Any:
    """Pydantic writes bounds behind a validator under its own names; JSON Schema has others."""
    if isinstance(node, list):
        return [_named_bounds(item) for item in node]
    if not isinstance(node, dict):
        return node
    renamed = {_BOUNDS.get(key, key) if isinstance(value, (int, float)) else key: value for key, value in node.items()}
    return {key: _named_bounds(value) for key, value in renamed.items()}
