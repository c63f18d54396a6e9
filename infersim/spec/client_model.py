"""Workload model of clients: each with its rate and burstiness by time of day, and its own lengths."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from infersim.spec.arrivals.base import Cv, Rate, Share, Span
from infersim.spec.base import Integer, Number, Spec, SpecError

Quantile = Annotated[Number, Field(ge=0, le=1e8)]
Quantiles = Annotated[tuple[Quantile, ...], Field(min_length=2, max_length=1000)]


class ModelClient(Spec):
    """One client. Lists by window have one number a window, quantiles one a level of the model's."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    family: Literal["gamma", "weibull"]
    """How its gaps are distributed."""
    rate_per_s: Annotated[tuple[Rate, ...], Field(min_length=1)]
    """Mean arrivals a second, by window."""
    cv: Annotated[tuple[Cv, ...], Field(min_length=1)]
    """Coefficient of variation of its gaps, by window; without meaning where the rate is 0."""
    prompt_tokens: Quantiles
    output_tokens: Quantiles
    """Reasoning included."""
    reasoning_share: Quantiles | None = None
    """Of the output."""


class ClientFit(Spec):
    """How well the model gives what it was made from."""

    requests: Annotated[Number, Field(gt=0)]
    """Of the source in the model's time."""
    clients: Annotated[Integer, Field(ge=1)]
    """Of the source in the model's time."""
    share_of_requests: Annotated[Number, Field(gt=0, le=1)]
    """That the model's clients sent."""
    share_with_own_lengths: Annotated[Number, Field(ge=0, le=1)]
    """Of the model's requests: from clients whose lengths the source states; others have the mixture of these."""
    rate_error: Annotated[Number, Field(ge=0)]
    """Generated against stated requests, all clients together: mean absolute error by window, over the mean."""
    cv_error: Annotated[Number, Field(ge=0)]
    """Generated against stated cv of a client's gaps in a window of at least 500 requests: median relative error."""
    prompt_mean_error: Annotated[Number, Field(ge=0)]
    """Generated against stated mean of a client's prompts: relative error, weighted by requests."""
    output_mean_error: Annotated[Number, Field(ge=0)]
    """The same of outputs."""


class ClientModel(Spec):
    """A workload profile of kind `clients` (`infersim/workload/1`)."""

    model_config = ConfigDict(serialize_by_alias=True)
    schema_: Literal["infersim/workload/1"] = Field(default="infersim/workload/1", alias="schema")
    kind: Literal["clients"]
    name: str
    description: str
    source: str
    date: str
    """Of the fit."""
    method: str
    confidence: Literal["measured", "derived"]
    not_reproduced: tuple[str, ...] = ()
    """What the source's traffic has and the model's has not."""
    window_s: Span
    """Length of a window; after the last the first comes again."""
    levels: Annotated[tuple[Share, ...], Field(min_length=2)]
    """Levels of the quantiles, ascending."""
    clients: Annotated[tuple[ModelClient, ...], Field(min_length=1)]
    fit: ClientFit

    @model_validator(mode="after")
    def _matched(self):
        if any(later <= earlier for earlier, later in zip(self.levels, self.levels[1:], strict=False)):
            raise SpecError("must ascend", at="levels")
        windows = len(self.clients[0].rate_per_s)
        for number, client in enumerate(self.clients):
            for name, wanted in (
                ("rate_per_s", windows),
                ("cv", windows),
                ("prompt_tokens", len(self.levels)),
                ("output_tokens", len(self.levels)),
                ("reasoning_share", len(self.levels)),
            ):
                held = getattr(client, name)
                if held is not None and len(held) != wanted:
                    raise SpecError(f"{len(held)} numbers where {wanted} are needed", at=f"clients.{number}.{name}")
        if not any(rate > 0 for client in self.clients for rate in client.rate_per_s):
            raise SpecError("no client sends anything", at="clients")
        if len({client.reasoning_share is None for client in self.clients}) > 1:
            raise SpecError("some clients have reasoning_share and others have not", at="clients")
        return self
