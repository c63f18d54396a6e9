"""What all open arrivals share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infersim.spec.base import Count, Number, Seconds, Spec

LEAST = 1e-9
"""Of rates [1/s], spans [s] and cv: below it times overflow, and nobody waits thirty years for a request."""


def _not_tiny(value: float) -> float:
    if 0 < value < LEAST:
        raise ValueError(f"must be at least {LEAST:g}, where it is not 0")
    return value


PositiveRate = Annotated[Number, Field(gt=0, le=1e9), AfterValidator(_not_tiny)]
Rate = Annotated[Number, Field(ge=0, le=1e9), AfterValidator(_not_tiny)]
Cv = Annotated[Number, Field(gt=0, le=1000), AfterValidator(_not_tiny)]
Share = Annotated[Number, Field(ge=0, lt=1)]
Time = Annotated[Seconds, Field(ge=0, le=1e9)]
Span = Annotated[Seconds, Field(gt=0, le=1e9), AfterValidator(_not_tiny)]
Family = Literal["exponential", "gamma", "weibull"]


class Open(Spec):
    """Arrivals that do not wait for answers."""

    max_in_flight: Count | None = None
    """The client's own limit of requests under way; what is above it waits at the client, unsent."""
