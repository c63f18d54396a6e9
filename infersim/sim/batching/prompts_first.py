"""Prompts first, all of them: llama.cpp's batch program, and MLX with one place.

Waiting prompts that find a place are computed one after another, filling passes; nobody has a token before the last of
them is done. Then all decode together until somebody leaves and another waits.
Source: examples/batched-bench of llama.cpp, build 7941; mlx_lm's generate.
"""

from __future__ import annotations

from infersim.sim.batch import Batch
from infersim.sim.batching.policy import UNBOUNDED, Policy
from infersim.sim.sequence import Sequence


def compute_prompts(batch: Batch, tokens: int, places: int) -> int:
    """Plan one pass of prompts: the one under way, then up to `places` waiting ones.

    Prompts that end are held back until no more is to come; then all give their first tokens.

    Args:
        batch: the batch.
        tokens: most tokens of the pass.
        places: most requests that may still enter.

    Returns:
        How many entered.
    """
    batch.hold()
    left, entered = tokens, 0
    last = batch.prefilling[-1] if batch.prefilling else None
    if last is not None and last.computed < last.target:
        now = min(last.target - last.computed, left)
        batch.prefill(last, now)
        left -= now
    while left and entered < places and batch.waiting:
        last = batch.waiting[0]
        now = min(last.target, left)
        batch.admit(now)
        left -= now
        entered += 1
    if last is not None and last.computed == last.target and (entered == places or not batch.waiting):
        batch.release()
    return entered


class PromptsFirst(Policy):
    """Prompts in passes of at most `n_ubatch` tokens, `n_batch` a call; decodes stand still meanwhile.

    Args:
        places: most running requests.
        n_batch, n_ubatch: most prompt tokens of a call, and of a pass of it.
    """

    def __init__(self, places: int, n_batch: int, n_ubatch: int):
        self._places, self._n_batch, self._n_ubatch = places, n_batch, n_ubatch
        self._in_call = 0

    def plan(self, batch: Batch) -> None:
        places = self._places - batch.running()
        if not batch.prefilling:
            self._in_call = 0
        if not batch.prefilling and not (places and batch.waiting):
            batch.run_decodes()
            return
        width = min(self._n_ubatch, self._n_batch - self._in_call)
        compute_prompts(batch, width, places)
        self._in_call = (self._in_call + width) % self._n_batch

    def stretch_bound(self, batch: Batch) -> int:
        return UNBOUNDED

    def would_admit(self, batch: Batch, sequence: Sequence, steps: int) -> bool:
        return batch.running() < self._places
