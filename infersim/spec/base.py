"""What all specs share: frozen, no unknown keys, numbers that are finite, units parsed at the door."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from infersim import units


class Spec(BaseModel):
    """A frozen piece of plain data. Specs have no behaviour."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


def _with_unit(table: dict[str, float]) -> BeforeValidator:
    def convert(value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a number is needed, not true or false")
        return units.parse(value, table) if isinstance(value, str) else value

    return BeforeValidator(convert)


def _plain_number(value: Any) -> Any:
    if isinstance(value, (bool, str)):
        raise ValueError("a number is needed")
    return value


Seconds = Annotated[float, _with_unit(units.SECONDS)]
Bytes = Annotated[float, _with_unit(units.BYTES)]
Number = Annotated[float, BeforeValidator(_plain_number)]
Integer = Annotated[int, BeforeValidator(_plain_number)]
Count = Annotated[Integer, Field(ge=1, le=10**9)]
