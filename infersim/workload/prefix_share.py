"""How much of the prompts was sent before: what a prefix cache of endless size could save."""

from __future__ import annotations

import numpy as np

from infersim.workload.requests import Blocks


def seen_before(blocks: Blocks) -> float:
    """Share of the prompts' blocks that an earlier request had, too."""
    return 1.0 - len(np.unique(blocks.ids)) / len(blocks.ids) if len(blocks.ids) else 0.0
