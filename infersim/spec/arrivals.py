"""When requests arrive."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infersim.spec.base import Count, Integer, Number, Seconds, Spec

PositiveRate = Annotated[Number, Field(gt=0, le=1e9)]


class Poisson(Spec):
    """Independent arrivals at a constant rate."""

    kind: Literal["poisson"] = "poisson"
    rate_per_s: PositiveRate
    """Mean arrivals a second."""
    max_in_flight: Count | None = None
    """The client's own limit of requests under way; what is above it waits at the client, unsent."""


class Deterministic(Spec):
    """Arrivals at equal distances."""

    kind: Literal["deterministic"] = "deterministic"
    rate_per_s: PositiveRate
    """Arrivals a second."""
    max_in_flight: Count | None = None
    """The client's own limit of requests under way."""


class Gamma(Spec):
    """Independent gamma-distributed gaps: bursty above cv 1, regular below."""

    kind: Literal["gamma"] = "gamma"
    rate_per_s: PositiveRate
    """Mean arrivals a second."""
    cv: Annotated[Number, Field(gt=0, le=100)]
    """Coefficient of variation of the gaps."""
    max_in_flight: Count | None = None
    """The client's own limit of requests under way."""


class AllAtOnce(Spec):
    """Offline: every request is there at the start."""

    kind: Literal["all_at_once"] = "all_at_once"
    max_in_flight: Count | None = None
    """The client's own limit of requests under way."""


class ClosedLoop(Spec):
    """Clients that each wait for an answer, think, and send the next request."""

    kind: Literal["closed_loop"] = "closed_loop"
    clients: Annotated[Integer, Field(ge=1, le=10**6)]
    """Clients, each with one request under way; all start at time 0."""
    think_s: Annotated[Seconds, Field(ge=0)] = 0.0
    """Time between an answer's last token and the client's next request."""


Arrivals = Annotated[Poisson | Deterministic | Gamma | AllAtOnce | ClosedLoop, Field(discriminator="kind")]
