"""A recording of vLLM's scheduler: one JSON object a line, one scenario an object."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infersim.errors import InputError

MICROSECONDS = 1_000_000


class Config(BaseModel):
    """The scheduler's configuration, under vLLM's own names."""

    model_config = ConfigDict(frozen=True)
    block_size: int = Field(ge=1)
    num_gpu_blocks: int = Field(ge=2)
    max_num_seqs: int = Field(ge=1)
    max_num_batched_tokens: int = Field(ge=1)
    max_model_len: int = Field(ge=1)
    long_prefill_token_threshold: int = 0
    enable_chunked_prefill: bool = True
    enable_prefix_caching: bool = False
    policy: str = "fcfs"
    async_scheduling: bool = False
    watermark: float = 0.0
    scheduler_reserve_full_isl: bool = True


class Request(BaseModel):
    """One recorded request."""

    model_config = ConfigDict(frozen=True)
    id: str
    arrival_s: float = Field(ge=0)
    prompt_tokens: int = Field(ge=1)
    output_tokens: int = Field(ge=1)


class Recording(BaseModel):
    """One scenario: what was set, what came, what the scheduler did."""

    model_config = ConfigDict(frozen=True)
    id: str
    stratum: str
    config: Config
    requests: tuple[Request, ...] = Field(min_length=1)
    steps: list[dict[str, Any]]
    results: list[dict[str, Any]]
    summary: dict[str, Any]

    def refusal(self) -> str:
        """Why this scenario cannot be replayed, or an empty string."""
        config = self.config
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
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot be read: {error}", file=str(path)) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text: {error.reason} at byte {error.start}", file=str(path)) from None
    lines = text.splitlines()
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
