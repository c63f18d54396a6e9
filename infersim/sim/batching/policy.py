"""What a batching policy is asked, and when: at decision points, never per token."""

from __future__ import annotations

from math import inf
from typing import Protocol

from infersim.sim.batch import Batch
from infersim.sim.sequence import Sequence

UNBOUNDED = 1 << 60


class Policy(Protocol):
    """Decides about a batch through its verbs; keeps no clock and no per-request state."""

    promises: bool = False
    """Whether it asks for `batch.promised_blocks`."""

    def plan(self, batch: Batch) -> None:
        """Fill the next step: `run_decodes`, `prefill`, `admit`, `evict_newest`."""

    def stretch_bound(self, batch: Batch) -> int:
        """Decode steps for which the plan just made would be made again if nothing joined or left."""

    def wake_s(self, batch: Batch) -> float:
        """When to plan again though nobody arrives, asked where the plan was to run nothing [s]; never, if infinite."""
        return inf

    def would_admit(self, batch: Batch, sequence: Sequence, steps: int) -> bool:
        """Would a request that joined the queue now be admitted after `steps` further decode steps?

        A wrong yes costs time only; a wrong no makes the request wait.
        """
