"""Traffic classes: when requests arrive, how long they are, what latency they are owed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from infersim.spec.arrivals import Arrivals
from infersim.spec.base import Number, Seconds, Spec, SpecError
from infersim.spec.lengths import Joint, Length
from infersim.spec.trace import Trace


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
    """One class of traffic: either `trace`, or `arrivals` with lengths (`prompt_tokens` and `output_tokens`, or both
    in `lengths`)."""

    arrivals: Arrivals | None = None
    prompt_tokens: Length | None = None
    output_tokens: Length | None = None
    lengths: Joint | None = None
    """Prompt and output drawn together."""
    reasoning_tokens: Length | None = None
    """Thinking ahead of the answer, added to the output."""
    trace: Trace | None = None
    slo: Slo | None = None

    @model_validator(mode="after")
    def _one_source(self):
        keys = ("arrivals", "prompt_tokens", "output_tokens", "lengths", "reasoning_tokens")
        given = [name for name in keys if getattr(self, name) is not None]
        if self.trace is not None and given:
            raise SpecError(
                f"a class with a trace takes no {' and no '.join(given)}", at=given[0], hint="keep one of them"
            )
        return self

    @model_validator(mode="after")
    def _one_pair_of_lengths(self):
        each = ("prompt_tokens", "output_tokens")
        given = [name for name in each if getattr(self, name) is not None]
        if self.lengths is not None and given:
            raise SpecError(f"a class with lengths takes no {' and no '.join(given)}", given[0], "keep one of them")
        needed = ("arrivals",) if self.lengths is not None else ("arrivals", *each)
        missing = [name for name in needed if getattr(self, name) is None]
        if self.trace is None and missing:
            hint = "a class has arrivals, prompt_tokens and output_tokens (or lengths for both), or a trace"
            raise SpecError(f"{' and '.join(missing)} missing", hint=hint)
        return self
