"""Recorded requests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from infersim.spec.base import Count, Number, Spec


class Trace(Spec):
    """Recorded requests: arrivals and lengths from a file."""

    path: Annotated[str, Field(min_length=1)]
    """File, plain or .gz; relative to the file that names it."""
    format: Literal["plain", "azure", "sessions"] = "plain"
    """`plain`: columns arrival_s, prompt_tokens, output_tokens. `azure`: TIMESTAMP, ContextTokens, GeneratedTokens.
    `sessions`: session, turn, arrival_s or gap_s, prompt_tokens, shared_prefix_tokens, output_tokens."""
    speed: Annotated[Number, Field(gt=0, le=1e6)] = 1.0
    """2 plays the trace twice as fast."""
    max_in_flight: Count | None = None
    """The client's own limit of requests under way."""
