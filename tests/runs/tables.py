"""Small run tables, written by tests."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BASE = """\
schema: infersim/scenario/1
workload:
  load:
    arrivals: {kind: closed_loop, think_s: 0}
    prompt_tokens: {kind: fixed, value: 256}
    output_tokens: {kind: fixed}
fleet:
  main: {model: llama-3.1-8b, device: h100-sxm-80gb}
run: {requests: 8, seed: 1}
"""
CLIENTS = "workload.load.arrivals.clients"
LENGTH = "workload.load.output_tokens.value"
ROWS = ({"id": "a", CLIENTS: 1, LENGTH: 8}, {"id": "b", CLIENTS: 2, LENGTH: 16}, {"id": "c", CLIENTS: 4, LENGTH: 16})
"""Three runs that the base alone does not make: it lacks clients and a length."""


def write(
    folder: Path, rows: Sequence[Mapping[str, Any]] = ROWS, name: str = "mine.csv", base: str | None = BASE
) -> Path:
    """A table of rows, the columns of all of them, and its base scenario beside it."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, *([row.get(column, "") for column in columns] for row in rows)]
    opened = gzip.open if name.endswith(".gz") else open
    with opened(folder / name, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    if base is not None:
        (folder / f"{name.partition('.')[0]}.base.yaml").write_text(base, encoding="utf-8")
    return folder / name


def write_text(folder: Path, text: str | bytes, name: str = "mine.csv") -> Path:
    """A table as it is typed, with the base beside it."""
    path = write(folder, name=name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
