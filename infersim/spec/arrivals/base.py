"""What all open arrivals share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infersim.spec.base import Count, Number, Seconds, Spec

PositiveRate = Annotated[Number, Field(gt=0, le=1e9)]
Rate = Annotated[Number, Field(ge=0, le=1e9)]
Cv = Annotated[Number, Field(gt=0, le=1000)]
Share = Annotated[Number, Field(ge=0, lt=1)]
Time = Annotated[Seconds, Field(ge=0, le=1e9)]
Span = Annotated[Seconds, Field(gt=0, le=1e9)]
Family = Literal["exponential", "gamma", "weibull"]


class Open(Spec):
    """Arrivals that do not wait for answers."""

    max_in_flight: Count | None = None
    """The client's own limit of requests under way; what is above it waits at the client, unsent."""
