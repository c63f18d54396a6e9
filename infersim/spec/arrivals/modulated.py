"""Arrivals whose rate is random: it jumps between states, or each request calls forth others."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from infersim.spec.arrivals.base import Open, PositiveRate, Rate, Share, Span
from infersim.spec.base import Spec, SpecError

MOST_CHANGES = 100
"""Of state, a request: where they are more, a request sees but the mean rate, and drawing them takes long."""


class State(Spec):
    """A state of a Markov-modulated process."""

    rate_per_s: Rate
    """Mean arrivals a second while it lasts."""
    mean_s: Annotated[Span, Field(ge=1e-3)]
    """How long it lasts on average; exponentially distributed."""


class Mmpp(Open):
    """Markov-modulated Poisson process: calm and busy times take turns at random.

    From each state every other one is equally likely to follow. It begins as if it had run forever.
    """

    kind: Literal["mmpp"] = "mmpp"
    states: Annotated[tuple[State, ...], Field(min_length=2, max_length=1000)]

    @model_validator(mode="after")
    def _sends(self):
        if not any(state.rate_per_s > 0 for state in self.states):
            raise SpecError("no state sends anything", at="states", hint="set a rate_per_s above 0")
        sent = sum(state.rate_per_s * state.mean_s for state in self.states)
        if MOST_CHANGES * sent < len(self.states):
            mean_per_s = sent / sum(state.mean_s for state in self.states)
            hint = f"take kind: poisson with the mean rate_per_s: {mean_per_s:.6g}, or a longer mean_s"
            raise SpecError(f"change more than {MOST_CHANGES:,} times a request", at="states", hint=hint)
        return self


class Hawkes(Open):
    """Self-exciting arrivals: each request brings `branching` others on average, soon after it.

    It begins as if it had run forever.
    """

    kind: Literal["hawkes"] = "hawkes"
    rate_per_s: PositiveRate
    """Mean arrivals a second, those called forth included; what comes by itself is (1 - branching) of it."""
    branching: Annotated[Share, Field(le=0.99)]
    """Mean number of requests that a request calls forth directly."""
    decay_s: Span
    """Mean time until those; exponentially distributed."""
