"""What comparisons write beside their JSON: tables, and what is needed to make them again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from infersim import provenance
from infersim.compare.contenders import Answer


def write_origin(path: Path, names: Sequence[str], runs: Sequence[Answer], seed: int) -> None:
    """What is needed to make a comparison again."""
    inputs = {f"{name}/{of}": sha for name, run in zip(names, runs, strict=True) for of, sha in run.inputs.items()}
    path.write_text(json.dumps(provenance.collect(inputs, seed), indent=2) + "\n", encoding="utf-8")
