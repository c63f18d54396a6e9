"""Arrivals whose rate is a known function of time."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from infersim.spec.arrivals.base import Cv, Open, PositiveRate, Rate, Span, Time
from infersim.spec.base import Number, Seconds, SpecError


class Varying(Open):
    """Independent arrivals at a rate that changes with time."""

    cv: Cv = 1.0
    """Coefficient of variation of the gaps, measured in expected arrivals: 1 is Poisson, more is bursty (gamma)."""


class Piecewise(Varying):
    """Constant rates, one after another."""

    kind: Literal["piecewise"] = "piecewise"
    times_s: Annotated[tuple[Time, ...], Field(min_length=1, max_length=100_000)]
    """When each rate begins; the first at 0, ascending."""
    rates_per_s: Annotated[tuple[Rate, ...], Field(min_length=1, max_length=100_000)]
    """One rate a time."""
    repeat_s: Span | None = None
    """Begin anew after so long; without it the last rate stays."""

    @model_validator(mode="after")
    def _ordered(self):
        if len(self.rates_per_s) != len(self.times_s):
            raise SpecError(f"{len(self.rates_per_s)} rates for {len(self.times_s)} times", at="rates_per_s")
        if self.times_s[0] != 0:
            raise SpecError("must begin at 0", at="times_s", hint="the first rate holds from the start")
        if any(later <= earlier for earlier, later in zip(self.times_s, self.times_s[1:], strict=False)):
            raise SpecError("must ascend", at="times_s")
        if self.repeat_s is not None and self.repeat_s <= self.times_s[-1]:
            raise SpecError(f"is not after the last of times_s, {self.times_s[-1]:g} s", at="repeat_s")
        if not any(rate > 0 for rate in self.rates_per_s):
            raise SpecError("no rate is above 0", at="rates_per_s")
        return self


class Sinusoidal(Varying):
    """A rate that swings, by day as it comes, with fewer or more requests at weekends."""

    kind: Literal["sinusoidal"] = "sinusoidal"
    rate_per_s: PositiveRate
    """Mean arrivals a second, of whole periods outside weekends."""
    amplitude: Annotated[Number, Field(ge=0, le=1)]
    """Greatest deviation from the mean, as a share of it: at 1 the rate falls to 0."""
    period_s: Span = 86400.0
    """Length of a swing."""
    phase_s: Annotated[Seconds, Field(ge=-1e9, le=1e9)] = 0.0
    """When the rate rises through its mean; it peaks a quarter of a period later."""
    weekend_factor: Annotated[Number, Field(ge=0, le=1000)] = 1.0
    """Saturdays' and Sundays' rate, as a multiple."""
    first_day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    """The day that begins at time 0."""


class Step(Varying):
    """One rate, and from a time on another."""

    kind: Literal["step"] = "step"
    rate_per_s: Rate
    """Mean arrivals a second before the step."""
    after_rate_per_s: Rate
    """Mean arrivals a second from the step on."""
    at_s: Span
    """When the step comes."""

    @model_validator(mode="after")
    def _sends(self):
        if self.rate_per_s == self.after_rate_per_s == 0:
            raise SpecError("no rate is above 0", at="after_rate_per_s")
        return self


class Spike(Varying):
    """A rate that is exceeded, or fallen short of, for a while."""

    kind: Literal["spike"] = "spike"
    rate_per_s: Rate
    """Mean arrivals a second outside the spike."""
    peak_rate_per_s: Rate
    """Mean arrivals a second at its peak."""
    start_s: Time
    """When it begins."""
    duration_s: Span
    """How long it lasts."""
    shape: Literal["flat", "triangle"] = "flat"
    """`flat`: the peak throughout; `triangle`: up to the peak in the middle and down again."""

    @model_validator(mode="after")
    def _sends(self):
        if self.rate_per_s == self.peak_rate_per_s == 0:
            raise SpecError("no rate is above 0", at="peak_rate_per_s")
        return self
