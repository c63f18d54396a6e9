"""The lengths of one traffic class, each from a stream of its own."""

from __future__ import annotations

import numpy as np

from infersim.rng import stream
from infersim.spec.workload import TrafficClass
from infersim.workload.lengths.joint import pairs
from infersim.workload.lengths.repeating import Repeating
from infersim.workload.lengths.sampling import sample


class Drawer:
    """Draws the lengths of a class's requests in their order.

    Args:
        traffic: a class with lengths.
        seed: the run's.
        name: the class's.
    """

    def __init__(self, traffic: TrafficClass, seed: int, name: str):
        self._traffic = traffic
        self._repeating = None if traffic.distinct_prompts is None else Repeating(traffic.distinct_prompts)
        self._rng = {
            what: stream(seed, "workload", name, what)
            for what in ("prompt_tokens", "output_tokens", "lengths", "reasoning_tokens")
        }

    def draw(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """The next prompts, outputs, and what of the outputs is reasoning (None where nothing is), int64 [tokens]."""
        prompt, output = self._pairs(count)
        reasoning = self._traffic.reasoning_tokens
        if reasoning is None:
            return prompt, output, None
        thought = sample(reasoning, self._rng["reasoning_tokens"], count)
        return prompt, output + thought, thought

    def _pairs(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        traffic, rng = self._traffic, self._rng
        if traffic.lengths is not None:
            return pairs(traffic.lengths, rng["lengths"], count)
        assert traffic.prompt_tokens is not None
        assert traffic.output_tokens is not None
        prompt = sample(traffic.prompt_tokens, rng["prompt_tokens"], count)
        if self._repeating is not None:
            prompt = self._repeating.lengths(prompt)
        return prompt, sample(traffic.output_tokens, rng["output_tokens"], count)
