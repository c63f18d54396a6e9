"""Arrivals with independent gaps, all at once, and closed loops."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infersim.spec.arrivals.base import Cv, Open, PositiveRate, Time
from infersim.spec.base import Integer, Spec


class Poisson(Open):
    """Independent arrivals at a constant rate."""

    kind: Literal["poisson"] = "poisson"
    rate_per_s: PositiveRate
    """Mean arrivals a second."""


class Deterministic(Open):
    """Arrivals at equal distances."""

    kind: Literal["deterministic"] = "deterministic"
    rate_per_s: PositiveRate
    """Arrivals a second."""


class Gamma(Open):
    """Independent gamma-distributed gaps: bursty above cv 1, regular below."""

    kind: Literal["gamma"] = "gamma"
    rate_per_s: PositiveRate
    """Mean arrivals a second."""
    cv: Annotated[Cv, Field(le=100)]
    """Coefficient of variation of the gaps."""


class Weibull(Open):
    """Independent Weibull-distributed gaps: above cv 1 a heavier tail than gamma's."""

    kind: Literal["weibull"] = "weibull"
    rate_per_s: PositiveRate
    """Mean arrivals a second."""
    cv: Cv
    """Coefficient of variation of the gaps."""


class AllAtOnce(Open):
    """Offline: every request is there at the start."""

    kind: Literal["all_at_once"] = "all_at_once"


class ClosedLoop(Spec):
    """Clients that each wait for an answer, think, and send the next request."""

    kind: Literal["closed_loop"] = "closed_loop"
    clients: Annotated[Integer, Field(ge=1, le=10**6)]
    """Clients, each with one request under way; all start at time 0."""
    think_s: Time = 0.0
    """Time between an answer's last token and the client's next request."""
