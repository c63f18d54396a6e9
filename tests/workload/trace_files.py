"""Traces as they are written in the wild, small, and a reader of such texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from infersim.spec.trace import Trace
from infersim.workload.requests import Requests
from infersim.workload.traces import read

PLAIN = "arrival_s,prompt_tokens,output_tokens\n"
AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
BURSTGPT = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
OWN = {"arrival_s": "ts", "prompt_tokens": "in", "output_tokens": "out"}

Reader = Callable[..., Requests]


def reader(folder: Path) -> Reader:
    """Writes a file and reads it as a trace; `seed` is that of resampling."""

    def write_and_read(content: str | bytes, name: str = "t.csv", seed: int = 0, **options) -> Requests:
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
        return read(Trace(path=name, **options), folder, np.random.default_rng(seed))

    return write_and_read
