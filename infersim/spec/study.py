"""A study: one scenario, and what is varied over it, as plain data (`infersim/study/1`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from infersim.spec.base import Flag, Integer, Number, Percent, Seconds, Spec, SpecError
from infersim.spec.scenario import MOST_REPLICATIONS

MOST_POINTS = 10**7
"""Most points of a study; an axis of so many values takes a gigabyte or two."""
Path = Annotated[str, Field(min_length=1)]
Values = Annotated[list[Any], Field(min_length=1)]


def _shape(value: Any) -> str:
    return "range" if isinstance(value, (Mapping, Spec)) else "other"


class Bounds(Spec):
    """Numbers between two."""

    model_config = ConfigDict(populate_by_name=True)
    from_: Annotated[Number, Field(alias="from")]
    to: Number
    scale: Literal["linear", "log"] = "linear"
    whole: Flag = False
    """Whether values are rounded to whole numbers."""

    @model_validator(mode="after")
    def _ascend(self):
        if self.from_ >= self.to:
            raise SpecError("from must be less than to", at="from", hint="write the smaller number first")
        if self.scale == "log" and self.from_ <= 0:
            raise SpecError("a log scale begins above 0", at="from", hint="give a number above 0, or scale: linear")
        return self


class Range(Bounds):
    """An axis by its ends: so many values from the one to the other, both included."""

    points: Annotated[Integer, Field(ge=2, le=MOST_POINTS)]


class Case(Spec):
    """Settings under one name."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    set: Annotated[dict[Path, Any], Field(min_length=1)]


class Sample(Spec):
    """Points drawn between bounds."""

    kind: Literal["random", "latin_hypercube", "sobol"]
    points: Annotated[Integer, Field(ge=1, le=MOST_POINTS)]
    seed: Annotated[Integer, Field(ge=0, lt=2**63)] = 0
    axes: Annotated[dict[Path, Bounds], Field(min_length=1)]


class Sequential(Spec):
    """Replications until a figure's interval is narrow enough."""

    figure: Annotated[str, Field(min_length=1)]
    """A field of `infersim run --json`, e.g. `ttft_s.p99`."""
    relative_half_width: Annotated[Percent, Field(gt=0, lt=1)]
    """Half of the 95% interval over the mean."""
    least: Annotated[Integer, Field(ge=2, le=MOST_REPLICATIONS)] = 10
    """Before the interval is looked at: of fewer it is narrow by chance too often, and covers less than it says."""
    most: Annotated[Integer, Field(ge=2, le=MOST_REPLICATIONS)] = 50

    @model_validator(mode="after")
    def _least_first(self):
        if self.least > self.most:
            raise SpecError(f"is less than least = {self.least}", at="most", hint="least ≤ most")
        return self


class Budget(Spec):
    """Where to stop, finished or not."""

    runs: Annotated[Integer, Field(ge=1)] | None = None
    """Runs of the study, those of earlier sweeps among them."""
    wall_s: Annotated[Seconds, Field(gt=0)] | None = None
    """Time of one sweep."""


Axis = Annotated[Annotated[Range, Tag("range")] | Annotated[Values, Tag("other")], Discriminator(_shape)]
Replications = Annotated[
    Annotated[Sequential, Tag("range")]
    | Annotated[Annotated[Integer, Field(ge=1, le=MOST_REPLICATIONS)], Tag("other")],
    Discriminator(_shape),
]
Base = Annotated[
    Annotated[dict[str, Any], Tag("range")] | Annotated[Annotated[str, Field(min_length=1)], Tag("other")],
    Discriminator(_shape),
]


class Study(Spec):
    """A scenario, and axes over it whose product are the points; without any the scenario is the one point."""

    model_config = ConfigDict(serialize_by_alias=True)
    schema_: Literal["infersim/study/1"] = Field(default="infersim/study/1", alias="schema")
    name: Annotated[str, Field(max_length=200)] = ""
    scenario: Base
    """A scenario file, relative to the study's, or a scenario."""
    axes: Annotated[dict[Path, Axis], Field(default_factory=dict)]
    zip: Annotated[dict[Path, Values], Field(default_factory=dict)]
    """Lists of equal length, which move together."""
    cases: Annotated[list[Case], Field(default_factory=list)]
    table: Annotated[str, Field(min_length=1)] | None = None
    """A run table, whose rows are points."""
    sample: Sample | None = None
    replications: Replications | None = None
    """Of each point; without it the scenario's `run.replications`."""
    budget: Budget = Budget()
