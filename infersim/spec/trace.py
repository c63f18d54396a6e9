"""Recorded requests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from infersim.errors import nearest
from infersim.spec.base import Count, Number, Seconds, Spec, SpecError

Column = Annotated[str, Field(min_length=1, max_length=200)]


class Columns(Spec):
    """Names of a file's own columns for what infersim reads; those left out have the names of the format."""

    arrival_s: Column | None = None
    """Seconds, epoch numbers (s, ms, us or ns, by their size) or ISO timestamps."""
    prompt_tokens: Column | None = None
    output_tokens: Column | None = None


class Trace(Spec):
    """Recorded requests: arrivals and lengths from a file. Options apply in the order of their lines here."""

    path: Annotated[str, Field(min_length=1)]
    """File, plain, .gz or .zst; relative to the file that names it."""
    format: Literal["auto", "plain", "sessions", "azure", "mooncake", "burstgpt", "vllm", "sglang", "genai_perf"] = (
        "auto"
    )
    """`auto` goes by the columns, of all but `sessions`; a stated format is checked."""
    columns: Columns | None = None
    """What the columns are called, where that is not as the format says."""
    time_zone: Annotated[str, Field(min_length=1, max_length=100)] = "UTC"
    """Of timestamps that state no offset, e.g. Europe/Berlin; matters where clocks are set forward or back."""
    start_s: Annotated[Seconds, Field(ge=0, le=1e9)] = 0.0
    """Of the trace's own time; what comes before is left out, and time counts from here."""
    duration_s: Annotated[Seconds, Field(gt=0, le=1e9)] | None = None
    """Of the trace's own time, from start_s on."""
    limit: Count | None = None
    """Most requests of the trace, before they are repeated."""
    repeat: Annotated[Count, Field(le=10**6)] = 1
    """How often the selection is played, end to end."""
    speed: Annotated[Number, Field(gt=0, le=1e6)] = 1.0
    """2 plays the trace twice as fast."""
    rate_per_s: Annotated[Number, Field(gt=0, le=1e9)] | None = None
    """Mean rate to send at: requests are left out, or copies laid over them, at random; time is not stretched."""
    max_in_flight: Count | None = None
    """The client's own limit of requests under way."""

    @model_validator(mode="after")
    def _plays_sessions_whole(self):
        parts = ("columns", "time_zone", "start_s", "duration_s", "limit", "repeat", "rate_per_s")
        stray = [name for name in parts if name in self.model_fields_set] if self.format == "sessions" else []
        if stray:
            raise SpecError("is not for traces of sessions", at=stray[0], hint="they are played whole: leave it out")
        return self

    @field_validator("time_zone")
    @classmethod
    def _known(cls, name: str) -> str:
        from zoneinfo import ZoneInfo, available_timezones

        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            hint = nearest(name, sorted(available_timezones())) or "e.g. UTC, Europe/Berlin, America/New_York"
            raise SpecError(f"no time zone {name!r}", hint=hint) from None
        return name
