"""A recording of vLLM's scheduler: one JSON object a line, one scenario an object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from infersim.errors import InputError
from infersim.load.text import read_data_text

MICROSECONDS = 1_000_000
Time = Annotated[float, Field(ge=0, le=1e9)]  # far below what a float holds in whole microseconds
Number = Annotated[int, Field(ge=0, le=10**9)]
Positive = Annotated[int, Field(ge=1, le=10**9)]


class Part(BaseModel):
    """A part of a recording: frozen, numbers finite; fields that are not read may stand in it."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Config(Part):
    """The scheduler's configuration, under vLLM's own names; an option that is not known refuses the scenario."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="allow")
    block_size: int = Field(ge=1, le=4096)
    num_gpu_blocks: int = Field(ge=2, le=10**9)
    max_num_seqs: Positive
    max_num_batched_tokens: Positive
    max_model_len: Positive
    long_prefill_token_threshold: int = 0
    enable_chunked_prefill: bool = True
    enable_prefix_caching: bool = False
    policy: str = "fcfs"
    async_scheduling: bool = False
    watermark: float = Field(0.0, ge=0, lt=1)
    scheduler_reserve_full_isl: bool = True


class Request(Part):
    """One recorded request."""

    id: str
    arrival_s: Time
    prompt_tokens: Positive
    output_tokens: Positive


class Step(Part):
    """One recorded call of the scheduler."""

    start_s: Time
    end_s: Time
    scheduled: dict[str, int]
    admitted: dict[str, int] = {}
    preempted: list[str] = []
    finished: list[str] = []
    running: Number
    waiting: Number
    free_after_schedule: Number
    free_after_step: Number


class Outcome(Part):
    """What became of one request; times are null where it did not come to that."""

    id: str
    first_token_s: Time | None
    finish_s: Time | None
    output_tokens: Number
    preemptions: Number


class Summary(Part):
    """A scenario as a whole."""

    num_steps: Number
    steps_recorded: Number | None = None
    preemptions: Number
    peak_used_blocks: Number
    end: str
    makespan_s: Time


class Recording(Part):
    """One scenario: what was set, what came, what the scheduler did."""

    id: str
    stratum: str
    config: Config
    requests: tuple[Request, ...] = Field(min_length=1)
    steps: tuple[Step, ...]
    results: tuple[Outcome, ...]
    summary: Summary

    @field_validator("requests")
    @classmethod
    def _told_apart(cls, requests: tuple[Request, ...]) -> tuple[Request, ...]:
        if len({request.id for request in requests}) < len(requests):
            raise ValueError("two requests have one id")
        return requests

    @field_validator("results")
    @classmethod
    def _one_for_each_request(cls, results: tuple[Outcome, ...], info: ValidationInfo) -> tuple[Outcome, ...]:
        asked = [request.id for request in info.data.get("requests", ())]
        if asked and [result.id for result in results] != asked:
            raise ValueError("one result for each request is needed, in the order of the requests")
        return results

    def refusal(self) -> str:
        """Why this scenario cannot be replayed, or an empty string."""
        config = self.config
        if config.model_extra:
            return f"option {next(iter(config.model_extra))!r} of the scheduler is not modelled"
        if config.enable_prefix_caching:
            return "prefix caching (enable_prefix_caching: true) is not modelled yet"
        if config.policy != "fcfs":
            return f"scheduling policy {config.policy!r} is not modelled yet, only 'fcfs'"
        if config.async_scheduling:
            return "asynchronous scheduling (async_scheduling: true) is not modelled yet"
        if not config.enable_chunked_prefill:
            return "enable_chunked_prefill: false is not modelled"
        if config.long_prefill_token_threshold:
            return "long_prefill_token_threshold is not modelled yet"
        if config.max_num_batched_tokens < config.max_num_seqs:
            return "max_num_batched_tokens below max_num_seqs: vLLM refuses this"
        for request in self.requests:
            if request.prompt_tokens >= config.max_model_len:
                return f"request {request.id!r}: its prompt does not leave room for a token in max_model_len"
        return ""


def read(path: Path) -> list[Recording]:
    """All scenarios of a file.

    Raises:
        InputError: the file cannot be read, or a line is no scenario; names the line and the field.
    """
    return [_parse(path, number, line) for number, line in enumerate(_lines(path), 1) if line.strip()]


def to_microseconds(seconds: float) -> float:
    """Whole microseconds, as a float that holds them exactly."""
    return float(round(seconds * MICROSECONDS))


def _lines(path: Path) -> list[str]:
    lines = read_data_text(path).splitlines()
    if not any(line.strip() for line in lines):
        raise InputError("holds no scenario", file=str(path))
    return lines


def _parse(path: Path, number: int, line: str) -> Recording:
    try:
        return Recording.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error.msg}", file=str(path), line=number, column=error.colno) from None
    except RecursionError:
        raise InputError("is not JSON of a recording: nested too deeply", file=str(path), line=number) from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"not a recorded scenario: {first['msg']}",
            "a line is one scenario with id, stratum, config, requests, steps, results, summary",
            field,
            file=str(path),
            line=number,
        ) from None
    except ValueError as error:  # a number of thousands of digits
        raise InputError(f"is not JSON of a recording: {error}", file=str(path), line=number) from None
