"""How long prompts and outputs are."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from infersim.spec.base import Integer, Number, Spec, SpecError

Tokens = Annotated[Integer, Field(ge=1, le=10**8)]
Share = Annotated[Number, Field(ge=0, le=1)]
Correlation = Annotated[Number, Field(ge=-1, le=1)]
Weights = tuple[Annotated[Number, Field(ge=0, le=1e15)], ...]


class Bounds(Spec):
    """Rounding and clipping of a length; mean and cv are those before it."""

    min: Tokens = 1
    max: Tokens | None = None

    @model_validator(mode="after")
    def _ordered(self):
        return _in_order(self)


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


class Zipf(Spec):
    """Every whole number k from min to max with probability proportional to k to the power of -exponent."""

    kind: Literal["zipf"] = "zipf"
    exponent: Annotated[Number, Field(ge=0, le=20)]
    """0 is uniform; the larger, the more lengths are near min."""
    min: Tokens = 1
    max: Annotated[Integer, Field(ge=1, le=2**20)]
    """The longest: without it, mean and variance of small exponents would have no end."""

    @model_validator(mode="after")
    def _ordered(self):
        return _in_order(self)


class Empirical(Spec):
    """Values with weights, as counted somewhere."""

    kind: Literal["empirical"] = "empirical"
    values: Annotated[tuple[Tokens, ...], Field(min_length=1)]
    weights: Weights | None = None
    """One weight a value; equal where absent."""

    @model_validator(mode="after")
    def _matched(self):
        return _one_weight_each(self, self.values, "values")


class Quantiles(Spec):
    """Quantiles as measured somewhere, straight lines between them."""

    kind: Literal["quantiles"] = "quantiles"
    probabilities: Annotated[tuple[Share, ...], Field(min_length=1)]
    """Ascending, 0 to 1. What lies below the first has the first value, what lies above the last one the last."""
    values: Annotated[tuple[Tokens, ...], Field(min_length=1)]
    """One length a probability."""

    @model_validator(mode="after")
    def _matched(self):
        if len(self.values) != len(self.probabilities):
            raise SpecError(f"{len(self.values)} values for {len(self.probabilities)} probabilities", at="values")
        for earlier, later in pairwise(self.probabilities):
            if later <= earlier:
                raise SpecError(f"must ascend, and {later:g} follows {earlier:g}", at="probabilities")
        for earlier, later in pairwise(self.values):
            if later < earlier:
                raise SpecError(f"must not descend, and {later:,} follows {earlier:,}", at="values")
        return self


Simple = Annotated[
    Fixed | Uniform | Lognormal | Geometric | Zipf | Empirical | Quantiles,
    Field(discriminator="kind"),
]


class Mixture(Spec):
    """Each length from one of several distributions, by their weights."""

    kind: Literal["mixture"] = "mixture"
    components: Annotated[tuple[Simple, ...], Field(min_length=1, max_length=100)]
    weights: Weights | None = None
    """One weight a component; equal where absent."""

    @model_validator(mode="after")
    def _matched(self):
        return _one_weight_each(self, self.components, "components")


Length = Annotated[
    Fixed | Uniform | Lognormal | Geometric | Zipf | Empirical | Quantiles | Mixture,
    Field(discriminator="kind"),
]


class Copula(Spec):
    """Two lengths of any kind, tied by a Gaussian copula: each keeps its distribution, their ranks are correlated."""

    kind: Literal["joint"] = "joint"
    form: Literal["copula"] = "copula"
    prompt_tokens: Length
    output_tokens: Length
    spearman: Correlation | None = None
    """Rank correlation of both, that of lengths without ties."""
    rho: Correlation | None = None
    """In place of spearman: the correlation of the normal variates behind them."""

    @model_validator(mode="after")
    def _one_correlation(self):
        if self.spearman is not None and self.rho is not None:
            raise SpecError("spearman and rho say the same thing", at="rho", hint="keep one of them")
        if self.spearman is None and self.rho is None:
            raise SpecError("spearman missing", hint="the rank correlation of prompts and outputs, or rho")
        return self


class Pairs(Spec):
    """Pairs of prompt and output with weights, as counted somewhere."""

    kind: Literal["joint"] = "joint"
    form: Literal["empirical"] = "empirical"
    values: Annotated[tuple[tuple[Tokens, Tokens], ...], Field(min_length=1)]
    """[prompt, output] each."""
    weights: Weights | None = None
    """One weight a pair; equal where absent."""

    @model_validator(mode="after")
    def _matched(self):
        return _one_weight_each(self, self.values, "values")


Joint = Annotated[Copula | Pairs, Field(discriminator="form")]


def _in_order(spec: Any) -> Any:
    if spec.max is not None and spec.max < spec.min:
        raise SpecError(f"is below min {spec.min}", at="max")
    return spec


def _one_weight_each(spec: Any, members: tuple, name: str) -> Any:
    if spec.weights is not None and len(spec.weights) != len(members):
        raise SpecError(f"{len(spec.weights)} weights for {len(members)} {name}", at="weights")
    if spec.weights is not None and not sum(spec.weights) > 0:
        raise SpecError("sum to zero", at="weights")
    return spec
