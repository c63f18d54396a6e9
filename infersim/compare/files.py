"""What comparisons write beside their JSON: tables, and what is needed to make them again."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infersim import provenance
from infersim.compare.contenders import Answer


def write_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table as CSV: nothing where there is no value, verdicts as in JSON."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(value) for value in row] for row in rows)


def write_origin(path: Path, names: Sequence[str], runs: Sequence[Answer], seed: int) -> None:
    """What is needed to make a comparison again."""
    inputs = {f"{name}/{of}": sha for name, run in zip(names, runs, strict=True) for of, sha in run.inputs.items()}
    path.write_text(json.dumps(provenance.collect(inputs, seed), indent=2) + "\n", encoding="utf-8")


def _cell(value: Any) -> Any:
    return "" if value is None else json.dumps(value) if isinstance(value, (bool, float)) else value
