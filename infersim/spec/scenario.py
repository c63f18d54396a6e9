"""The scenario: the whole question as plain data (`infersim/scenario/1`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from infersim.spec.arrivals import AllAtOnce
from infersim.spec.base import Integer, Seconds, Spec, SpecError
from infersim.spec.fleet import Pool, Router
from infersim.spec.workload import TrafficClass

MOST_REQUESTS = 10**8
"""Most requests that one class may ask for; more do not fit into a machine's memory."""
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Run(Spec):
    """How long, from which seed, and in what detail the simulation runs."""

    requests: Annotated[Integer, Field(ge=1, le=MOST_REQUESTS)] | None = None
    """Requests of all classes together; without it a trace runs to its end."""
    duration_s: Annotated[Seconds, Field(gt=0, le=1e9)] | None = None
    """Arrivals stop here; what a client's max_in_flight still holds back is sent later."""
    warmup: Literal["none", "auto"] | Annotated[Seconds, Field(ge=0)] = "none"
    """Time at the start to leave out of latencies, rates and time averages; counts are of the whole run. `auto` finds
    where the start is over (MSER-5)."""
    until: Literal["drained", "horizon"] = "drained"
    """`drained`: the run goes on until every request is answered; `horizon`: it stops at duration_s, or without one as
    the last request is sent."""
    seed: Annotated[Integer, Field(ge=0, lt=2**63)] = 0
    stepping: Literal["stretches", "single"] = "stretches"
    """`single` simulates every step by itself: slow, the reference that tests compare with."""

    @model_validator(mode="after")
    def _leaves_something(self):
        if not isinstance(self.warmup, str) and self.duration_s is not None and self.warmup >= self.duration_s:
            raise SpecError(f"leaves nothing of duration_s = {self.duration_s:g} s", at="warmup", hint="make it shorter")
        return self


class Scenario(Spec):
    """One question: traffic, fleet, router, run."""

    model_config = ConfigDict(serialize_by_alias=True)
    schema_: Literal["infersim/scenario/1"] = Field(default="infersim/scenario/1", alias="schema")
    name: Annotated[str, Field(max_length=200)] = ""
    workload: Annotated[dict[Name, TrafficClass], Field(min_length=1)]
    fleet: Annotated[dict[Name, Pool], Field(min_length=1)]
    router: Router = Router()
    run: Run = Run()

    @model_validator(mode="after")
    def _ends(self):
        synthetic = [name for name, traffic in self.workload.items() if traffic.trace is None]
        if synthetic and self.run.requests is None and self.run.duration_s is None:
            raise SpecError("never ends", at=f"workload.{synthetic[0]}", hint="set run.requests or run.duration_s")
        for name in synthetic:
            rate = getattr(self.workload[name].arrivals, "rate_per_s", 0.0)
            if self.run.requests is None and rate * (self.run.duration_s or 0.0) > MOST_REQUESTS:
                raise SpecError(
                    f"{rate * (self.run.duration_s or 0.0):.3g} requests are more than {MOST_REQUESTS:,}",
                    at=f"workload.{name}.arrivals.rate_per_s",
                    hint="lower the rate or run.duration_s, or set run.requests",
                )
        at_once = [name for name in synthetic if isinstance(self.workload[name].arrivals, AllAtOnce)]
        if at_once and self.run.requests is None:
            raise SpecError("how many at once?", at=f"workload.{at_once[0]}.arrivals", hint="set run.requests")
        return self
