"""Traffic classes: when requests arrive, how long they are, what latency they are owed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from infersim.spec.base import Count, Integer, Number, Seconds, Spec, SpecError

PositiveRate = Annotated[Number, Field(gt=0, le=1e9)]
Tokens = Annotated[Integer, Field(ge=1, le=10**8)]


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


class Trace(Spec):
    """Recorded requests: arrivals and lengths from a file."""

    path: Annotated[str, Field(min_length=1)]
    """File, plain or .gz; relative to the file that names it."""
    format: Literal["plain", "azure"] = "plain"
    """`plain`: columns arrival_s, prompt_tokens, output_tokens. `azure`: TIMESTAMP, ContextTokens, GeneratedTokens."""
    speed: Annotated[Number, Field(gt=0, le=1e6)] = 1.0
    """2 plays the trace twice as fast."""
    max_in_flight: Count | None = None
    """The client's own limit of requests under way."""


class Slo(Spec):
    """Service-level objective: a request meets it if it keeps every bound given."""

    ttft_s: Annotated[Seconds, Field(gt=0)] | None = None
    tpot_s: Annotated[Seconds, Field(gt=0)] | None = None
    e2e_s: Annotated[Seconds, Field(gt=0)] | None = None
    attainment: Annotated[Number, Field(gt=0, le=1)] = 0.99
    """Share of requests that should meet the bounds."""

    @model_validator(mode="after")
    def _bounded(self):
        if self.ttft_s is None and self.tpot_s is None and self.e2e_s is None:
            raise SpecError("an SLO needs at least one bound", hint="ttft_s, tpot_s or e2e_s")
        return self


class TrafficClass(Spec):
    """One class of traffic: either `trace`, or `arrivals` with `prompt_tokens` and `output_tokens`."""

    arrivals: Arrivals | None = None
    prompt_tokens: Length | None = None
    output_tokens: Length | None = None
    trace: Trace | None = None
    slo: Slo | None = None

    @model_validator(mode="after")
    def _one_source(self):
        synthetic = {k: getattr(self, k) for k in ("arrivals", "prompt_tokens", "output_tokens")}
        given = [name for name, value in synthetic.items() if value is not None]
        if self.trace is not None and given:
            raise SpecError(
                f"a class with a trace takes no {' and no '.join(given)}", at=given[0], hint="keep one of them"
            )
        missing = [name for name, value in synthetic.items() if value is None]
        if self.trace is None and missing:
            hint = "a class has arrivals, prompt_tokens and output_tokens, or a trace"
            raise SpecError(f"{' and '.join(missing)} missing", hint=hint)
        return self
