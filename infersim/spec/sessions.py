"""Sessions: conversations of several turns, each turn sent some time after the answer to the one before."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from infersim.spec.base import Flag, Number, Seconds, Spec, SpecError
from infersim.spec.lengths import Length

Pause = Annotated[Seconds, Field(ge=0, le=1e9)]


class FixedTime(Spec):
    """Always the same time."""

    kind: Literal["fixed"] = "fixed"
    value: Pause


class UniformTime(Spec):
    """Every time from low to high alike."""

    kind: Literal["uniform"] = "uniform"
    low: Pause
    high: Pause

    @model_validator(mode="after")
    def _ordered(self):
        if self.high < self.low:
            raise SpecError(f"is below low {self.low:g}", at="high")
        return self


class ExponentialTime(Spec):
    """Exponential, by its mean: the memoryless time."""

    kind: Literal["exponential"] = "exponential"
    mean: Pause


class LognormalTime(Spec):
    """Lognormal, by its mean and coefficient of variation."""

    kind: Literal["lognormal"] = "lognormal"
    mean: Annotated[Seconds, Field(gt=0, le=1e9)]
    cv: Annotated[Number, Field(ge=0, le=100)]


Time = Annotated[FixedTime | UniformTime | ExponentialTime | LognormalTime, Field(discriminator="kind")]


class Sessions(Spec):
    """What a session is made of; `arrivals` beside it say when sessions start."""

    turns: Length
    """Requests of a session, one after another."""
    think_s: Time = FixedTime(value=0.0)
    """From an answer's last token, as the client sees it, to the next turn."""
    keeps_context: Flag = True
    """A turn's prompt is the whole prompt before it, the answer to that without its reasoning, and the new tokens."""
