"""Workload models: profiles that stand for recorded traffic, so that nobody needs to carry the trace along."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from infersim.spec.base import Count, Integer, Number, Spec, SpecError
from infersim.spec.client_model import ClientModel
from infersim.spec.hardware import IsoDate, NonNegative, Positive, Text
from infersim.spec.lengths import Tokens

Share = Annotated[Number, Field(ge=0, le=1)]
MOST_INSTANTS = 10**7
"""Most instants of one period: it is drawn as a whole."""


class Quantiles(Spec):
    """A distribution by its quantiles, straight between them."""

    at: Annotated[tuple[Share, ...], Field(min_length=2)]
    """Shares of the values, ascending from 0 to 1; two alike where nothing lies between their values."""
    values: Annotated[tuple[NonNegative, ...], Field(min_length=2)]
    """The value below which that share lies."""

    @model_validator(mode="after")
    def _ordered(self):
        if len(self.values) != len(self.at):
            raise SpecError(f"{len(self.values)} values for {len(self.at)} shares", at="values")
        if self.at[0] != 0 or self.at[-1] != 1 or any(a > b for a, b in zip(self.at, self.at[1:], strict=False)):
            raise SpecError("must ascend from 0 to 1", at="at")
        if any(a > b for a, b in zip(self.values, self.values[1:], strict=False)):
            raise SpecError("must ascend", at="values")
        return self


class Sizes(Spec):
    """How many requests come at one instant: whole numbers and how often each is seen."""

    values: Annotated[tuple[Count, ...], Field(min_length=1)]
    """Ascending."""
    counts: Annotated[tuple[Count, ...], Field(min_length=1)]
    """Instants with so many requests, one number a value."""

    @model_validator(mode="after")
    def _matched(self):
        if len(self.values) != len(self.counts):
            raise SpecError(f"{len(self.counts)} counts for {len(self.values)} values", at="counts")
        if any(a >= b for a, b in zip(self.values, self.values[1:], strict=False)):
            raise SpecError("must ascend", at="values")
        return self


class Memory(Spec):
    """How far the latent Gaussian process behind the gaps remembers: a sum of first-order autoregressive ones."""

    instants: Annotated[tuple[NonNegative, ...], Field(min_length=1)]
    """Instants after which a component's correlation has fallen to 1/e; 0 for none at all."""
    weights: Annotated[tuple[Share, ...], Field(min_length=1)]
    """Each component's share of the variance; they sum to 1."""

    @model_validator(mode="after")
    def _matched(self):
        if len(self.instants) != len(self.weights):
            raise SpecError(f"{len(self.weights)} weights for {len(self.instants)} components", at="weights")
        if not math.isclose(sum(self.weights), 1.0, abs_tol=1e-3):
            raise SpecError(f"sum to {sum(self.weights):.4g}, not to 1", at="weights")
        return self


class Dispersion(Spec):
    """Index of dispersion of the trace: variance over mean of the arrivals in windows of one length."""

    window_s: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """Lengths of the windows [s]."""
    index: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """The trace's, one a window length; 1 for Poisson arrivals."""

    @model_validator(mode="after")
    def _matched(self):
        if len(self.window_s) != len(self.index):
            raise SpecError(f"{len(self.index)} indices for {len(self.window_s)} windows", at="index")
        return self


class FittedArrivals(Spec):
    """Arrivals in periods as long as the trace, each another one of the same burstiness."""

    instants: Annotated[Integer, Field(ge=2, le=MOST_INSTANTS)]
    """Instants of a period at which requests come."""
    gaps_s: Quantiles
    """Between one instant and the next [s]."""
    sizes: Sizes | None = None
    """Requests at one instant; one where absent."""
    memory: Memory
    dispersion: Dispersion
    """What each period is held to, within 15% where such a period is found in 24 draws."""

    @model_validator(mode="after")
    def _passes(self):
        at, values = self.gaps_s.at, self.gaps_s.values
        if not any(a < b and value > 0 for a, b, value in zip(at, at[1:], values[1:], strict=False)):
            raise SpecError("all gaps are zero: time would stand still", at="gaps_s.values")
        return self


class FittedLengths(Spec):
    """Lengths of prompts and outputs with their dependence, from request to request independent."""

    prompt_tokens: Quantiles
    """Rounded as they are drawn [tokens]."""
    output_tokens: Quantiles
    """Rounded as they are drawn [tokens]."""
    joint: Annotated[tuple[tuple[NonNegative, ...], ...], Field(min_length=1)]
    """Copula in cells: row by row of the prompts' ranks, how many requests have an output of which rank."""

    @model_validator(mode="after")
    def _square(self):
        if any(len(row) != len(self.joint) for row in self.joint):
            raise SpecError("as many columns as rows are needed", at="joint")
        if any(not sum(row) > 0 for row in self.joint):
            raise SpecError("a row sums to zero", at="joint")
        for name in ("prompt_tokens", "output_tokens"):
            values = getattr(self, name).values
            if values[0] < 0.5 or values[-1] > 10**8:
                raise SpecError("must be from 0.5 (which is rounded to 1) to 1e8 tokens", at=f"{name}.values")
        return self


class Distances(Spec):
    """Kolmogorov-Smirnov distances between requests of the model and recorded ones: the largest of the seeds."""

    prompt_tokens: Share
    output_tokens: Share
    gaps_s: Share


class Conditioning(Spec):
    """What drawing periods again does: periods as they are first drawn, against the index of dispersion held."""

    periods: Count
    """So many were drawn."""
    accepted: Share
    """Of them, are within what each period is held to, at all windows."""
    median: dict[str, Number]
    """Relative error of the index of dispersion that half of them stay below, by window."""
    p95: dict[str, Number]
    """The same of 95% of them."""


class FitErrors(Spec):
    """How far off the model is."""

    on: Text
    """What it was held against."""
    seeds: Annotated[Integer, Field(ge=0)]
    """Draws of the model, each as long as what it was held against; 0 where recorded requests take its place."""
    ks: Distances
    dispersion: dict[str, Number]
    """Largest relative error of the index of dispersion over the seeds, by window."""
    rate: Number
    """Largest relative error of the mean rate over the seeds."""
    conditioning: Conditioning | None = None
    """Where periods are drawn again until `dispersion` is near: how near they are without."""


class PrefixSharing(Spec):
    """What the trace's prompts share, which the model does not reproduce."""

    block_tokens: Tokens
    seen_before: Share
    """Share of the prompts' blocks that an earlier request had, too."""


class FittedModel(Spec):
    """A model fitted to one trace."""

    model_config = ConfigDict(serialize_by_alias=True)
    schema_: Literal["infersim/workload/1"] = Field(default="infersim/workload/1", alias="schema")
    kind: Literal["fitted"] = "fitted"
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
    source: Text
    """Where the trace comes from."""
    licence: Text | None = None
    """Of the trace."""
    date: IsoDate
    """Of the fit."""
    command: Text
    """What makes this file again."""
    requests: Count
    """Requests of the trace."""
    span_s: Positive
    """From its first request to its last [s]."""
    rate_per_s: Positive
    """Requests a second, of the trace and of the model."""
    arrivals: FittedArrivals
    lengths: FittedLengths
    in_sample: FitErrors
    """Against the trace that it was fitted to."""
    held_out: FitErrors
    """A fit to the first half of the trace, against the second half."""
    halves: FitErrors
    """The first half itself, against the second: as near as held_out can come."""
    prefix_sharing: PrefixSharing | None = None
    not_reproduced: tuple[Text, ...] = ()
    """What the trace has and the model has not."""


AnyWorkload = ClientModel | FittedModel
KINDS: dict[str, type[Spec]] = {"clients": ClientModel, "fitted": FittedModel}
"""Workload models by their `kind`."""
