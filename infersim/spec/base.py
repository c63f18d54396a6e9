"""What all specs share: frozen, no unknown keys, numbers that are finite, units parsed at the door."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema

from infersim import units


class Spec(BaseModel):
    """A frozen piece of plain data. Specs have no behaviour."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


_NUMBER = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?")
_WITH_UNIT = re.compile(_NUMBER.pattern + r"\s*(%|[^\W\d_]+)")


class SpecError(ValueError):
    """What a validator finds wrong between the fields of one spec.

    Args:
        problem: what is wrong.
        at: dotted path of the field to point at, from the spec that is validated.
        hint: what to type instead.
    """

    def __init__(self, problem: str, at: str = "", hint: str = ""):
        super().__init__(problem, at, hint)
        self.problem, self.at, self.hint = problem, at, hint

    def __str__(self) -> str:
        return self.problem


def _with_unit(table: dict[str, float]) -> BeforeValidator:
    def convert(value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a number is needed, not true or false")
        return units.parse(value, table) if isinstance(value, str) else value

    allowed = "|".join(re.escape(unit) for unit in table)
    pattern = rf"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*({allowed})\s*$"
    schema = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": pattern}]}
    return BeforeValidator(convert, json_schema_input_type=Annotated[float | str, WithJsonSchema(schema)])


def _plain_number(value: Any) -> Any:
    if isinstance(value, str):
        without = "quotes" if _NUMBER.fullmatch(value) else "a unit" if _WITH_UNIT.fullmatch(value) else ""
        raise ValueError("a number is needed" + (f", without {without}" if without else ""))
    if isinstance(value, bool):
        raise ValueError("a number is needed, not true or false")
    return value


Seconds = Annotated[float, _with_unit(units.SECONDS)]
Bytes = Annotated[float, _with_unit(units.BYTES)]
Percent = Annotated[float, _with_unit(units.SHARES)]
"""A share, as 0.05 or 5%."""
Number = Annotated[float, BeforeValidator(_plain_number)]
Integer = Annotated[int, BeforeValidator(_plain_number)]
Flag = Annotated[bool, Strict()]
Count = Annotated[Integer, Field(ge=1, le=10**9)]
