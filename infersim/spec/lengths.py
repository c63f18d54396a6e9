"""How long prompts and outputs are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from infersim.spec.base import Integer, Number, Spec, SpecError

Tokens = Annotated[Integer, Field(ge=1, le=10**8)]


class Bounds(Spec):
    """Rounding and clipping of a length; mean and cv are those before it."""

    min: Tokens = 1
    max: Tokens | None = None

    @model_validator(mode="after")
    def _ordered(self):
        if self.max is not None and self.max < self.min:
            raise SpecError(f"is below min {self.min}", at="max")
        return self


class Fixed(Spec):
    """Always the same length."""

    kind: Literal["fixed"] = "fixed"
    value: Tokens


class Uniform(Spec):
    """Every whole number from low to high alike."""

    kind: Literal["uniform"] = "uniform"
    low: Tokens
    high: Tokens

    @model_validator(mode="after")
    def _ordered(self):
        if self.high < self.low:
            raise SpecError(f"is below low {self.low}", at="high")
        return self


class Lognormal(Bounds):
    """Lognormal, by its mean and coefficient of variation."""

    kind: Literal["lognormal"] = "lognormal"
    mean: Annotated[Number, Field(gt=0, le=1e8)]
    cv: Annotated[Number, Field(ge=0, le=100)]


class Geometric(Bounds):
    """Geometric from 1 on, by its mean: the memoryless length."""

    kind: Literal["geometric"] = "geometric"
    mean: Annotated[Number, Field(ge=1, le=1e8)]


class Empirical(Spec):
    """Values with weights, as counted somewhere."""

    kind: Literal["empirical"] = "empirical"
    values: Annotated[tuple[Tokens, ...], Field(min_length=1)]
    weights: tuple[Annotated[Number, Field(ge=0)], ...] | None = None
    """One weight a value; equal where absent."""

    @model_validator(mode="after")
    def _matched(self):
        if self.weights is not None and len(self.weights) != len(self.values):
            raise SpecError(f"{len(self.weights)} weights for {len(self.values)} values", at="weights")
        if self.weights is not None and not sum(self.weights) > 0:
            raise SpecError("sum to zero", at="weights")
        return self


Length = Annotated[Fixed | Uniform | Lognormal | Geometric | Empirical, Field(discriminator="kind")]
