"""Traffic classes: when requests arrive, how long they are, what latency they are owed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from infersim.spec.arrivals import AllAtOnce, Arrivals, ClosedLoop
from infersim.spec.arrivals.base import PositiveRate
from infersim.spec.base import Count, Number, Seconds, Spec, SpecError
from infersim.spec.lengths import Joint, Length, Tokens
from infersim.spec.sessions import Sessions
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
    """One class of traffic: `trace`, or `model`, or `arrivals` with lengths (`prompt_tokens` and `output_tokens`, or
    both in `lengths`)."""

    arrivals: Arrivals | None = None
    prompt_tokens: Length | None = None
    output_tokens: Length | None = None
    lengths: Joint | None = None
    """Prompt and output drawn together."""
    reasoning_tokens: Length | None = None
    """Thinking ahead of the answer, added to the output."""
    sessions: Sessions | None = None
    """Requests come as turns of sessions; the prompts are then the new tokens of each turn."""
    shared_prefix_tokens: Tokens | None = None
    """So many tokens at the beginning of every prompt are common; they count in its length."""
    shared_prefixes: Count | None = None
    """How many such beginnings there are, used in turn; 1 where absent."""
    distinct_prompts: Count | None = None
    """Whole prompts repeat in turn, so many different ones."""
    trace: Trace | None = None
    model: Annotated[str, Field(min_length=1)] | None = None
    """A workload model: a profile's name, or the path of its YAML file, relative to the file that names it."""
    rate_per_s: PositiveRate | None = None
    """Mean arrivals a second of the model's traffic; by default the model's own. A model fitted to a trace is thinned
    or laid over itself; of a model of clients every client's rate is scaled, and the mean is that of its whole day."""
    start_s: Seconds | None = None
    """With a model of clients, where in its day the run begins [s]; 0 where absent."""
    max_in_flight: Count | None = None
    """With a model, the client's own limit of requests under way."""
    slo: Slo | None = None

    @model_validator(mode="after")
    def _one_source(self):
        drawn = ["arrivals", "prompt_tokens", "output_tokens", "lengths", "reasoning_tokens"]
        drawn += ["sessions", "shared_prefix_tokens", "shared_prefixes", "distinct_prompts"]
        of_model = ("rate_per_s", "start_s", "max_in_flight")
        source = next((name for name in ("trace", "model") if getattr(self, name) is not None), None)
        given = [name for name in (*drawn, "model") if getattr(self, name) is not None and name != source]
        if self.trace is not None and self.trace.format == "sessions" and isinstance(self.arrivals, ClosedLoop):
            given.remove("arrivals")  # its clients take the trace's sessions
        if source and given:
            raise SpecError(
                f"a class with a {source} takes no {' and no '.join(given)}", at=given[0], hint="keep one of them"
            )
        stray = [name for name in of_model if getattr(self, name) is not None]
        if source != "model" and stray:
            elsewhere = stray[0] != "start_s" or source == "trace"
            hint = f"write {source or 'arrivals'}.{stray[0]}" if elsewhere else "leave it out"
            raise SpecError("stands beside a model", at=stray[0], hint=hint)
        return self

    @model_validator(mode="after")
    def _one_pair_of_lengths(self):
        each = ("prompt_tokens", "output_tokens")
        given = [name for name in each if getattr(self, name) is not None]
        if self.lengths is not None and given:
            raise SpecError(f"a class with lengths takes no {' and no '.join(given)}", given[0], "keep one of them")
        needed = ("arrivals",) if self.lengths is not None else ("arrivals", *each)
        missing = [name for name in needed if getattr(self, name) is None]
        if self.trace is None and self.model is None and missing:
            hint = "a class has arrivals, prompt_tokens and output_tokens (or lengths for both), or a trace, or a model"
            raise SpecError(f"{' and '.join(missing)} missing", hint=hint)
        return self

    @model_validator(mode="after")
    def _sessions_go_on_by_themselves(self):
        traced = self.trace is not None and self.trace.format == "sessions"
        if self.sessions is not None and isinstance(self.arrivals, AllAtOnce):
            raise SpecError("sessions need times to start at", "arrivals", "closed_loop: clients that begin at once")
        source, at = (self.trace, "trace") if traced else (self.arrivals, "arrivals")
        if (traced or self.sessions is not None) and getattr(source, "max_in_flight", None) is not None:
            hint = "leave it out, or let clients of a closed_loop take the sessions"
            raise SpecError("is not for sessions: each has one request under way", f"{at}.max_in_flight", hint)
        return self

    @model_validator(mode="after")
    def _shares(self):
        if self.shared_prefixes is not None and self.shared_prefix_tokens is None:
            raise SpecError("needs shared_prefix_tokens", "shared_prefixes", "say how long the common beginnings are")
        if self.distinct_prompts is not None and (self.sessions is not None or self.lengths is not None):
            what = "sessions" if self.sessions is not None else "lengths"
            raise SpecError(f"a class with {what} takes no distinct_prompts", "distinct_prompts", "leave it out")
        return self
