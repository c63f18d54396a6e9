"""Arrivals of many senders, each by itself: clients unlike each other, devices that report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from infersim.spec.arrivals.base import Cv, Family, Open, PositiveRate, Share, Span, Time
from infersim.spec.base import Integer, Number, Spec, SpecError


class Client(Spec):
    """One client: independent gaps."""

    rate_per_s: PositiveRate
    """Its mean arrivals a second, or where all are scaled its weight."""
    cv: Cv = 1.0
    """Coefficient of variation of its gaps."""
    family: Family = "gamma"
    """How they are distributed; `exponential` is gamma with cv 1."""

    @model_validator(mode="after")
    def _agreeing(self):
        if self.family == "exponential" and self.cv != 1.0:
            raise SpecError("exponential gaps have cv 1", at="cv", hint="leave cv out, or take family: gamma")
        return self


class Clients(Open):
    """Several clients' requests together, each client stated."""

    kind: Literal["clients"] = "clients"
    clients: Annotated[tuple[Client, ...], Field(min_length=1, max_length=100_000)]
    rate_per_s: PositiveRate | None = None
    """Mean arrivals a second of all together, to which their rates are scaled; without it they are as stated."""


class Population(Open):
    """Many clients' requests together: few clients send most, and each is bursty in its way."""

    kind: Literal["population"] = "population"
    rate_per_s: PositiveRate
    """Mean arrivals a second of all together."""
    clients: Annotated[Integer, Field(ge=1, le=10**5)]
    """How many."""
    skew: Literal["zipf", "lognormal"] = "zipf"
    """How rates differ: `zipf`: the k-th client's as k to the power of -exponent; `lognormal`: drawn."""
    exponent: Annotated[Number, Field(ge=0, le=10)] = 1.0
    """Of `zipf`; at 0 all clients are alike."""
    rate_cv: Annotated[Number, Field(ge=0, le=100)] = 1.0
    """Of `lognormal`: coefficient of variation of the clients' rates."""
    cv: Cv = 1.0
    """Coefficient of variation of a client's gaps: the clients' median."""
    cv_spread: Annotated[Number, Field(ge=0, le=3)] = 0.0
    """Standard deviation of its logarithm between clients; at 0 all have the same."""
    family: Literal["gamma", "weibull"] = "gamma"
    """How gaps are distributed."""


class Sensors(Open):
    """Devices that report at a fixed period, more or less."""

    kind: Literal["sensors"] = "sensors"
    devices: Annotated[Integer, Field(ge=1, le=10**6)] = 1
    period_s: Span
    """Time between two reports of a device."""
    phase: Literal["random", "together"] = "random"
    """Where in the period a device reports: at random, or all at the same time, from 0 on."""
    jitter_s: Time = 0.0
    """How far a report is off its time, earlier or later: the most, or `normal`'s standard deviation."""
    jitter: Literal["uniform", "normal"] = "uniform"
    """How that is distributed; normal deviations end at 6 standard deviations."""
    loss: Share = 0.0
    """Probability that a report is not sent."""
    outage_every_s: Span | None = None
    """Mean time that a device works between outages, exponentially distributed; without it there are none."""
    outage_s: Span | None = None
    """Mean length of an outage, exponentially distributed; nothing is sent in one."""

    @model_validator(mode="after")
    def _agreeing(self):
        if (self.outage_every_s is None) != (self.outage_s is None):
            missing = "outage_s" if self.outage_s is None else "outage_every_s"
            raise SpecError("is needed for outages", at=missing, hint="give outage_every_s and outage_s, or neither")
        if self.jitter_s > 10 * self.period_s:
            raise SpecError(f"is more than ten periods of {self.period_s:g} s", at="jitter_s")
        return self
